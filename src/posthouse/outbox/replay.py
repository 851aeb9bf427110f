"""Puts back into their lanes what was given up: buried deliveries and events whose handler failed."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, Select, select, update

from posthouse.outbox.budgets import close_circuits
from posthouse.outbox.tables import delivery, event


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many events are handled again, how many deliveries are sent again, and how many robots tried at once."""

    events: int
    deliveries: int
    robots: int = 0


def replay(connection: Connection, event_ids: Collection[int] | None) -> Replayed:
    """Let everything that was given up wait again, of some events or (None) of all; what was sent is left alone.

    A delivery keeps its idempotency key, so that a robot that did show it shows it no second time. A robot that is left
    alone because it was set up wrongly is tried at once.
    """
    handled_again = update(event).where(event.c.state == "failed").values(state="waiting", outcome=None, trace="[]")
    sent_again = (
        update(delivery)
        .where(delivery.c.state == "buried")
        .values(state="waiting", form=0, bounded_failures=0, settled_at=None, digest=None, alone=0)
    )
    if event_ids is not None:
        handled_again = handled_again.where(event.c.id.in_(event_ids))
        sent_again = sent_again.where(delivery.c.event_id.in_(event_ids))
    events, deliveries = (connection.execute(statement).rowcount for statement in (handled_again, sent_again))
    lanes = None if event_ids is None else [*connection.scalars(_lanes_of(event_ids))]
    return Replayed(events, deliveries, robots=close_circuits(connection, lanes))


def _lanes_of(event_ids: Collection[int]) -> Select[tuple[str]]:
    waits = delivery.c.event_id.in_(event_ids) & (delivery.c.state == "waiting")
    return select(delivery.c.lane_id).where(waits).distinct()
