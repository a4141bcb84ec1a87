"""How long a store keeps each kind of data, and what was erased when"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_retention"
down_revision = "0008_sender_names"
branch_labels = None
depends_on = None

AGENTS = "ix_click_agent"


def upgrade() -> None:
    # The index is built outside the transaction: a second try finds what the first has made.
    chosen = sa.Column("retention", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'"))
    op.add_column("store", chosen, if_not_exists=True)
    op.add_column("store", sa.Column("retained_at", sa.DateTime(timezone=True)), if_not_exists=True)
    op.create_table(
        "retention_run",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("erased", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["store.id"], name="fk_retention_run_store_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "day", "kind", name="pk_retention_run"),
        if_not_exists=True,
    )
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(AGENTS, "click", postgresql_concurrently=True, if_exists=True)
        op.execute(
            f"CREATE INDEX CONCURRENTLY {AGENTS} ON click (store_id, occurred_at) WHERE agent IS NOT NULL"
        )
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(AGENTS, "click", postgresql_concurrently=True, if_exists=True)
        op.execute("SET lock_timeout = '4s'")
    op.execute("DROP TABLE IF EXISTS retention_run")
    for name in ("retained_at", "retention"):
        op.execute(f"ALTER TABLE store DROP COLUMN IF EXISTS {name}")
