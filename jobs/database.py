"""Opening the database: SQLite or PostgreSQL behind one URL, its rules, its migrations, and who may own it."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from jobs.bell import Bell
from jobs.job import Taken
from jobs.schema import HEAD

# Nobody else should write to the file; while somebody does, a pen may be waiting on paper for its progress report.
_BUSY_S = 1.0
_MIGRATION_LOCK = 7_315_002  # any number of our own: pg_advisory_lock keys are shared by one database
_PLOTTER_LOCK = 7_315_003
_PATIENCE_S = 5


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://...`; raises ValueError on any other URL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The URL is not repeated: there may be a password in it.
        raise ValueError("the database is no URL: write sqlite:///fairhand.db or postgresql://...") from None
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise ValueError("the store wants a file: sqlite:///fairhand.db")
        make_folder(Path(parsed.database or "").parent)
        engine = create_engine(parsed, pool_size=20, max_overflow=40, connect_args={"timeout": _BUSY_S})
        event.listen(engine, "connect", _sqlite_rules)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=10,
            max_overflow=20,
            pool_pre_ping=True,
            connect_args={
                # A frozen controller must not keep its row locks for ever.
                # Nor may a host that is gone keep its plotters: both ends ask after each other.
                "options": "-c idle_in_transaction_session_timeout=30000 -c lock_timeout=10000 "
                "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "application_name": "fairhand",
            },
        )
    raise ValueError(f"the store speaks sqlite:/// and postgresql://, not {parsed.get_backend_name()}://")


def make_folder(folder: Path) -> None:
    """The folder of a database, made where it is missing; raises ValueError in words."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"the database's folder {folder} cannot be made ({error.strerror})") from None


def _sqlite_rules(raw: Any, _: object) -> None:
    raw.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "journal_mode=WAL",
        # FULL: after a mains failure `pen_down` must still be there, else the card would be written again.
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def migrate(engine: Engine, to: str = "head") -> None:
    """Bring the tables to the newest form, whoever else starts at the same time."""
    version = _version(engine)
    if to == "head" and version == HEAD:
        return
    if version is not None and version > HEAD:
        raise ValueError(f"the database is of a newer Fairhand (its tables are {version}, ours {HEAD}); use that one")
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        (command.upgrade if to == "head" else command.downgrade)(config, to)


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


class Ownership:
    """What this process alone may drive. Ends with the process, however that ends.

    On SQLite the whole file (flock on `<file>.lock`, taken at once); on PostgreSQL each plotter by name (a session's
    advisory lock). Raises Taken, with the words for the operator.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file: IO[str] | None = None
        self._session: Connection | None = None
        self._lock = threading.Lock()
        if engine.dialect.name == "sqlite":
            self._take_file(Path(f"{os.path.realpath(str(engine.url.database))}.lock"))

    def _take_file(self, path: Path) -> None:
        # A file of its own: closing any handle on the database file would drop SQLite's locks on it.
        try:
            holder = path.open("a+")
        except OSError as error:
            raise ValueError(f"{path} cannot be written ({error.strerror}); it stands beside the database") from None
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder.seek(0)
            pid = holder.read().strip()
            holder.close()
            raise Taken(
                f"{self._engine.url.database} is in use by another server (process {pid or 'unknown'}); "
                "stop that one first, or give this one its own database"
            ) from None
        holder.truncate(0)
        holder.write(str(os.getpid()))
        holder.flush()
        self._file = holder

    def take_plotter(self, name: str) -> None:
        """Be the only controller that drives the plotter; taking it again is no harm."""
        if self._engine.dialect.name == "sqlite":
            return
        with self._lock:
            if self._session is None or self._session.closed or self._session.invalidated:
                self._session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                # The server needs a moment to notice that a killed controller is gone.
                self._session.execute(text(f"SET lock_timeout = '{_PATIENCE_S}s'"))
            try:
                self._session.execute(
                    text("SELECT pg_advisory_lock(:room, hashtext(:name))"), {"room": _PLOTTER_LOCK, "name": name}
                )
            except OperationalError as error:
                from psycopg.errors import LockNotAvailable  # SQLite shops never load psycopg

                if not isinstance(error.orig, LockNotAvailable):
                    raise
                raise Taken(f"the plotter {name} is driven by another running server; stop that one first") from None

    def release(self) -> None:
        """Give everything back."""
        with self._lock:
            if self._session is not None:
                self._session.invalidate()  # ends the session itself: back in the pool it would keep its locks
                self._session.close()
                self._session = None
        if self._file is not None:
            self._file.close()
            self._file = None


class Database:
    """An opened and migrated database: transactions for writing, snapshots for reading, the instant, the bell.

    `now` replaces the clock. Raises Taken when another controller owns the SQLite file, ValueError when the database
    cannot be opened.
    """

    def __init__(self, url: str, *, now: Callable[[], datetime] | None = None) -> None:
        self.bell = Bell()
        self._now = now
        self.engine = open_engine(url)
        self._local = threading.local()
        self._proved = 0
        # SQLite has one writer at a time: waiting here is fair, waiting in the file is not.
        self._turn = threading.RLock() if self.engine.dialect.name == "sqlite" else None
        ownership = None
        try:
            self.ownership = ownership = Ownership(self.engine)
            migrate(self.engine)
        except BaseException as error:
            if ownership is not None:
                ownership.release()
            self.engine.dispose()
            if isinstance(error, DBAPIError):
                where = self.engine.url.render_as_string(hide_password=True)
                raise ValueError(f"the database {where} cannot be opened: {str(error.orig).strip()}") from error
            raise

    def close(self) -> None:
        """Let go of the database and of everything owned."""
        self.ownership.release()
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction for writing; joins one that this thread has open. Rings the bell after the commit."""
        if (outer := getattr(self._local, "connection", None)) is not None:
            yield outer
            return
        if self._turn is not None:
            self._turn.acquire()
        topics: set[str] = set()
        try:
            with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
                self._local.connection, self._local.topics = connection, topics
                yield connection
        finally:
            self._local.connection = None
            if self._turn is not None:
                self._turn.release()
        if topics:
            self.bell.ring(*topics)

    def prove(self) -> None:
        """That something can be written and kept; raises DBAPIError. A full disk still lets everything be read.

        Nothing of it is kept: a page that is written anyway, or a word in PostgreSQL's log that nobody reads.
        """
        with self.transaction() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA user_version = 0" if self._proved % 2 else "PRAGMA user_version = 1")
                self._proved += 1
            else:
                connection.execute(text("SELECT pg_logical_emit_message(true, 'fairhand', '')"))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot for reading; within `transaction` it sees what that has written."""
        if (outer := getattr(self._local, "connection", None)) is not None:
            yield outer
            return
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def ring_after_commit(self, *topics: str) -> None:
        """Ring these topics once the transaction under way has been committed."""
        self._local.topics.update(topics)

    def now(self, connection: Connection) -> datetime:
        """The instant: the database's on PostgreSQL, so that all controllers agree; else this machine's."""
        if self._now is not None:
            return self._now()
        if self.engine.dialect.name == "postgresql":
            return connection.execute(select(func.clock_timestamp())).scalar_one().astimezone(UTC)  # type: ignore[no-any-return]
        return datetime.now(UTC)
