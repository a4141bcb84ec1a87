"""Replies that a person has settled, and where a store asks for a double opt-in"""

from alembic import op

revision = "0003_settled_replies"
down_revision = "0002_indexes_for_deleting"
branch_labels = None
depends_on = None

COLUMNS = (
    ("reply", "settled_at timestamptz"),
    ("reply", "settled_as text"),
    ("store", "double_opt_in_countries text[] NOT NULL DEFAULT '{}'"),
)
OPEN = "ix_reply_needs_person"


def upgrade() -> None:
    # The index is built outside the transaction: a second try finds the columns of the first.
    for table, column in COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column}")
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(OPEN, "reply", postgresql_concurrently=True, if_exists=True)
        op.execute(
            f"CREATE INDEX CONCURRENTLY {OPEN} ON reply (store_id, received_at, id) WHERE needs_person"
        )
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(OPEN, "reply", postgresql_concurrently=True, if_exists=True)
        op.execute("SET lock_timeout = '4s'")
    for table, column in reversed(COLUMNS):
        op.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {column.partition(' ')[0]}")
