"""What comes in, and how it is stored: many events in one statement, where many come in at the same time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Executable, bindparam, func, select

from posthouse.outbox.compiled import Compiled
from posthouse.outbox.tables import event
from posthouse.outbox.upsert import Insert, Upsert

#: How many events one statement stores at most.
ROWS = 64


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that is to be stored: what it is called, and what of its request is kept."""

    webhook_id: str
    name: str
    key: str | None
    received_at: float
    verified: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that is stored; ``repeat`` if it was already."""

    event_id: int
    repeat: bool


def record(connection: Connection, arrivals: Sequence[Arrival]) -> list[Recorded]:
    """Store events, in the transaction that the connection is in; the same key twice is stored once.

    More than one at a time only where nobody else can write meanwhile.
    """
    if len(arrivals) == 1:
        return [_record_one(connection, arrivals[0])]
    recorded: dict[int, Recorded] = {}
    for numbers in _shares(arrivals):
        stored = _record_many(connection, [arrivals[number] for number in numbers])
        recorded.update(zip(numbers, stored, strict=True))
    return [recorded[number] for number in range(len(arrivals))]


def _record_one(connection: Connection, arrival: Arrival) -> Recorded:
    row = _RECORD.run(connection, _values(arrival, 0)).one()
    return Recorded(row.id, repeat=row.repeats > 0)


def _record_many(connection: Connection, arrivals: Sequence[Arrival]) -> list[Recorded]:
    """Store events without being told their ids: each row that SQLite returns would be another wait for other threads.

    Usually all are new, and have the next numbers in their order. Either all have keys or none has.
    """
    newest = _NEWEST.run(connection, {}).scalar() or 0
    values: dict[str, Any] = {}
    for place, arrival in enumerate(arrivals):
        values |= _values(arrival, place)
    inserted = _insert(len(arrivals)).run(connection, values)
    if inserted.rowcount == len(arrivals):
        first = inserted.lastrowid - len(arrivals) + 1
        return [Recorded(first + place, repeat=False) for place in range(len(arrivals))]
    new = {(row.webhook_id, row.key): row.id for row in connection.execute(_NEWER, {"newest": newest})}
    recorded = []
    for arrival in arrivals:
        event_id = new.pop((arrival.webhook_id, arrival.key), None)
        recorded.append(_record_one(connection, arrival) if event_id is None else Recorded(event_id, repeat=False))
    return recorded


def _shares(arrivals: Sequence[Arrival]) -> Iterator[Sequence[int]]:
    """Divide events, by their numbers, among statements with powers of two rows: so there are few of these to keep."""
    keyed = [number for number, arrival in enumerate(arrivals) if arrival.key is not None]
    keyless = [number for number, arrival in enumerate(arrivals) if arrival.key is None]
    for left in (keyed, keyless):
        begin = 0
        while begin < len(left):
            size = min(1 << ((len(left) - begin).bit_length() - 1), ROWS)
            yield left[begin : begin + size]
            begin += size


def _values(arrival: Arrival, place: int) -> dict[str, Any]:
    return {
        f"webhook_id_{place}": arrival.webhook_id,
        f"name_{place}": arrival.name,
        f"key_{place}": arrival.key,
        f"received_at_{place}": arrival.received_at,
        f"verified_{place}": arrival.verified,
        f"headers_{place}": _ENCODER.encode(dict(arrival.headers)),
        f"query_{place}": _ENCODER.encode(dict(arrival.query)),
        f"body_{place}": arrival.body,
    }


def _row(place: int) -> dict[str, BindParameter[Any]]:
    names = ("webhook_id", "name", "key", "received_at", "verified", "headers", "query", "body")
    return {name: bindparam(f"{name}_{place}") for name in names}


@cache
def _insert(rows: int) -> Compiled:
    def build(insert: Insert) -> Executable:
        return insert.values([_row(place) for place in range(rows)]).on_conflict_do_nothing(index_elements=_KEY)

    return Compiled(Upsert(event, build))


def _upsert(insert: Insert) -> Executable:
    """Count a repeat, and answer with the id of the event that was there first: one statement for both cases."""
    return (
        insert.values(_row(0))
        .on_conflict_do_update(index_elements=_KEY, set_={"repeats": event.c.repeats + 1})
        .returning(event.c.id, event.c.repeats)
    )


_ENCODER = json.JSONEncoder(ensure_ascii=False)
_KEY = (event.c.webhook_id, event.c.key)
_RECORD = Compiled(Upsert(event, _upsert))
_NEWEST = Compiled(select(func.max(event.c.id)))
_NEWER = select(event.c.id, event.c.webhook_id, event.c.key).where(event.c.id > bindparam("newest"))
