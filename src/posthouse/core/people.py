"""The people whom messages may mention, by the names that each system has for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from posthouse.core.message import Mention

#: What the names of e-mail addresses and mobile numbers begin with; the others begin with a webhook type's own word.
EMAIL = "email"
MOBILE = "mobile"


@dataclass(frozen=True, slots=True)
class Person:
    """One human: the names that senders have for them, such as "gitlab:lilei", and their id for each kind of robot."""

    name: str
    names: frozenset[str] = frozenset()
    mobile: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Called:
    """One whom a message mentions, as one kind of robot knows them.

    ``id`` is the vendor's, ``mobile`` a number; with neither, nobody knows whom to mention, and ``name`` is shown.
    """

    name: str
    id: str = ""
    mobile: str = ""


class People:
    """Everybody that the configuration names."""

    def __init__(self, persons: Iterable[Person] = ()) -> None:
        #: In the order of the configuration.
        self.persons = tuple(persons)
        self._by_name = {name.casefold(): person for person in self.persons for name in person.names}

    def find(self, mention: Mention) -> Person | None:
        """Return the person by the first of the mention's names that is known; None if nobody has such a name."""
        known = (self._by_name.get(name.casefold()) for name in mention.names)
        return next((person for person in known if person is not None), None)

    def called(self, mentions: Iterable[Mention], kind: str) -> tuple[Called, ...]:
        """Return everybody who is mentioned, once each and in order, as robots of this ``kind`` know them.

        A mention that was only guessed and fits nobody is left out.
        """
        found: dict[Called, None] = {}
        for mention in mentions:
            person = self.find(mention)
            if person is not None:
                found[Called(person.name, person.ids.get(kind, ""), person.mobile)] = None
            elif mobile := _mobile(mention):
                found[Called(mention.text or mobile, mobile=mobile)] = None
            elif mention.text and not mention.guess:
                found[Called(mention.text)] = None
        return tuple(found)


def _mobile(mention: Mention) -> str:
    prefix = f"{MOBILE}:"
    return next((name.removeprefix(prefix) for name in mention.names if name.startswith(prefix)), "")
