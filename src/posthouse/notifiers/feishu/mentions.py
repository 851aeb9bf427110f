"""Whom a message mentions: Feishu's robots know people by open id or user id alone, and cannot look one up."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from posthouse import Called
from posthouse.notifiers.fitting import clip
from posthouse.notifiers.markdown import clean

#: A message mentions at most so many people, so that there is room for something else.
PEOPLE = 50
#: How much of a name is shown, in characters.
NAME_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class Mentions:
    """Whom a message mentions.

    Each of ``people`` has an ``id`` that Feishu could have made, or none: the name is shown. ``more`` people are beyond
    what a message can mention.
    """

    people: tuple[Called, ...] = ()
    more: int = 0
    everybody: bool = False

    @property
    def beyond(self) -> list[str]:
        """What stands behind the people where there are more."""
        return [f"… +{self.more}"] if self.more else []


def mentions(called: Sequence[Called], *, everybody: bool) -> Mentions:
    """Return the people that are called as a message can mention them."""
    people = dict.fromkeys(map(_reachable, called[:PEOPLE]))
    return Mentions(tuple(one for one in people if one.id or one.name), len(called[PEOPLE:]), everybody)


def only_named(mentioned: Mentions) -> Mentions:
    """Return the same people by their names alone: nobody's phone rings."""
    return Mentions(tuple(replace(one, id="") for one in mentioned.people), mentioned.more)


def mentioned_whole(called: Iterable[Called]) -> bool:
    """Tell whether a message shows all of the people and their whole names."""
    people = tuple(called)
    return len(people) <= PEOPLE and all(_reachable(one).id or len(one.name) <= NAME_CHARACTERS for one in people)


def _reachable(one: Called) -> Called:
    """Return a person with an id that can stand in markup, if there is one; Feishu has no use for a number."""
    usable = _ID.fullmatch(one.id) is not None and one.id.casefold() != "all"
    # Without a leading "@", which belongs to us alone.
    return Called(clip(clean(one.name).strip().lstrip("@"), NAME_CHARACTERS), id=one.id if usable else "")


_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
