"""How far shoppers come after the tap, and on which kind of device"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_after_tap"
down_revision = "0011_interrupted_pause"
branch_labels = None
depends_on = None

FIGURES = ("reached_contact", "reached_shipping", "reached_payment", "reached_order")


def upgrade() -> None:
    op.add_column("link", sa.Column("progress", postgresql.JSONB()))
    op.add_column("cart", sa.Column("device", sa.Text()))
    op.add_column("order", sa.Column("device", sa.Text()))
    for name in FIGURES:
        op.add_column(
            "daily_figure", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        )


def downgrade() -> None:
    for name in reversed(FIGURES):
        op.drop_column("daily_figure", name)
    op.drop_column("order", "device")
    op.drop_column("cart", "device")
    op.drop_column("link", "progress")
