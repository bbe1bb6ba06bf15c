"""How long the card in hand still takes."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("left_s", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempt", "left_s")
