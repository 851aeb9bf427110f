"""The tables, as the newest migration leaves them. Times are seconds since the epoch."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    text,
)
from sqlalchemy.sql import ColumnElement

metadata = MetaData()
#: SQLite counts rows by its own integers, which have 64 bits anyway.
ID = BigInteger().with_variant(Integer, "sqlite")


def _where(condition: ColumnElement[bool] | TextClause) -> dict[str, Any]:
    """Return what makes an index of some rows alone, in both databases."""
    return {"sqlite_where": condition, "postgresql_where": condition}


#: What came in. The body is kept as it came, so that an event can be handled again with newer code.
event = Table(
    "event",
    metadata,
    Column("id", ID, primary_key=True),
    Column("webhook_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("key", Text),
    Column("received_at", Float, nullable=False),
    Column("verified", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("repeats", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("outcome", Text),
    Column("handled_at", Float),
    Column("trace", Text, nullable=False, server_default=text("'[]'")),
    # When its body, headers and query were emptied.
    Column("emptied_at", Float),
    UniqueConstraint("webhook_id", "key", name="event_key"),
    sqlite_autoincrement=True,
)
Index("event_waiting", event.c.webhook_id, event.c.id, **_where(event.c.state == text("'waiting'")))
Index("event_settled", event.c.received_at, event.c.id, **_where(text("state <> 'waiting'")))
Index(
    "event_with_body",
    event.c.received_at,
    event.c.id,
    **_where(text("state = 'handled' AND emptied_at IS NULL")),
)

#: One message on its way to one robot.
delivery = Table(
    "delivery",
    metadata,
    Column("id", ID, primary_key=True),
    Column("event_id", ID, ForeignKey("event.id", ondelete="CASCADE"), nullable=False),
    Column("robot", Text, nullable=False),
    Column("lane_id", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("message", Text, nullable=False),
    # Whether it tells operators about a robot, and not about the event in whose delivery that was found.
    Column("alert", Integer, nullable=False, server_default=text("0")),
    # What happened, in the sender's ids, and what the message may give way to while it is held back.
    Column("occurrence", Text),
    Column("burst", Text),
    # Until when it is held back; 0 for not at all.
    Column("due_at", Float, nullable=False, server_default=text("0")),
    Column("form", Integer, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("bounded_failures", Integer, nullable=False, server_default=text("0")),
    # The digest that tells it, which has this idempotency key; and whether it is to be told on its own.
    Column("digest", Text),
    Column("alone", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    # The event that is told in its place, when it is ``repeated`` or ``superseded``.
    Column("told_by", ID),
    Column("created_at", Float, nullable=False),
    Column("settled_at", Float),
    sqlite_autoincrement=True,
)
Index("delivery_waiting", delivery.c.lane_id, delivery.c.id, **_where(delivery.c.state == text("'waiting'")))
Index("delivery_event", delivery.c.event_id)
Index(
    "delivery_occurrence",
    delivery.c.occurrence,
    delivery.c.lane_id,
    **_where(delivery.c.occurrence.is_not(None)),
)
Index(
    "delivery_burst",
    delivery.c.burst,
    delivery.c.lane_id,
    **_where(text("state = 'waiting' AND burst IS NOT NULL")),
)

Index("delivery_digest", delivery.c.digest, **_where(delivery.c.digest.is_not(None)))

#: What a webhook's handlers remember from one event to the next of the same topic.
memory = Table(
    "memory",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("event_id", ID, nullable=False),
    Column("remembered_at", Float, nullable=False),
)
Index("memory_remembered", memory.c.remembered_at)

#: One request made for a delivery, and the robot's answer.
attempt = Table(
    "attempt",
    metadata,
    Column("id", ID, primary_key=True),
    Column("delivery_id", ID, ForeignKey("delivery.id", ondelete="CASCADE"), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("attempt_delivery", attempt.c.delivery_id)

#: One queue that is worked in order, by one holder at a time until ``lease_until``.
lane = Table(
    "lane",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("next_at", Float, nullable=False, server_default=text("0")),
    Column("holder", Text),
    Column("lease_until", Float, nullable=False, server_default=text("0")),
    # When a worker last named it as one that is configured.
    Column("seen_at", Float),
)

#: What was sent with one robot's token, by which it is paced; ``core/budget.py`` says what each column means.
budget = Table(
    "budget",
    metadata,
    Column("token", Text, primary_key=True),
    Column("lane_id", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    # A hash of the robot's settings: where it changes, a circuit is closed.
    Column("settings", Text, nullable=False, server_default=text("''")),
    Column("ended", Text, nullable=False, server_default=text("'[]'")),
    Column("rest_until", Float, nullable=False, server_default=text("0")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("month", Text, nullable=False, server_default=text("''")),
    Column("used", Integer, nullable=False, server_default=text("0")),
    Column("warned", Integer, nullable=False, server_default=text("0")),
    Column("open_since", Float),
    Column("open_answer", Text, nullable=False, server_default=text("''")),
    Column("open_remedy", Text, nullable=False, server_default=text("''")),
    Column("seen_at", Float),
)
Index("budget_lane", budget.c.lane_id)

#: The worker processes, so that somebody can tell whether any is alive.
worker = Table(
    "worker",
    metadata,
    Column("id", Text, primary_key=True),
    Column("started_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)
