"""The care of machines: pens and what they have drawn, checks of a machine's place."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _number() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("number", kind, autoincrement=True, nullable=False)


def _one_open(table: str, open_while: str) -> None:
    where = sa.text(f"{open_while} IS NULL")
    op.create_index(f"{table}_open", table, ["plotter"], unique=True, postgresql_where=where, sqlite_where=where)


def upgrade() -> None:
    op.create_table(
        "pen",
        _number(),
        sa.Column("plotter", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ink_m", sa.Float(), nullable=True),
        sa.Column("lift", sa.JSON(), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fitted_by", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_mm", sa.Float(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.Column("lifts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    _one_open("pen", "removed_at")
    op.create_table(
        "wear",
        sa.Column("plotter", sa.String(length=40), nullable=False),
        sa.Column("drawn_mm", sa.Float(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.Column("lifts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("plotter"),
    )
    op.create_table(
        "check",
        _number(),
        sa.Column("plotter", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=True),
        sa.Column("error_mm", sa.Float(), nullable=True),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index("check_plotter", "check", ["plotter", "number"], unique=False)
    _one_open("check", "settled_at")


def downgrade() -> None:
    for table in ("check", "wear", "pen"):
        op.drop_table(table)
