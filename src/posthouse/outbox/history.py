"""What happened, for people: the list of events and the trace of one."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from posthouse.outbox.engine import Reads
from posthouse.outbox.tables import attempt, delivery, event, lane


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One request that was made for a delivery, and what came of it."""

    started_at: float
    finished_at: float
    verdict: str
    answer: str
    remedy: str


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A delivery and its fate so far."""

    id: int
    event_id: int
    robot: str
    lane_id: str
    state: str
    attempts: int
    #: When its lane goes on; None once the delivery is settled.
    next_at: float | None
    #: Until when it is held back in case a later message takes its place; 0 if it is not.
    due_at: float = 0.0
    #: The event that is told in its place.
    told_by: int | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event and its fate so far."""

    id: int
    webhook_id: str
    name: str
    key: str | None
    state: str
    outcome: str | None
    received_at: float
    handled_at: float | None
    verified: str
    repeats: int
    bytes: int
    trace: Sequence[Mapping[str, str]]
    deliveries: Sequence[DeliveryRecord]


class History:
    """Reads what was stored; never waits for a writer."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def events(self, limit: int) -> list[EventRecord]:
        """Return the newest events first, at most ``limit``."""
        with self._reads.connect() as connection:
            rows = connection.execute(select(*_EVENT).order_by(event.c.id.desc()).limit(limit)).all()
            deliveries = _deliveries(connection, [row.id for row in rows])
        return [_event(row, deliveries.get(row.id, [])) for row in rows]

    def event(self, event_id: int) -> EventRecord | None:
        """Return one event, or None if there is none with this id."""
        with self._reads.connect() as connection:
            row = connection.execute(select(*_EVENT).where(event.c.id == event_id)).first()
            return None if row is None else _event(row, _deliveries(connection, [row.id]).get(row.id, []))

    def attempts(self, delivery_id: int) -> list[AttemptRecord]:
        """Return the attempts for a delivery, in order."""
        statement = (
            select(attempt.c.started_at, attempt.c.finished_at, attempt.c.verdict, attempt.c.answer, attempt.c.remedy)
            .where(attempt.c.delivery_id == delivery_id)
            .order_by(attempt.c.id)
        )
        with self._reads.connect() as connection:
            return [AttemptRecord(*row) for row in connection.execute(statement)]

    def orphans(self, webhooks: Collection[str], lanes: Collection[str]) -> Mapping[str, int]:
        """Return how much waits, by webhook and robot, that belongs to none of these: nobody will work on it."""
        events = (
            select(event.c.webhook_id, func.count())
            .where(event.c.state == text("'waiting'"), event.c.webhook_id.not_in(webhooks))
            .group_by(event.c.webhook_id)
        )
        deliveries = (
            select(delivery.c.robot, func.count())
            .where(delivery.c.state == text("'waiting'"), delivery.c.lane_id.not_in(lanes))
            .group_by(delivery.c.robot)
        )
        with self._reads.connect() as connection:
            return dict(connection.execute(events).all()) | dict(connection.execute(deliveries).all())


_EVENT = (
    event.c.id,
    event.c.webhook_id,
    event.c.name,
    event.c.key,
    event.c.state,
    event.c.outcome,
    event.c.received_at,
    event.c.handled_at,
    event.c.verified,
    event.c.repeats,
    func.length(event.c.body).label("bytes"),
    event.c.trace,
)


def _event(row: Row[*tuple[Any, ...]], deliveries: Sequence[DeliveryRecord]) -> EventRecord:
    return EventRecord(
        id=row.id,
        webhook_id=row.webhook_id,
        name=row.name,
        key=row.key,
        state=row.state,
        outcome=row.outcome,
        received_at=row.received_at,
        handled_at=row.handled_at,
        verified=row.verified,
        repeats=row.repeats,
        bytes=row.bytes,
        trace=json.loads(row.trace),
        deliveries=deliveries,
    )


def _deliveries(connection: Connection, event_ids: Sequence[int]) -> dict[int, list[DeliveryRecord]]:
    found: dict[int, list[DeliveryRecord]] = {}
    columns = (
        delivery.c.id,
        delivery.c.event_id,
        delivery.c.robot,
        delivery.c.lane_id,
        delivery.c.state,
        delivery.c.attempts,
        delivery.c.due_at,
        delivery.c.told_by,
    )
    statement = (
        select(*columns, lane.c.next_at)
        .join(lane, lane.c.id == delivery.c.lane_id, isouter=True)
        .where(delivery.c.event_id.in_(event_ids))
        .order_by(delivery.c.id)
    )
    for row in connection.execute(statement):
        next_at = row.next_at if row.state == "waiting" else None
        record = DeliveryRecord(
            row.id, row.event_id, row.robot, row.lane_id, row.state, row.attempts, next_at, row.due_at, row.told_by
        )
        found.setdefault(record.event_id, []).append(record)
    return found
