"""Find the codes that a shop did not make, which its merchant is told of"""

from alembic import op

revision = "0015_missing_codes"
down_revision = "0014_plugin_call"
branch_labels = None
depends_on = None

MISSING = "ix_discount_not_made"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(MISSING, "discount", postgresql_concurrently=True, if_exists=True)
        op.execute(
            f"CREATE INDEX CONCURRENTLY {MISSING} ON discount (store_id, ended_at) WHERE reason = 'not_made'"
        )
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(MISSING, "discount", postgresql_concurrently=True, if_exists=True)
        op.execute("SET lock_timeout = '4s'")
