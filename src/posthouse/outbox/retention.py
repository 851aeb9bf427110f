"""Deletes what is older than it is kept, a little at a time, so that nobody who stores events waits for it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    false,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.sql import ColumnElement

from posthouse.outbox.database import Database
from posthouse.outbox.engine import Reads
from posthouse.outbox.tables import budget, delivery, event, lane, memory

#: How many rows one transaction deletes or empties at most, and how many bytes of bodies where there are several.
ROWS = 100
BYTES = 2 * 1024 * 1024
#: What was used of a month's quota is remembered for a month, in seconds, however short events are kept.
MONTH = 31 * 86_400.0


@dataclass(frozen=True, slots=True)
class Kept:
    """Since when what came in is kept, in seconds since the epoch; since 0 if it is kept for ever."""

    events: float
    bodies: float

    @classmethod
    def since(cls, now: float, *, events: int | Literal["forever"], bodies: int | Literal["forever"]) -> "Kept":
        """Return since when events and bodies are kept, seen at ``now``, if each is kept for so many seconds."""
        return cls(*(0.0 if kept == "forever" else max(now - kept, 0.0) for kept in (events, bodies)))


class Retention:
    """Tidies up. It does no harm that several workers do so at the same time."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._reads = reads

    def tidy(self, kept: Kept, *, lanes: Collection[str], tokens: Collection[str], now: float) -> Iterator[None]:
        """Tidy up once, one short transaction at a time: pause between any two of them, or stop for good.

        An event is kept for as long as anything of it waits, and a failed one keeps its body, as it can be handled
        again. Of lanes and budgets, those are kept that some worker has named as configured, in ``lanes`` and
        ``tokens``, since events are kept. Raises `StoreUnavailable`.
        """
        yield from self._walk(_SETTLED, kept.events, _delete)
        yield from self._walk(_WITH_BODY, kept.bodies, partial(_empty, now=now))
        yield from self._forget_memories(kept.events)
        self._forget_lanes(kept.events, lanes, tokens, now)
        yield
        while self._database.shrink():
            yield

    def _walk(
        self, candidates: Select[Any], before: float, work: Callable[[Sequence[int], Connection], None]
    ) -> Iterator[None]:
        """Work on the events that came before a time, oldest first, without those that something waits of."""
        asked = {"before": before, "most": ROWS, "after_time": 0.0, "after_id": 0}
        while rows := self._next(candidates, asked):
            if ids := [row.id for row in rows if not row.waits]:
                self._database.commits.run(partial(work, ids))
            asked |= {"after_time": rows[-1].received_at, "after_id": rows[-1].id}
            yield

    def _next(self, candidates: Select[Any], asked: dict[str, Any]) -> Sequence[Row[Any]]:
        with self._reads.connect() as connection:
            return _light(connection.execute(candidates, asked).all())

    def _forget_memories(self, before: float) -> Iterator[None]:
        """Forget what handlers remember of topics that nothing has come about since."""

        def work(connection: Connection) -> int:
            return connection.execute(_FORGET_MEMORIES, {"before": before, "most": ROWS}).rowcount

        while self._database.commits.run(work) == ROWS:
            yield

    def _forget_lanes(self, before: float, lanes: Collection[str], tokens: Collection[str], now: float) -> None:
        """Name the lanes and budgets that are configured here, and forget those that nobody has named since."""

        def work(connection: Connection) -> None:
            connection.execute(_name(lane.c.id, lanes, lane.c.seen_at, before, now))
            connection.execute(_name(budget.c.token, tokens, budget.c.seen_at, before, now))
            connection.execute(_FORGET_LANES, {"before": before})
            connection.execute(_FORGET_BUDGETS, {"before": min(before, now - MONTH)})

        self._database.commits.run(work)


