"""What each token has used of its limits, apart from the lane; digests."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the columns, and take along what the lanes counted."""
    op.add_column("delivery", sa.Column("alert", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("delivery", sa.Column("digest", sa.Text))
    op.add_column("delivery", sa.Column("alone", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.create_index(
        "delivery_digest",
        "delivery",
        ["digest"],
        sqlite_where=sa.text("digest IS NOT NULL"),
        postgresql_where=sa.text("digest IS NOT NULL"),
    )
    op.create_table(
        "budget",
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("lane_id", sa.Text, nullable=False),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("ended", sa.Text, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("rest_until", sa.Float, nullable=False, server_default=sa.text("0")),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("month", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("used", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("warned", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("open_since", sa.Float),
        sa.Column("open_answer", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("open_remedy", sa.Text, nullable=False, server_default=sa.text("''")),
    )
    op.create_index("budget_lane", "budget", ["lane_id"])
    # Until now a robot's lane had the name of its token.
    op.execute(
        "INSERT INTO budget (token, lane_id, vendor, ended, rest_until, failures) "
        "SELECT id, id, vendor, recent, next_at, failures FROM lane WHERE kind = 'robot'"
    )
    op.drop_column("lane", "recent")
    op.drop_column("lane", "failures")
