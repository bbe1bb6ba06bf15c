"""Where on a bed each card lies."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slot",
        sa.Column("plotter", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("blanks", sa.Integer(), nullable=False),
        sa.Column("stock", sa.Text(), nullable=True),
        sa.Column("job", sa.String(length=40), nullable=True),
        sa.Column("feed", sa.String(length=8), nullable=False),
        sa.Column("x_mm", sa.Float(), nullable=True),
        sa.Column("y_mm", sa.Float(), nullable=True),
        sa.Column("rotation_deg", sa.Float(), nullable=True),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("measured_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("plotter", "name"),
    )
    # Until now each plotter had one place for cards.
    op.execute(
        "INSERT INTO slot (plotter, name, place, blanks, stock, feed) "
        "SELECT name, 'card', 0, 0, loaded_stock, '' FROM plotter"
    )
    op.add_column("attempt", sa.Column("slot", sa.String(length=40), nullable=True))
    op.drop_column("plotter", "blanks")
    op.drop_column("plotter", "loaded_stock")


def downgrade() -> None:
    op.add_column("plotter", sa.Column("loaded_stock", sa.Text(), nullable=True))
    op.add_column("plotter", sa.Column("blanks", sa.Integer(), nullable=False, server_default="0"))
    op.drop_column("attempt", "slot")
    op.drop_table("slot")
