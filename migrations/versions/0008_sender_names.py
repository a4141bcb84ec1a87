"""A store's name as a sender, apart from its number, and where that name is registered"""

import sqlalchemy as sa
from alembic import op

revision = "0008_sender_names"
down_revision = "0007_data_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Code of the version before reads ``sender`` alone: meanwhile such a store's texts come from the pool.
    op.execute("ALTER TABLE store ADD COLUMN sender_name text")
    op.execute("UPDATE store SET sender_name = sender, sender = NULL WHERE sender ~ '[A-Za-z]'")
    op.create_table(
        "sender_registration",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('asked', 'registered', 'refused')", name="state"),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name="fk_sender_registration_store_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sender_registration"),
        sa.UniqueConstraint("store_id", "id", name="uq_sender_registration_store_id_id"),
        sa.UniqueConstraint("store_id", "country", name="uq_sender_registration_store_id_country"),
    )


def downgrade() -> None:
    op.drop_table("sender_registration")
    op.execute("UPDATE store SET sender = sender_name WHERE sender IS NULL")
    op.execute("ALTER TABLE store DROP COLUMN sender_name")
