"""The pause that a broken connection interrupted"""

import sqlalchemy as sa
from alembic import op

revision = "0011_interrupted_pause"
down_revision = "0010_sender_pace"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("store", sa.Column("interrupted_pause", sa.Text()))


def downgrade() -> None:
    op.drop_column("store", "interrupted_pause")
