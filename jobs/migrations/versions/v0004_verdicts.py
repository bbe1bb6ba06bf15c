"""What a fault did to a card, and from where it can be gone on with."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (
        ("card", sa.String(12)),
        ("fault", sa.String(16)),
        ("resume_stroke", sa.Integer()),
        ("resume_mm", sa.Float()),
    ):
        op.add_column("attempt", sa.Column(name, kind, nullable=True))
    op.add_column("attempt", sa.Column("resumable", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("attempt", sa.Column("resumed", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_table(
        "tally",
        sa.Column("plotter", sa.String(40), primary_key=True),
        sa.Column("fault", sa.String(16), primary_key=True),
        sa.Column("card", sa.String(12), primary_key=True),
        sa.Column("times", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("tally")
    for name in ("resumed", "resumable", "resume_mm", "resume_stroke", "fault", "card"):
        op.drop_column("attempt", name)
