"""What a shopper chose on the preference page, and how often somebody tried to prove a number"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_preferences"
down_revision = "0003_settled_replies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contact", sa.Column("preferred_language", sa.Text()))
    op.add_column("contact", sa.Column("quiet_from", sa.Time()))
    op.add_column("contact", sa.Column("quiet_to", sa.Time()))
    # A constant default is kept in the catalog: no row is written.
    kinds = postgresql.ARRAY(sa.Text())
    op.add_column("contact", sa.Column("kinds_off", kinds, nullable=False, server_default=sa.text("'{}'")))
    op.create_table(
        "proof_attempt",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name="fk_proof_attempt_store_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"],
            ["contact.store_id", "contact.id"],
            name="fk_proof_attempt_store_id_contact_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("store_id", "contact_id", "day", name="pk_proof_attempt"),
    )


def downgrade() -> None:
    op.drop_table("proof_attempt")
    for name in ("kinds_off", "quiet_to", "quiet_from", "preferred_language"):
        op.drop_column("contact", name)
