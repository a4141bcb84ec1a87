"""Codes that texts offer, those that a cart has already, and the sale that a store's platform told"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013_discounts"
down_revision = "0012_after_tap"
branch_labels = None
depends_on = None


def moment(name: str, nullable: bool = True) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "discount",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False),
        sa.Column("cart_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("step_key", sa.Text(), nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("season", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Numeric(16, 4)),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("minimum", sa.Numeric(16, 4)),
        sa.Column("products", postgresql.JSONB()),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        moment("ends_at", nullable=False),
        moment("created_at", nullable=False),
        moment("made_at"),
        moment("ended_at"),
        moment("withdrawn_at"),
        sa.CheckConstraint("state IN ('wanted', 'made', 'ended')", name="ck_discount_state"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name="fk_discount_store_id", ondelete="CASCADE"),
        *(
            sa.ForeignKeyConstraint(
                ["store_id", f"{table}_id"],
                [f"{table}.store_id", f"{table}.id"],
                name=f"fk_discount_store_id_{table}_id",
                ondelete="CASCADE",
            )
            for table in ("enrollment", "cart", "contact")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_discount"),
        sa.UniqueConstraint("store_id", "id", name="uq_discount_store_id_id"),
        sa.UniqueConstraint(
            "store_id", "enrollment_id", "step_key", name="uq_discount_store_id_enrollment_id_step_key"
        ),
        sa.UniqueConstraint("store_id", "code", name="uq_discount_store_id_code"),
    )
    for columns in (["cart_id"], ["contact_id", "created_at"], ["season"]):
        op.create_index(f"ix_discount_store_id_{'_'.join(columns)}", "discount", ["store_id", *columns])
    op.add_column(
        "cart",
        sa.Column(
            "discount_codes", postgresql.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")
        ),
    )
    op.add_column("store", sa.Column("sale", postgresql.JSONB()))
    op.add_column("store", sa.Column("sale_read_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("store", "sale_read_at")
    op.drop_column("store", "sale")
    op.drop_column("cart", "discount_codes")
    op.drop_table("discount")
