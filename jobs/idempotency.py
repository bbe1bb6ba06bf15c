"""The same request twice is one order: a key, the first answer, and what to say to a second asker."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from jobs import schema
from jobs.store import Store

KEPT = timedelta(hours=24)  # as integrators know it from the mail APIs
ABANDONED = timedelta(seconds=60)  # a request that has not answered by then died with its controller

_table = schema.idempotency


@dataclass(frozen=True)
class Begun:
    """Nobody has asked this before: do it, and `finish` in the same transaction as what it does."""


@dataclass(frozen=True)
class Replay:
    """It was done: give the first answer again."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Running:
    """The first asker has no answer yet (409)."""


@dataclass(frozen=True)
class Mismatch:
    """The key came before with another request (422)."""


def fingerprint(*parts: bytes) -> str:
    """SHA-256 over the request's parts (method, path, body), each with its length, as 64 hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


class Idempotency:
    """Idempotency keys of one store, by principal.

    Exactly once: do the work and `finish` inside one `with store.transaction():`. A crash leaves both or neither; what
    a dead controller had begun may be begun again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, principal: str, key: str, request: str) -> Begun | Replay | Running | Mismatch:
        """Claim the key for the request (its `fingerprint`), or say what became of it."""
        mine = (_table.c.principal == principal) & (_table.c.key == key)
        try:
            with self._store.transaction() as connection:
                now = self._store.now(connection)
                connection.execute(delete(_table).where(_table.c.begun_at < now - KEPT))
                row = connection.execute(select(_table).where(mine).with_for_update()).one_or_none()
                fresh = {"request": request, "begun_at": now, "holder": self._store.boot}
                if row is None:
                    connection.execute(insert(_table).values(principal=principal, key=key, **fresh))
                    return Begun()
                if row.request != request:
                    return Mismatch()
                if row.status is not None:
                    return Replay(row.status, row.headers or {}, row.body or "")
                # SQLite has one controller, so another holder is a dead one; on PostgreSQL only time tells.
                dead = self._store.engine.dialect.name == "sqlite" and row.holder != self._store.boot
                if dead or row.begun_at < now - ABANDONED:
                    connection.execute(update(_table).where(mine).values(**fresh))
                    return Begun()
                return Running()
        except IntegrityError:  # another asker inserted the key between our look and our insert
            return self.begin(principal, key, request)

    def finish(
        self, principal: str, key: str, status: int, body: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Keep the answer. Call it within the transaction that does the work."""
        with self._store.transaction() as connection:
            connection.execute(
                update(_table)
                .where(_table.c.principal == principal, _table.c.key == key)
                .values(status=status, body=body, headers=dict(headers or {}))
            )

    def forget(self, principal: str, key: str) -> None:
        """Nothing was done (the request was refused before it did anything): the key is free again."""
        with self._store.transaction() as connection:
            mine = (_table.c.principal == principal) & (_table.c.key == key) & _table.c.status.is_(None)
            connection.execute(delete(_table).where(mine))
