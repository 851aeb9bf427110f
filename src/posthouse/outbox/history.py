"""What happened, for people: the list of events and the trace of one."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from posthouse.core.budget import Budget, Circuit
from posthouse.outbox.budgets import load_all, load_lanes
from posthouse.outbox.engine import Reads
from posthouse.outbox.tables import attempt, delivery, event, lane
from posthouse.outbox.work import StoredEvent

WAITS = "waiting"


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
    #: How many deliveries the digest tells that it is part of; 0 if it is in none.
    digest: int = 0
    #: Whether it tells operators about a robot, and not about the event.
    is_alert: bool = False
    #: What was used with the tokens of its lane, while it waits; none once it is settled.
    budgets: tuple[Budget, ...] = ()

    @property
    def circuit(self) -> Circuit | None:
        """Why its lane stands still, where every robot that could speak in it is set up wrongly."""
        circuits = [budget.circuit for budget in self.budgets]
        return None if None in circuits else next(iter(circuits), None)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many events of a webhook wait, or deliveries for a robot, and since when the oldest does."""

    count: int
    since: float


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
    #: When the body was emptied, as it had been kept long enough; ``bytes`` is 0 from then on.
    emptied_at: float | None = None


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
        """Return the attempts for a delivery, or for the digest that tells it, in order."""
        digest = select(delivery.c.digest).where(delivery.c.id == delivery_id).scalar_subquery()
        itself = select(delivery.c.id).where(delivery.c.id == delivery_id)
        # One list, as PostgreSQL looks at every attempt there is for a condition that has an "or" in it.
        alike = itself.union(select(delivery.c.id).where(delivery.c.digest == digest))
        statement = select(*_ATTEMPT).where(attempt.c.delivery_id.in_(alike)).order_by(attempt.c.id)
        with self._reads.connect() as connection:
            return [AttemptRecord(*row) for row in connection.execute(statement)]

    def latest_attempts(self, lane_id: str, limit: int) -> list[AttemptRecord]:
        """Return the newest attempts in a robot's lane first, at most ``limit``.

        Looks at every attempt that was made since then, with whichever robot.
        """
        statement = (
            select(*_ATTEMPT)
            .join(delivery, delivery.c.id == attempt.c.delivery_id)
            .where(delivery.c.lane_id == lane_id)
            .order_by(attempt.c.id.desc())
            .limit(limit)
        )
        with self._reads.connect() as connection:
            return [AttemptRecord(*row) for row in connection.execute(statement)]

    def budgets(self) -> Mapping[str, Budget]:
        """Return what was used of every token's limits, by the tokens' hashes."""
        with self._reads.connect() as connection:
            return {budget.token: budget for budget in load_all(connection)}

    def waiting(self) -> Mapping[str, Waiting]:
        """Return what waits to be sent, by robot; those for whom nothing waits are left out."""
        statement = (
            select(delivery.c.robot, func.count(), func.min(delivery.c.created_at))
            .where(delivery.c.state == text("'waiting'"))
            .group_by(delivery.c.robot)
        )
        with self._reads.connect() as connection:
            return {robot: Waiting(count, since) for robot, count, since in connection.execute(statement)}

    def waiting_events(self) -> Mapping[str, Waiting]:
        """Return what waits to be handled, by webhook; those for which nothing waits are left out."""
        statement = (
            select(event.c.webhook_id, func.count(), func.min(event.c.received_at))
            .where(event.c.state == text("'waiting'"))
            .group_by(event.c.webhook_id)
        )
        with self._reads.connect() as connection:
            return {webhook: Waiting(count, since) for webhook, count, since in connection.execute(statement)}

    def kept_headers(self, event_ids: Collection[int]) -> Mapping[int, Mapping[str, str]]:
        """Return the headers that were kept of some events' requests, in the order of their ids."""
        statement = select(event.c.id, event.c.headers).where(event.c.id.in_(event_ids)).order_by(event.c.id)
        with self._reads.connect() as connection:
            return {row.id: json.loads(row.headers) for row in connection.execute(statement)}

    def stored(self, limit: int) -> list[StoredEvent]:
        """Return the newest events first, at most ``limit``, as they came in; none whose bodies are gone."""
        names = ("id", "webhook_id", "received_at", "verified", "headers", "query", "body")
        whole = select(*(event.c[name] for name in names)).where(event.c.emptied_at.is_(None))
        newest = whole.order_by(event.c.id.desc()).limit(limit)
        with self._reads.connect() as connection:
            rows = connection.execute(newest).mappings().all()
        return [
            StoredEvent(**{**row, "headers": json.loads(row["headers"]), "query": json.loads(row["query"])})
            for row in rows
        ]

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


_ATTEMPT = (attempt.c.started_at, attempt.c.finished_at, attempt.c.verdict, attempt.c.answer, attempt.c.remedy)
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
    event.c.emptied_at,
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
        emptied_at=row.emptied_at,
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
        delivery.c.alert,
    )
    other = delivery.alias("other")
    together = select(func.count()).where(other.c.digest == delivery.c.digest).scalar_subquery()
    statement = (
        select(*columns, lane.c.next_at, together.label("together"))
        .join(lane, lane.c.id == delivery.c.lane_id, isouter=True)
        .where(delivery.c.event_id.in_(event_ids))
        .order_by(delivery.c.id)
    )
    rows = connection.execute(statement).all()
    budgets = load_lanes(connection, {row.lane_id for row in rows if row.state == WAITS})
    for row in rows:
        record = DeliveryRecord(
            id=row.id,
            event_id=row.event_id,
            robot=row.robot,
            lane_id=row.lane_id,
            state=row.state,
            attempts=row.attempts,
            next_at=row.next_at if row.state == WAITS else None,
            due_at=row.due_at,
            told_by=row.told_by,
            digest=row.together,
            is_alert=bool(row.alert),
            budgets=budgets[row.lane_id] if row.state == WAITS else (),
        )
        found.setdefault(record.event_id, []).append(record)
    return found
