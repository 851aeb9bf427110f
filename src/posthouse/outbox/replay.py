"""Puts back into their lanes what was given up: buried deliveries and events whose handler failed."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, update

from posthouse.outbox.tables import delivery, event


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many events are handled again, and how many deliveries are sent again."""

    events: int
    deliveries: int


def replay(connection: Connection, event_ids: Collection[int] | None) -> Replayed:
    """Let everything that was given up wait again, of some events or (None) of all; what was sent is left alone.

    A delivery keeps its idempotency key, so that a robot that did show it shows it no second time.
    """
    handled_again = update(event).where(event.c.state == "failed").values(state="waiting", outcome=None, trace="[]")
    sent_again = (
        update(delivery)
        .where(delivery.c.state == "buried")
        .values(state="waiting", form=0, bounded_failures=0, settled_at=None)
    )
    if event_ids is not None:
        handled_again = handled_again.where(event.c.id.in_(event_ids))
        sent_again = sent_again.where(delivery.c.event_id.in_(event_ids))
    return Replayed(
        events=connection.execute(handled_again).rowcount, deliveries=connection.execute(sent_again).rowcount
    )