def _light(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Return the first rows whose bodies have no more than `BYTES` together, but at least one."""
    total = 0
    for number, row in enumerate(rows):
        total += row.bytes
        if number and total > BYTES:
            return rows[:number]
    return rows


def _delete(ids: Sequence[int], connection: Connection) -> None:
    """Delete events with their deliveries and attempts, unless something of them waits by now."""
    settled = {*connection.scalars(_LOCK_EVENTS, {"ids": ids})}
    # Locked as well: a replay may be about to let one of them wait again.
    waiting = {row.event_id for row in connection.execute(_LOCK_DELIVERIES, {"ids": ids}) if row.state == "waiting"}
    connection.execute(_DELETE, {"ids": [*settled - waiting]})


def _empty(ids: Sequence[int], connection: Connection, now: float) -> None:
    """Empty bodies, and what is kept of headers and queries."""
    connection.execute(_EMPTY, {"ids": ids, "now": now})


def _name(key: Column[str], names: Collection[str], seen_at: Column[float], before: float, now: float) -> Update:
    """Return what notes that rows are configured here. One that is new is noted whoever's it is: its time begins.

    What was noted is noted again when half of its time is over, and not every minute, as claims write these rows, too.
    """
    stale = seen_at < (before + now) / 2
    return update(key.table).where(or_(seen_at.is_(None), and_(key.in_(names), stale))).values(seen_at=now)


def _candidates(condition: ColumnElement[bool], waits: ColumnElement[bool]) -> Select[Any]:
    place = tuple_(event.c.received_at, event.c.id)
    return (
        select(event.c.id, event.c.received_at, func.length(event.c.body).label("bytes"), waits.label("waits"))
        .where(condition, event.c.received_at < bindparam("before"))
        .where(place > tuple_(bindparam("after_time"), bindparam("after_id")))
        .order_by(event.c.received_at, event.c.id)
        .limit(bindparam("most"))
    )


# The states are written out, not bound: the partial indexes are only used for the very text.
_IS_SETTLED = event.c.state != text("'waiting'")
_HAS_BODY = and_(event.c.state == text("'handled'"), event.c.emptied_at.is_(None))
_AMONG = event.c.id.in_(bindparam("ids", expanding=True))
_DELIVERY_WAITS = delivery.c.state == text("'waiting'")
_SETTLED = _candidates(
    _IS_SETTLED, select(delivery.c.id).where(delivery.c.event_id == event.c.id, _DELIVERY_WAITS).exists()
)
# Deliveries have what they say themselves, so nothing that waits needs the body of an event that was handled.
_WITH_BODY = _candidates(_HAS_BODY, false())
_LOCK_EVENTS = select(event.c.id).where(_AMONG, _IS_SETTLED).with_for_update()
_LOCK_DELIVERIES = (
    select(delivery.c.event_id, delivery.c.state)
    .where(delivery.c.event_id.in_(bindparam("ids", expanding=True)))
    .with_for_update()
)
_DELETE = delete(event).where(_AMONG)
_EMPTY = update(event).where(_AMONG, _HAS_BODY).values(headers="{}", query="{}", body=b"", emptied_at=bindparam("now"))
_IS_OLD = memory.c.remembered_at < bindparam("before")
_TOPIC = (memory.c.webhook_id, memory.c.topic)
_FORGET_MEMORIES = delete(memory).where(
    # Said twice for PostgreSQL: what was remembered anew after the inner question is not old any more.
    _IS_OLD,
    tuple_(*_TOPIC).in_(select(*_TOPIC).where(_IS_OLD).order_by(memory.c.remembered_at).limit(bindparam("most"))),
)
_FORGET_LANES = delete(lane).where(
    lane.c.seen_at < bindparam("before"),
    lane.c.holder.is_(None),
    ~select(event.c.id).where(event.c.webhook_id == lane.c.id, event.c.state == text("'waiting'")).exists(),
    ~select(delivery.c.id).where(delivery.c.lane_id == lane.c.id, _DELIVERY_WAITS).exists(),
)
_FORGET_BUDGETS = delete(budget).where(budget.c.seen_at < bindparam("before"))
