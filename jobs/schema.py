"""The tables. A rule that must never be broken is an index here, not a habit of the code above."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

HEAD = "0007"
"""The newest migration; a database that stands here is used without loading the migration tool."""


class Utc(TypeDecorator[datetime]):
    """An instant; comes back with its UTC on engines that keep no zone. Naive times are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone is no instant")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class xact(FunctionElement[int]):  # noqa: N801  a spelling of SQL
    """The number of the transaction under way on PostgreSQL, where commits may overtake one another; 0 on SQLite."""

    type = BigInteger()
    inherit_cache = True


class settled(FunctionElement[int]):  # noqa: N801
    """The transaction number below which everything has ended: no event can appear there any more."""

    type = BigInteger()
    inherit_cache = True


@compiles(xact, "postgresql")
def _xact_pg(*_: Any, **__: Any) -> str:
    return "((pg_current_xact_id())::text)::bigint"


@compiles(xact, "sqlite")
def _xact_sqlite(*_: Any, **__: Any) -> str:
    return "0"


@compiles(settled, "postgresql")
def _settled_pg(*_: Any, **__: Any) -> str:
    return "((pg_snapshot_xmin(pg_current_snapshot()))::text)::bigint"


@compiles(settled, "sqlite")
def _settled_sqlite(*_: Any, **__: Any) -> str:
    return "1"


metadata = MetaData()

# SQLite counts rows by INTEGER PRIMARY KEY only; a BIGINT would not count up.
_Count = BigInteger().with_variant(Integer, "sqlite")


def _only(which: str) -> dict[str, Any]:
    """An index of these rows alone."""
    return {"postgresql_where": text(which), "sqlite_where": text(which)}


batch = Table(
    "batch",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("failures", JSON, nullable=False),
    Column("warnings", JSON, nullable=False, server_default=text("'[]'")),
    Column("created_at", Utc, nullable=False),
    Column("started_at", Utc),
)

