"""Carts and orders of people who were erased stay nobody's, whatever the platform tells of them later"""

import sqlalchemy as sa
from alembic import op

revision = "0019_erased_carts"
down_revision = "0018_failed_codes"
branch_labels = None
depends_on = None

TABLES = ("cart", "order")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "erased_at")
