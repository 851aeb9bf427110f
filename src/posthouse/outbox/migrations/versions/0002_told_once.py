"""What deliveries tell of, so that nobody hears of it twice; what handlers remember."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add columns, indexes and the table."""
    op.add_column("delivery", sa.Column("occurrence", sa.Text))
    op.add_column("delivery", sa.Column("burst", sa.Text))
    op.add_column("delivery", sa.Column("due_at", sa.Float, nullable=False, server_default=sa.text("0")))
    op.add_column("delivery", sa.Column("told_by", ID))
    op.create_index(
        "delivery_occurrence",
        "delivery",
        ["occurrence", "lane_id"],
        sqlite_where=sa.text("occurrence IS NOT NULL"),
        postgresql_where=sa.text("occurrence IS NOT NULL"),
    )
    op.create_index(
        "delivery_burst",
        "delivery",
        ["burst", "lane_id"],
        sqlite_where=sa.text("state = 'waiting' AND burst IS NOT NULL"),
        postgresql_where=sa.text("state = 'waiting' AND burst IS NOT NULL"),
    )
    op.create_table(
        "memory",
        sa.Column("webhook_id", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("remembered_at", sa.Float, nullable=False),
    )
