"""The first tables: events, deliveries, attempts, lanes, workers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "event",
        sa.Column("id", ID, primary_key=True),
        sa.Column("webhook_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("received_at", sa.Float, nullable=False),
        sa.Column("verified", sa.Text, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("state", sa.Text, nullable=False, server_default=sa.text("'waiting'")),
        sa.Column("outcome", sa.Text),
        sa.Column("handled_at", sa.Float),
        sa.Column("trace", sa.Text, nullable=False, server_default=sa.text("'[]'")),
        sa.UniqueConstraint("webhook_id", "key", name="event_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("event_waiting", "event", ["webhook_id", "id"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_table(
        "delivery",
        sa.Column("id", ID, primary_key=True),
        sa.Column("event_id", ID, sa.ForeignKey("event.id", ondelete="CASCADE"), nullable=False),
        sa.Column("robot", sa.Text, nullable=False),
        sa.Column("lane_id", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("form", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("bounded_failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("state", sa.Text, nullable=False, server_default=sa.text("'waiting'")),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("settled_at", sa.Float),
        sqlite_autoincrement=True,
    )
    op.create_index("delivery_waiting", "delivery", ["lane_id", "id"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_index("delivery_event", "delivery", ["event_id"])
    op.create_table(
        "attempt",
        sa.Column("id", ID, primary_key=True),
        sa.Column("delivery_id", ID, sa.ForeignKey("delivery.id", ondelete="CASCADE"), nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("remedy", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("attempt_delivery", "attempt", ["delivery_id"])
    op.create_table(
        "lane",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("next_at", sa.Float, nullable=False, server_default=sa.text("0")),
        sa.Column("holder", sa.Text),
        sa.Column("lease_until", sa.Float, nullable=False, server_default=sa.text("0")),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("recent", sa.Text, nullable=False, server_default=sa.text("'[]'")),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
