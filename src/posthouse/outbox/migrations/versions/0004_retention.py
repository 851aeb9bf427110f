"""What is needed to find what is older than it is kept, and to forget lanes that nobody works in any more."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SETTLED = sa.text("state <> 'waiting'")
WITH_BODY = sa.text("state = 'handled' AND emptied_at IS NULL")


def upgrade() -> None:
    """Add columns and indexes. None of these indexes is written when an event is stored."""
    op.add_column("event", sa.Column("emptied_at", sa.Float))
    op.add_column("lane", sa.Column("seen_at", sa.Float))
    op.add_column("budget", sa.Column("seen_at", sa.Float))
    for name, condition in (("event_settled", SETTLED), ("event_with_body", WITH_BODY)):
        op.create_index(name, "event", ["received_at", "id"], sqlite_where=condition, postgresql_where=condition)
    op.create_index("memory_remembered", "memory", ["remembered_at"])
