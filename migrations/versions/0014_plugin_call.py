"""What a shop's companion plugin asked lately: no question counts twice, and there is a limit to them"""

import sqlalchemy as sa
from alembic import op

revision = "0014_plugin_call"
down_revision = "0013_discounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plugin_call",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name="fk_plugin_call_store_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "nonce", name="pk_plugin_call"),
    )


def downgrade() -> None:
    op.drop_table("plugin_call")
