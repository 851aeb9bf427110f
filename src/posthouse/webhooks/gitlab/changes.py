"""What an update of an issue or a merge request changed, and which of that is worth a message."""

from collections.abc import Iterable

from posthouse import Reader
from posthouse.webhooks.gitlab.payload import SHOWN, WORD, name, number, word

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
    """Return the people, or labels, that are there now and were not before."""
    both = change(reader, field)
    return _missing(both.each("current"), both.each("previous"))


def removed(reader: Reader, field: str) -> list[Reader]:
    """Return the people, or labels, that were there before and are not now."""
    both = change(reader, field)
    return _missing(both.each("previous"), both.each("current"))


def turned(reader: Reader, field: str, key: str, value: object) -> list[Reader]:
    """Return the people whose ``key`` is ``value`` now, and was not before."""
    both = change(reader, field)
    were = {identity(person) for person in both.each("previous") if _is(person, key, value)}
    now = [person for person in both.each("current") if _is(person, key, value)]
    return [person for person in now if identity(person) not in were]


def action_of(attributes: Reader) -> str:
    """Return the action; test requests of older GitLabs have none, and show something that is open."""
    return word(attributes, "action") or ("open" if attributes.text("state") == "opened" else "")


def switched(reader: Reader, field: str, *, to: bool) -> bool:
    """Tell whether a field that is true or false has changed its value ``to`` this one."""
    both = change(reader, field)
    return both.at("current").value is to and both.at("previous").value is (not to)


def titles(labels: Iterable[Reader]) -> tuple[str, ...]:
    """Return what labels are called."""
    return tuple(title for label in labels if (title := name(label, "title", "name")))


def identity(person: Reader) -> str:
    """Return what tells people, or labels, apart; older payloads give people no id."""
    return number(person, "id") or person.first_text("username", "name", "title")


def silence(reader: Reader, noun: str, what: str) -> str:
    """Return why ``what`` happened to something is not told; of updates, which fields they changed."""
    if not what:
        return f"the {noun}'s action is missing"
    if action_of(reader.at("object_attributes")) != "update":
        return f"the {noun}'s action is {what}"
    changes = reader.at("changes").value
    keys = changes if isinstance(changes, dict) else {}
    news = sorted(key[:WORD] for key in keys if key not in NOISE)
    if not news:
        nothing = f"the update of the {noun} changed nothing worth telling"
        return nothing if what == "update" else f"the {noun}'s update is {what}"
    more = ", …" if len(news) > SHOWN else ""
    return f"the update of the {noun} changed only {', '.join(news[:SHOWN])}{more}"


def _missing(people: Iterable[Reader], others: Iterable[Reader]) -> list[Reader]:
    known = {identity(person) for person in others}
    return [person for person in people if identity(person) not in known]


def _is(person: Reader, key: str, value: object) -> bool:
    found = person.at(key).value
    return type(found) is type(value) and bool(found == value)
