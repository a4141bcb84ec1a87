"""A store's own hours and pauses, the hours it learnt to avoid, and the pace of senders"""

import sqlalchemy as sa
from alembic import op

revision = "0005_hours"
down_revision = "0004_preferences"
branch_labels = None
depends_on = None

# A constant default is kept in the catalog: no row is written.
STORE = (
    ("quiet_from", "time"),
    ("quiet_to", "time"),
    ("days_off", "smallint[] NOT NULL DEFAULT '{}'"),
    ("paused_until", "timestamptz"),
    ("avoids_hours", "boolean NOT NULL DEFAULT true"),
    ("avoided_hours", "smallint[] NOT NULL DEFAULT '{}'"),
)
OPEN = "ix_reply_open"


def upgrade() -> None:
    # The index is built outside the transaction: a second try finds what the first has made.
    for name, kind in STORE:
        op.execute(f"ALTER TABLE store ADD COLUMN IF NOT EXISTS {name} {kind}")
    op.execute("ALTER TABLE message ADD COLUMN IF NOT EXISTS local_hour smallint")
    op.create_table(
        "hour_figure",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("texts", sa.BigInteger(), nullable=False),
        sa.Column("stops", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name="fk_hour_figure_store_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "day", "hour", name="pk_hour_figure"),
        if_not_exists=True,
    )
    op.create_table(
        "sender_pace",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "sender", name="pk_sender_pace"),
        if_not_exists=True,
    )
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(OPEN, "reply", postgresql_concurrently=True, if_exists=True)
        op.execute(
            f"CREATE INDEX CONCURRENTLY {OPEN} ON reply (store_id, contact_id, received_at)"
            " WHERE needs_person AND settled_at IS NULL"
        )
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(OPEN, "reply", postgresql_concurrently=True, if_exists=True)
        op.execute("SET lock_timeout = '4s'")
    op.execute("DROP TABLE IF EXISTS sender_pace")
    op.execute("DROP TABLE IF EXISTS hour_figure")
    op.execute("ALTER TABLE message DROP COLUMN IF EXISTS local_hour")
    for name, _ in reversed(STORE):
        op.execute(f"ALTER TABLE store DROP COLUMN IF EXISTS {name}")
