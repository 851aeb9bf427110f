"""Who the people in a payload are, by the names they show; their ids and e-mail addresses only serve to mention them.

Jira Cloud knows people by ``accountId``, Data Center and Server by ``name`` and ``key``; each has ``displayName``.
"""

import re
from collections.abc import Iterator
from itertools import islice

from posthouse import Mention, Reader, first_line, mention
from posthouse.webhooks.jira.markup import mentioned_in

#: What names of Jira's begin with where people are mentioned.
KIND = "jira"
#: How long a name may be before it is cut, in characters.
NAME = 255
#: How many comments of an issue are looked at for the names of people.
LOOKED_AT = 100
#: How many mentions of a text are looked up among them.
MENTIONED = 50
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
        for identity in _identities(person):
            if shown and identity:
                known.setdefault(identity, shown)
    return known


def first_mention(reader: Reader, *paths: str) -> Mention | None:
    """Return the mention of the first person there is at one of the paths; none of an app, which reads nothing."""
    person = next((found for path in paths if (found := reader.at(path)).value), Reader(None))
    return _mention_of(person)


def mention_by(reader: Reader, identity: str, shown: str) -> Mention | None:
    """Return the mention of the person with this account, name or key, who goes by ``shown`` if nobody here has it."""
    person = next((one for one in _everybody(reader) if identity and identity in _identities(one)), None)
    return mention(KIND, identity, text=shown) if person is None else _mention_of(person)


def mentions_in(reader: Reader, path: str) -> Iterator[Mention | None]:
    """Yield whom somebody mentions in the text at ``path``, in whatever markup."""
    for identity, shown in islice(dict.fromkeys(mentioned_in(reader.at(path).value)), MENTIONED):
        yield mention_by(reader, identity, shown)


def _mention_of(person: Reader) -> Mention | None:
    if person.text("accountType") == "app":
        return None
    return mention(KIND, *_identities(person), text=person_name(person), email=person.text("emailAddress"))


def _identities(person: Reader) -> tuple[str, str, str]:
    return person.text("accountId"), person.text("name"), person.text("key")


def _everybody(reader: Reader) -> Iterator[Reader]:
    for path in ("user", "comment.author", "comment.updateAuthor", "worklog.author", "attachment.author"):
        yield reader.at(path)
    for path in ("assignee", "reporter", "creator"):
        yield reader.at(f"issue.fields.{path}")
    for comment in islice(reader.each("issue.fields.comment.comments"), LOOKED_AT):
        yield comment.at("author")
