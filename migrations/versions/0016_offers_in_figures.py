"""What texts with an offer bring, and what it costs, in the figures of a day"""

import sqlalchemy as sa
from alembic import op

revision = "0016_offers_in_figures"
down_revision = "0015_missing_codes"
branch_labels = None
depends_on = None

COLUMNS = {
    "offered": sa.BigInteger(),
    "orders_with_code": sa.BigInteger(),
    "revenue_with_code": sa.Numeric(16, 4),
    "given_away": sa.Numeric(16, 4),
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("daily_figure", sa.Column(name, kind, nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("daily_figure", name)
