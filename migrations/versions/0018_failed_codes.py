"""Why a shop did not make a code, which operators count and merchants are told"""

import sqlalchemy as sa
from alembic import op

revision = "0018_failed_codes"
down_revision = "0017_session_life"
branch_labels = None
depends_on = None

FAILED = "ix_discount_failed"
COLUMNS = {"failure": sa.Text(), "failure_told": sa.Text(), "failed_at": sa.DateTime(timezone=True)}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("discount", sa.Column(name, kind), if_not_exists=True)
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(FAILED, "discount", postgresql_concurrently=True, if_exists=True)
        op.execute(f"CREATE INDEX CONCURRENTLY {FAILED} ON discount (failed_at) WHERE failure IS NOT NULL")
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(FAILED, "discount", postgresql_concurrently=True, if_exists=True)
        op.execute("SET lock_timeout = '4s'")
    for name in reversed(COLUMNS):
        op.drop_column("discount", name, if_exists=True)
