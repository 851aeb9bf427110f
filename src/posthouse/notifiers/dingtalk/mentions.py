"""Whom a message mentions: only who is in the list beside it and, as "@id", in its text as well."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from posthouse import Called
from posthouse.notifiers.fitting import clip

#: A message mentions at most so many people.
#: Source: "Custom robots send group messages".
PEOPLE = 50
#: How much of the name is shown of somebody whom nobody knows, in characters.
NAME_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class Mentions:
    """Whom a message mentions.

    Each of ``people`` has an ``id`` or a ``mobile`` that DingTalk takes, or neither: nobody knows whom to mention, so
    the name is shown. ``more`` people are beyond what a message can mention. ``everybody`` is the word for the whole
    group, empty unless it is mentioned.
    """

    people: tuple[Called, ...] = ()
    more: int = 0
    everybody: str = ""

    @property
    def at(self) -> dict[str, Any]:
        """The list beside a message; empty where nobody is in it."""
        lists = {
            "atMobiles": list(dict.fromkeys(one.mobile for one in self.people if one.mobile)),
            "atUserIds": list(dict.fromkeys(one.id for one in self.people if one.id)),
            "isAtAll": bool(self.everybody),
        }
        return {name: value for name, value in lists.items() if value}

    @property
    def work_in_cards(self) -> bool:
        """Whether an action card can mention these: of it, only user ids are documented.

        Source: "Robot message types".
        """
        return not self.everybody and not any(one.mobile for one in self.people)

    def line(self, shown: Callable[[str], str], *, label: str) -> str:
        """Return everybody in one line of text; ``shown`` makes the name of somebody unknown harmless.

        ``label`` says why there are names, if one is only a name.
        """
        # A blank ends each: DingTalk takes "@lilei2" for somebody else than lilei.
        words = [f"@{one.id or one.mobile}" if one.id or one.mobile else shown(one.name) for one in self.people]
        ending = [f"… +{self.more}"] if self.more else []
        line = " ".join(word for word in dict.fromkeys([self.everybody, *words, *ending]) if word.strip())
        return line if not line or all(one.id or one.mobile for one in self.people) else f"{label}{line}"


def mentions(called: Sequence[Called], *, everybody: str) -> Mentions:
    """Return the people that are called as a message can mention them; ``everybody`` is empty or the group's word."""
    return Mentions(tuple(map(_reachable, called[:PEOPLE])), len(called[PEOPLE:]), everybody)


def mentioned_whole(called: Iterable[Called]) -> bool:
    """Tell whether a message shows all of the people and their whole names."""
    people = tuple(called)
    return len(people) <= PEOPLE and all(one.id or one.mobile or len(one.name) <= NAME_CHARACTERS for one in people)


def _reachable(one: Called) -> Called:
    """Return a person with the one name to mention them by, the user id before the number, if there is a usable one."""
    user_id = one.id if _USER_ID.fullmatch(one.id) and one.id.casefold() != "all" else ""
    # Without a leading "@", which belongs to us alone.
    name = clip(one.name.lstrip("@"), NAME_CHARACTERS)
    return replace(one, name=name, id=user_id, mobile="" if user_id else _mobile(one.mobile))


#: Underscores between letters and digits only, or Markdown would make slanted letters of a name.
_USER_ID = re.compile(r"(?!@)(?:[A-Za-z0-9.@-]|(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])){1,64}")


def _mobile(number: str) -> str:
    """Return a mobile number as DingTalk knows it: China's by its digits, another country's as it is; or nothing."""
    if not _MOBILE.fullmatch(number):
        return ""
    at_home = number.removeprefix("+86")
    return number if at_home.startswith("+") else at_home.replace("-", "")


_MOBILE = re.compile(r"\+?[0-9][0-9-]{3,24}")
