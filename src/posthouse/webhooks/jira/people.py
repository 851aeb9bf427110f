"""Who the people in a payload are, by the names they show; never by their ids or their e-mail addresses.

Jira Cloud knows people by ``accountId``, Data Center and Server by ``name`` and ``key``; each has ``displayName``.
"""

import re
from collections.abc import Iterator
from itertools import islice

from posthouse import Reader, first_line

#: How long a name may be before it is cut, in characters.
NAME = 255
#: How many comments of an issue are looked at for the names of people.
LOOKED_AT = 100
#: Some administrators let people show up under their addresses, which are nobody else's business.
E_MAIL = re.compile(r"(?P<local>[^\s@]+)@[^\s@]+")


def person_name(person: Reader) -> str:
    """Return what to call a person; empty for nobody. An address is only the last choice, and without its host."""
    texts = [text for path in ("displayName", "name") if (text := first_line(person.text(path), NAME))]
    return next((text for text in texts if not E_MAIL.fullmatch(text)), without_address(texts[0]) if texts else "")


def without_address(shown: str) -> str:
    """Return a person's name; of an e-mail address, only what stands in front of the host."""
    line = first_line(shown, NAME)
    found = E_MAIL.fullmatch(line)
    return found["local"] if found else line


def first_person(reader: Reader, *paths: str) -> str:
    """Return the name of the first person who has one."""
    return next((found for path in paths if (found := person_name(reader.at(path)))), "")


def user_name(person: Reader) -> str:
    """Return the name that a person logs in with, for rules to match on; Cloud has only the one that is shown."""
    return without_address(person.text("name")) or person_name(person)


def people(reader: Reader) -> dict[str, str]:
    """Return the names of everybody in the payload, by all that a mention may call them: account, name, key."""
    known: dict[str, str] = {}
    for person in _everybody(reader):
        shown = person_name(person)
        for identity in (person.text("accountId"), person.text("name"), person.text("key")):
            if shown and identity:
                known.setdefault(identity, shown)
    return known


def _everybody(reader: Reader) -> Iterator[Reader]:
    for path in ("user", "comment.author", "comment.updateAuthor", "worklog.author", "attachment.author"):
        yield reader.at(path)
    for path in ("assignee", "reporter", "creator"):
        yield reader.at(f"issue.fields.{path}")
    for comment in islice(reader.each("issue.fields.comment.comments"), LOOKED_AT):
        yield comment.at("author")
