"""Users of Jira, who come and go."""

from typing import ClassVar

from posthouse import Line, Reader
from posthouse.webhooks.jira.payload import name
from posthouse.webhooks.jira.people import person_name
from posthouse.webhooks.jira.thing import ThingNotifyEventHandler


class UserNotifyEventHandler(ThingNotifyEventHandler):
    """Tells of users who are added, changed or deleted."""

    kind: ClassVar = "user"
    words: ClassVar = {
        "user_created": ("新增了用户", "User created"),
        "user_updated": ("用户信息有更新", "User updated"),
        "user_deleted": ("用户被删除", "User deleted"),
    }
    events = tuple(words)
    on_by_default: ClassVar = False

    def called(self, reader: Reader) -> str:
        """Return the name that the user shows."""
        return person_name(reader.at("user"))

    def identity(self, reader: Reader) -> str:
        """Return the id of the account, or in Data Center the user's key."""
        return name(reader, "user.accountId", "user.key", "user.name")

    def own_facts(self, reader: Reader) -> dict[str, str]:
        """Return who it is about; here ``user`` is not the one who did it."""
        return {"author": "", "user": self.called(reader)}

    def details(self, reader: Reader) -> tuple[tuple[str, Line | str], ...]:
        """Return whether the user can still log in, and nothing else: the rest is nobody's business."""
        inactive = reader.at("user.active").value in (False, "false")
        return ((self.choose(zh="状态", en="Status"), self.choose(zh="已停用", en="inactive") if inactive else ""),)
