"""What an update of an issue changed, field by field, without what Jira changes along with it.

Sources: Atlassian's page "Webhooks" (Jira Cloud platform) on ``changelog``, and the changelogs that Jiras were seen to
send. Cloud names a field by ``fieldId`` too, Server by ``field`` alone; ``from`` and ``to`` are ids, the texts stand in
``fromString`` and ``toString``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from posthouse import Reader, first_line
from posthouse.webhooks.jira.payload import SHOWN, name, named, word
from posthouse.webhooks.jira.people import person_name, without_address

#: How many changes of one event are looked at.
LOOKED_AT = 100
#: How much of a value is shown, in characters.
VALUE = 80
#: What is no news: it changes along with something else, or is told by an event of its own.
NOISE = "noise"
#: What happened, by the field it happened to: by ``field`` in lower case, or by ``fieldId``.
KINDS: Mapping[str, str] = {
    "assignee": "assigned",
    "attachment": "attachment",
    # The item for a deleted comment quotes it.
    "comment": NOISE,
    "component": "component",
    "components": "component",
    "description": "description",
    "duedate": "due_date",
    "environment": "environment",
    "epic link": "parent",
    "fix version": "fix_version",
    "fixversions": "fix_version",
    "flagged": "flagged",
    "issueparentassociation": "parent",
    "issuetype": "type",
    "key": "key",
    "labels": "labels",
    "link": "link",
    "parent": "parent",
    "priority": "priority",
    "project": "moved",
    "rank": NOISE,
    "remoteissuelink": "link",
    "remoteworkitemlink": NOISE,
    "reporter": "reporter",
    "resolution": "resolved",
    "security": "security",
    "sprint": "sprint",
    "status": "status",
    "summary": "summary",
    "timeestimate": NOISE,
    "timeoriginalestimate": NOISE,
    "timespent": NOISE,
    "version": "version",
    "versions": "version",
    "workflow": NOISE,
    "worklogid": NOISE,
    "worklogtimespent": NOISE,
}
#: Fields of Jira Software that stand in a changelog as if an administrator had made them.
ADDED_BY_JIRA = frozenset({"epic link", "flagged", "rank", "sprint"})
#: Fields with any number of values, and what stands between them where one text has them all.
LISTS: Mapping[str, str] = {
    "attachment": "",
    "component": "",
    "fix_version": "",
    "labels": " ",
    "link": "",
    "sprint": ",",
    "version": "",
}
#: A date, alone or at the beginning of a time.
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
PEOPLE = frozenset({"assigned", "reporter"})
#: Texts that are too long for a message.
LONG = frozenset({"description", "environment"})


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one field: its values before and after, or for a list what came in and what went out.

    ``kind`` says what happened, in the words that the configuration chooses from; ``field`` is Jira's name for it.
    """

    kind: str
    field: str
    before: str = ""
    after: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    #: The id of the value that it has now, or that it lost; to compare, not to be shown.
    identity: str = ""

    @property
    def changed(self) -> bool:
        """Tell whether there is anything to see: Jira also lists what looks the same before and after."""
        return bool(self.before != self.after or self.added or self.removed)

    @property
    def shown(self) -> tuple[str, str]:
        """Return the values before and after as they can be shown; none of what is too long to see the difference."""
        before, after = first_line(self.before, VALUE), first_line(self.after, VALUE)
        return ("", "") if self.kind in LONG or before == after else (before, after)


def changes(reader: Reader) -> tuple[Change, ...]:
    """Return what changed, without noise. Items about one list are one change."""
    found: dict[str, Change] = {}
    for place, item in enumerate(islice(reader.each("changelog.items"), LOOKED_AT)):
        change = _change(item)
        key = change.kind if change.kind in LISTS else str(place)
        found[key] = _joined(found[key], change) if key in found else change
    listed = tuple(change for change in found.values() if change.kind != NOISE and change.changed)
    return listed + _unlisted(reader, {change.kind for change in listed})


def silence(reader: Reader) -> str:
    """Return why an update is not told, naming the fields it changed."""
    items = islice(reader.each("changelog.items"), LOOKED_AT)
    fields = dict.fromkeys(field for item in items if (field := word(item, "field") or word(item, "fieldId")))
    if not fields:
        return "the update of the issue does not say what changed"
    more = ", …" if len(fields) > SHOWN else ""
    return f"the update of the issue changed only {', '.join(list(fields)[:SHOWN])}{more}"


def _change(item: Reader) -> Change:
    field, kind = name(item, "field", "fieldId"), _kind(item)
    before, after = item.text("fromString"), item.text("toString")
    if kind == "resolved" and not after:
        kind = "reopened"
    if kind in LISTS:
        olds, news = _listed(before, LISTS[kind]), _listed(after, LISTS[kind])
        return Change(kind, field, added=_missing(news, olds), removed=_missing(olds, news))
    if kind in PEOPLE:
        before, after = without_address(before), without_address(after)
    if kind == "due_date":
        # The texts have a time of day as well, which is always midnight.
        before, after = _day(item, "from", before), _day(item, "to", after)
    paths = ("tmpToAccountId", "to", "tmpFromAccountId", "from")
    identity = next((found for path in paths if (found := item.label(path))), "")
    return Change(kind, field, before, after, identity=identity)


def _kind(item: Reader) -> str:
    """Return what happened; a field that an administrator made is none of Jira's, whatever it is called."""
    field = item.text("field").casefold()
    if item.text("fieldtype") == "custom" and field not in ADDED_BY_JIRA:
        return "other"
    return KINDS.get(field) or KINDS.get(item.text("fieldId").casefold(), "other")


def _day(item: Reader, path: str, text: str) -> str:
    found = DAY.match(item.text(path)) or DAY.match(text)
    return found.group() if found else text


def _listed(text: str, separator: str) -> list[str]:
    parts = text.split(separator) if separator else [text]
    return [first_line(part, VALUE) for part in parts if part.strip()]


def _missing(texts: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    known = set(others)
    return tuple(dict.fromkeys(text for text in texts if text not in known))


def _joined(first: Change, second: Change) -> Change:
    """Return two changes of one list as one: what one item takes out, the next may put in."""
    added, removed = first.added + second.added, first.removed + second.removed
    return replace(first, added=_missing(added, removed), removed=_missing(removed, added))


def _unlisted(reader: Reader, known: set[str]) -> tuple[Change, ...]:
    """Return what a payload says outside of its changelog.

    Jira Cloud was seen to assign issues with an empty changelog, and what a workflow sends has a ``transition``
    instead.
    """
    found = []
    assigned = word(reader, "issue_event_type_name") == "issue_assigned"
    if assigned and not known:
        found.append(Change("assigned", "assignee", after=person_name(reader.at("issue.fields.assignee"))))
    if "status" not in known and reader.at("transition").value:
        before, after = named(reader, "transition.from_status"), named(reader, "transition.to_status")
        after = after or named(reader, "issue.fields.status")
        found.append(Change("status", "status", before, after))
    return tuple(change for change in found if change.after or change.kind == "assigned")