job = Table(
    "job",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("state", String(12), nullable=False),
    # What was asked for. The strokes and the G-code are pure functions of it and are not kept.
    Column("text", Text),
    Column("template", Text),
    Column("fields", JSON, nullable=False),
    Column("hand", Text, nullable=False),
    Column("stock", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("frames", JSON, nullable=False),
    # How it asks to be written beyond that: only what it asks for stands here.
    Column("asks", JSON, nullable=False, server_default=text("'{}'")),
    # What the rehearsal found.
    Column("words", Text, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("strokes", Integer, nullable=False),
    Column("ink_mm", Float, nullable=False),
    Column("warnings", JSON, nullable=False, server_default=text("'[]'")),
    # How the customer wants it handled.
    Column("priority", Integer, nullable=False),
    Column("hold", Boolean, nullable=False),
    Column("plotter", Text),
    Column("external_id", Text),
    Column("metadata", JSON, nullable=False),
    Column("batch", String(40), ForeignKey("batch.id")),
    Column("row", Integer),
    # How it stands.
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    # The queue: a claim reads its first fitting row.
    Index("job_queue", "stock", text("priority DESC"), "id", **_only("state = 'ready'")),
    Index("job_state", "state", "id"),
    Index("job_external_id", "external_id"),
    # One row of an upload makes one job, however often the upload is tried.
    Index("job_batch_row", "batch", "row", unique=True),
)

attempt = Table(
    "attempt",
    metadata,
    Column("job", String(40), ForeignKey("job.id"), primary_key=True),
    # The fence: equal to job.attempts while this attempt is the job's newest.
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("plotter", Text, nullable=False),
    # Where on its bed the card lies.
    Column("slot", String(40)),
    Column("boot", String(40), nullable=False),
    Column("claimed_at", Utc, nullable=False),
    Column("lease_until", Utc, nullable=False),
    Column("ink_at", Utc),
    Column("ended_at", Utc),
    Column("outcome", String(12)),
    Column("reason", Text, nullable=False),
    Column("stroke", Integer, nullable=False),
    Column("strokes", Integer, nullable=False),
    Column("x", Float),
    Column("y", Float),
    # Machine time to its end from the last stroke proven drawn, while it is being written.
    Column("left_s", Float),
    Column("seconds", Float),
    Column("position_known", Boolean),
    # What the card is worth since it broke off, by which fault, and where it can be gone on with.
    Column("card", String(12)),
    Column("fault", String(16)),
    Column("resume_stroke", Integer),
    Column("resume_mm", Float),
    # Whether its plotter stands ready, at a proven place, to go on with it; and how often a person had it gone on with.
    Column("resumable", Boolean, nullable=False, server_default=false()),
    Column("resumed", Integer, nullable=False, server_default=text("0")),
    Column("wanted", String(12)),
    Column("held", Boolean, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Utc),
    Column("decision", String(12)),
    Column("note", Text),
    Column("ink", LargeBinary),
    # Never two pens on one card; never a second card on a plotter whose last one waits for a person's word.
    Index("attempt_open_job", "job", unique=True, **_only("ended_at IS NULL")),
    Index("attempt_open_plotter", "plotter", unique=True, **_only("ended_at IS NULL")),
)

# How often each fault has happened on each plotter, and what was left of the card.
tally = Table(
    "tally",
    metadata,
    Column("plotter", String(40), primary_key=True),
    Column("fault", String(16), primary_key=True),
    Column("card", String(12), primary_key=True),
    Column("times", Integer, nullable=False),
)

plotter = Table(
    "plotter",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("mode", String(12), nullable=False),
    Column("condition", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("capacity", Integer, nullable=False),
    # Which start of which controller runs it; empty when none does.
    Column("boot", String(40)),
    Column("seen_at", Utc),
)

# Where cards lie on a plotter's bed: what a person has said lies there, and where it was measured to lie.
slot = Table(
    "slot",
    metadata,
    Column("plotter", String(40), primary_key=True),
    Column("name", String(40), primary_key=True),
    # Slots are written in this order.
    Column("place", Integer, nullable=False),
    # Blank cards that a person has confirmed there, and their paper, which is remembered when they are used up.
    Column("blanks", Integer, nullable=False),
    Column("stock", Text),
    # The job that was last written there and whose card nobody has taken away yet.
    Column("job", String(40)),
    # Of a feeder: "asked" (has a card come?), "here" (a fresh card lies there), "missing" (none came), else "".
    Column("feed", String(8), nullable=False),
    # Where two touched corners said that it lies, in the place of the configuration.
    Column("x_mm", Float),
    Column("y_mm", Float),
    Column("rotation_deg", Float),
    Column("measured_at", Utc),
    Column("measured_by", Text),
)

# The pens that plotters carry: one fitted at a time; those before it are kept for what they have drawn.
pen = Table(
    "pen",
    metadata,
    Column("number", _Count, primary_key=True, autoincrement=True),
    Column("plotter", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Metres it held when it was fitted; empty when nobody knows.
    Column("ink_m", Float),
    # Heights and settle times that a person has set for it, where they are not its profile's.
    Column("lift", JSON, nullable=False),
    Column("fitted_at", Utc, nullable=False),
    Column("fitted_by", Text, nullable=False),
    Column("removed_at", Utc),
    Column("warmed_at", Utc),
    Column("used_mm", Float, nullable=False),
    Column("cards", Integer, nullable=False),
    Column("lifts", Integer, nullable=False),
    Index("pen_open", "plotter", unique=True, **_only("removed_at IS NULL")),
    sqlite_autoincrement=True,
)

# What a plotter has done in its life, whatever pen it carried.
wear = Table(
    "wear",
    metadata,
    Column("plotter", String(40), primary_key=True),
    Column("drawn_mm", Float, nullable=False),
    Column("cards", Integer, nullable=False),
    Column("lifts", BigInteger, nullable=False),
)

# Looks at whether a machine stands where it believes to stand; open while a person's answer or word is awaited.
check = Table(
    "check",
    metadata,
    Column("number", _Count, primary_key=True, autoincrement=True),
    Column("plotter", Text, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("at", Utc, nullable=False),
    Column("good", Boolean),
    Column("error_mm", Float),
    # How many cards it judged: those written since the last good one.
    Column("cards", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("answered_at", Utc),
    Column("answered_by", Text),
    Column("settled_at", Utc),
    Column("settled_by", Text),
    Index("check_plotter", "plotter", "number"),
    Index("check_open", "plotter", unique=True, **_only("settled_at IS NULL")),
    sqlite_autoincrement=True,
)

event = Table(
    "event",
    metadata,
    Column("number", _Count, primary_key=True, autoincrement=True),
    Column("xact", BigInteger, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("at", Utc, nullable=False),
    Column("actor", Text, nullable=False),
    Column("job", String(40)),
    Column("plotter", Text),
    Column("data", JSON, nullable=False),
    # Numbers are given out before commits happen: readers go by (xact, number) below `settled`.
    Index("event_order", "xact", "number"),
    Index("event_job", "job", "number"),
    sqlite_autoincrement=True,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("principal", String(80), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("begun_at", Utc, nullable=False),
    Column("holder", String(40), nullable=False),
    Column("status", Integer),
    Column("headers", JSON),
    Column("body", Text),
)
