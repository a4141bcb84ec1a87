"""Indexes by which the rows of a deleted store, contact or text find each other"""

from alembic import op

revision = "0002_indexes_for_deleting"
down_revision = "0001_tables"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_enrollment_contact": ("enrollment", ["store_id", "contact_id"]),
    "ix_link_store_id_message_id": ("link", ["store_id", "message_id"]),
    "ix_message_store_id_enrollment_id": ("message", ["store_id", "enrollment_id"]),
    "ix_reply_store_id_contact_id": ("reply", ["store_id", "contact_id"]),
    "ix_sender_contact_store_id_contact_id": ("sender_contact", ["store_id", "contact_id"]),
}
# Active enrollments only; the new one serves the same look-ups.
REPLACED = "ix_enrollment_store_id_contact_id"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # A concurrent build waits for older transactions and holds nobody up meanwhile. One that was
        # interrupted leaves an index that is of no use: what is there of an earlier try goes first.
        op.execute("SET lock_timeout = 0")
        for name, (table, columns) in INDEXES.items():
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            op.create_index(name, table, columns, postgresql_concurrently=True)
        op.drop_index(REPLACED, "enrollment", postgresql_concurrently=True, if_exists=True)
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(REPLACED, "enrollment", postgresql_concurrently=True, if_exists=True)
        op.execute(
            f"CREATE INDEX CONCURRENTLY {REPLACED} ON enrollment (store_id, contact_id) WHERE state = 'active'"
        )
        for name, (table, _) in reversed(INDEXES.items()):
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
        op.execute("SET lock_timeout = '4s'")
