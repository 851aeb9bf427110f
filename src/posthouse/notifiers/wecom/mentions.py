"""Whom a WeCom message notifies; ids and numbers are looked at before they go into a payload."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from posthouse import Called
from posthouse.notifiers.markdown import clean

#: How many people one message notifies. WeCom documents no limit; DingTalk's is 50, and more is no call to anybody.
PEOPLE = 50
EVERYBODY = "@all"
#: How much of Markdown's 4,096 bytes may go into notifying people.
TAGS_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Those whom a message mentions: user ids, mobile numbers, and the names of those without either.

    ``more`` of the named have an id or a number, and are beyond what one message notifies.
    """

    ids: tuple[str, ...] = ()
    mobiles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    more: int = 0
    everybody: bool = False

    @property
    def needs_text(self) -> bool:
        """Whether only a text can notify them all: in Markdown, ids alone do, and stand in the content.

        A second message with the numbers would cost one of the 20 a minute, so the message itself becomes a text.
        """
        return self.everybody or bool(self.mobiles) or len(self.tags) > TAGS_BYTES

    @property
    def tags(self) -> str:
        """What notifies those with an id in the content of Markdown; ASCII."""
        return " ".join(f"<@{one}>" for one in self.ids)

    @property
    def lists(self) -> dict[str, list[str]]:
        """What notifies beside the content of a text, which does not name these people itself."""
        ids = [*self.ids, *([EVERYBODY] if self.everybody else [])]
        lists = {"mentioned_list": ids, "mentioned_mobile_list": list(self.mobiles)}
        return {name: people for name, people in lists.items() if people}


def mentioned(called: Iterable[Called], *, everybody: bool) -> Mentioned:
    """Return whom a message mentions, by id where it can be one of WeCom's, else by number, else by name."""
    ids: dict[str, None] = {}
    mobiles: dict[str, None] = {}
    names: dict[str, None] = {}
    more = 0
    for person in called:
        user_id = person.id if _USER_ID.fullmatch(person.id) and person.id.lower() != "all" else ""
        mobile = "" if user_id else _mobile(person.mobile)
        if (user_id or mobile) and len(ids) + len(mobiles) < PEOPLE:
            (ids if user_id else mobiles)[user_id or mobile] = None
            continue
        more += bool(user_id or mobile)
        # Without a leading "@", which belongs to us alone.
        if name := clean(person.name).strip().lstrip("@"):
            names[name] = None
    return Mentioned(tuple(ids), tuple(mobiles), tuple(names), more, everybody)


#: Up to 64 letters, digits and "._-@", of which the first is a letter or a digit. "all" is nobody's: what "<@all>" does
#: in Markdown is not documented.
_USER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


def _mobile(number: str) -> str:
    """Return a mobile number as WeCom knows it: China's by its digits, another country's as it is; or nothing."""
    if not _MOBILE.fullmatch(number):
        return ""
    at_home = number.removeprefix("+86")
    return number if at_home.startswith("+") else at_home.replace("-", "")


_MOBILE = re.compile(r"\+?[0-9][0-9-]{3,24}")
