"""The tone of a store's texts, what it promises in them, and the locale of the pages before a checkout"""

import sqlalchemy as sa
from alembic import op

revision = "0006_texts"
down_revision = "0005_hours"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("store", sa.Column("formality", sa.Text()))
    # A table of few rows: they are looked at while it is locked.
    op.create_check_constraint("ck_store_formality", "store", "formality IN ('formal', 'informal')")
    # A constant default is kept in the catalog: no row is written.
    for name in ("reserves_carts", "economy_texts"):
        op.add_column("store", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("cart", sa.Column("storefront_locale", sa.Text()))


def downgrade() -> None:
    op.drop_column("cart", "storefront_locale")
    for name in ("economy_texts", "reserves_carts", "formality"):
        op.drop_column("store", name)
