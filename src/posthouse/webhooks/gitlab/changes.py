"""What an update of an issue or a merge request changed, and which of that is worth a message."""

from collections.abc import Container, Iterable

from posthouse import No, Reader, Yes
from posthouse.webhooks.gitlab.payload import SHOWN, WORD, word

#: Fields that change along with others, or by GitLab's own doing; nobody wants to hear of them alone.
NOISE = frozenset(
    {
        "blocking_discussions_resolved",
        "head_pipeline_id",
        "last_edited_at",
        "last_edited_by_id",
        "merge_params",
        "merge_status",
        "prepared_at",
        "relative_position",
        "time_change",
        "updated_at",
        "updated_by_id",
    }
)


def change(reader: Reader, field: str) -> Reader:
    """Return ``previous`` and ``current`` of a field that changed.

    GitLab's page on webhook events shows a pair of lists for reviewers whose review was asked for again, its code
    makes an object; both are read.
    """
    value = reader.at(f"changes.{field}").value
    if isinstance(value, list):
        return Reader(dict(zip(("previous", "current"), value, strict=False)))
    return Reader(value)


def has_changed(reader: Reader, field: str) -> bool:
    """Tell whether a field has another value now; GitLab lists some that have not changed."""
    both = change(reader, field)
    return bool(both.at("previous").value != both.at("current").value)


def added(reader: Reader, field: str) -> list[Reader]:
    """Return the people who are there now and were not before."""
    both = change(reader, field)
    return _missing(both.each("current"), both.each("previous"))


def removed(reader: Reader, field: str) -> list[Reader]:
    """Return the people who were there before and are not now."""
    both = change(reader, field)
    return _missing(both.each("previous"), both.each("current"))


def turned(reader: Reader, field: str, key: str, value: object) -> list[Reader]:
    """Return the people whose ``key`` is ``value`` now, and was not before."""
    both = change(reader, field)
    were = {_identity(person) for person in both.each("previous") if _is(person, key, value)}
    now = [person for person in both.each("current") if _is(person, key, value)]
    return [person for person in now if _identity(person) not in were]


def told(reader: Reader, noun: str, what: str, known: Container[str]) -> Yes | No:
    """Decide whether what happened to something is told: what is ``known`` is, but no update that is only that."""
    if what == "update":
        return No(silence(reader, noun))
    if not what:
        return No(f"the {noun}'s action is missing")
    return Yes() if what in known else No(f"the {noun}'s action is {what}")


def action_of(attributes: Reader) -> str:
    """Return the action; test requests of older GitLabs have none, and show something that is open."""
    return word(attributes, "action") or ("open" if attributes.text("state") == "opened" else "")


def silence(reader: Reader, what: str) -> str:
    """Return why an update is not told, naming the fields it changed."""
    changes = reader.at("changes").value
    keys = changes if isinstance(changes, dict) else {}
    news = sorted(key[:WORD] for key in keys if key not in NOISE)
    if not news:
        return f"the update of the {what} changed nothing worth telling"
    more = ", …" if len(news) > SHOWN else ""
    return f"the update of the {what} changed only {', '.join(news[:SHOWN])}{more}"


def _missing(people: Iterable[Reader], others: Iterable[Reader]) -> list[Reader]:
    known = {_identity(person) for person in others}
    return [person for person in people if _identity(person) not in known]


def _identity(person: Reader) -> str:
    """Return what tells people apart; older payloads give them no id."""
    return person.label("id") or person.text("username") or person.text("name")


def _is(person: Reader, key: str, value: object) -> bool:
    found = person.at(key).value
    return type(found) is type(value) and bool(found == value)
