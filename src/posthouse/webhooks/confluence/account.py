"""The accounts of people and groups: off unless they are asked for. What their events hold is documented nowhere."""

from posthouse import Event, Level, Message
from posthouse.webhooks.confluence.notify import ConfluenceNotifyEventHandler
from posthouse.webhooks.confluence.payload import name

#: What happened, as (Chinese, English), by the event's name.
WORDS = {
    "user_created": ("新建了用户", "A user account was created"),
    "user_deactivated": ("停用了用户", "A user account was deactivated"),
    "user_reactivated": ("重新启用了用户", "A user account was activated again"),
    "user_removed": ("删除了用户", "A user account was deleted"),
    "user_followed": ("有人关注了用户", "Somebody follows a user"),
    "group_created": ("新建了用户组", "A group was created"),
    "group_removed": ("删除了用户组", "A group was deleted"),
}


class ConfluenceAccountNotifyEventHandler(ConfluenceNotifyEventHandler):
    """Tells of accounts and groups that were created, deactivated or deleted, and of who is followed."""

    events = tuple(WORDS)
    on_by_default = False

    def topic(self, event: Event) -> str | None:  # noqa: ARG002 - accounts have no titles
        """Remember nothing."""
        return None

    def message(self, event: Event) -> Message:
        """Show whose account it is, as far as a name is there."""
        zh, en = WORDS.get(event.name, WORDS["user_created"])
        called = name(
            event.reader, "user.full_name", "user.fullName", "user.displayName", "user.username", "group.name"
        )
        return Message(
            title=self.titled(self.say(zh=zh, en=en), called),
            level=Level.WARNING if event.name.endswith("_removed") else Level.INFO,
            facts={"type": event.name.partition("_")[0], "action": event.name.partition("_")[2]},
        )
