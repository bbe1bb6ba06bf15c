"""What a batch was warned of, and a person's remark beside the machine's reason."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch", sa.Column("warnings", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("attempt", sa.Column("note", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempt", "note")
    op.drop_column("batch", "warnings")
