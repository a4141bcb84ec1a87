"""How long a login lasts is said by the link that opened it"""

import sqlalchemy as sa
from alembic import op

revision = "0017_session_life"
down_revision = "0016_offers_in_figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    life = sa.Column("session_life", sa.Interval(), nullable=False, server_default=sa.text("'14 days'"))
    op.add_column("login_link", life)


def downgrade() -> None:
    op.drop_column("login_link", "session_life")
