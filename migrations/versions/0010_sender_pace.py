"""Until when a sender is busy with what has left, beside when the next turn is free"""

import sqlalchemy as sa
from alembic import op

revision = "0010_sender_pace"
down_revision = "0009_retention"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sender_pace", sa.Column("busy_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("sender_pace", "busy_until")
