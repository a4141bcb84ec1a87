"""Who asked for data or their erasure, the exports, and from when on evidence of an erased number is kept"""

import sqlalchemy as sa
from alembic import op

revision = "0007_data_requests"
down_revision = "0006_texts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    origin = sa.Column("origin", sa.Text(), nullable=False, server_default=sa.text("'platform'"))
    op.add_column("compliance_request", origin)
    op.add_column("consent_event", sa.Column("last_text_at", sa.DateTime(timezone=True)))
    op.create_table(
        "data_export",
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True)),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name="fk_data_export_store_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "request_id"],
            ["compliance_request.store_id", "compliance_request.id"],
            name="fk_data_export_store_id_request_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_data_export"),
        sa.UniqueConstraint("store_id", "id", name="uq_data_export_store_id_id"),
        sa.UniqueConstraint("store_id", "request_id", name="uq_data_export_store_id_request_id"),
    )


def downgrade() -> None:
    op.drop_table("data_export")
    op.drop_column("consent_event", "last_text_at")
    op.drop_column("compliance_request", "origin")
