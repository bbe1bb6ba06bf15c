"""How a note asks to be written, and what its rehearsal warned of."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("asks", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("job", sa.Column("warnings", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))


def downgrade() -> None:
    op.drop_column("job", "warnings")
    op.drop_column("job", "asks")
