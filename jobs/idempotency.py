"""The same request twice is one order: a key, the first answer, and what to say to a second asker."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from jobs import schema
from jobs.job import Stale
from jobs.store import Store

KEPT = timedelta(hours=24)  # as integrators know it from the mail APIs
ABANDONED = timedelta(seconds=60)  # a request that has not answered by then died with its controller

_table = schema.idempotency


@dataclass(frozen=True)
class Begun:
    """Nobody has asked this before: do it, and `finish` in the same transaction as what it does.

    `holder` is this asking and no other: only with it can the key be finished or forgotten.
    """

    holder: str


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

    def look(self, principal: str, key: str, request: str) -> Replay | Running | Mismatch | None:
        """What became of the key, without claiming it; None when it is free."""
        with self._store.reading() as connection:
            row = connection.execute(select(_table).where(_is(principal, key))).one_or_none()
            return None if row is None else self._met(row, request, self._store.now(connection))

    def begin(self, principal: str, key: str, request: str) -> Begun | Replay | Running | Mismatch:
        """Claim the key for the request (its `fingerprint`), or say what became of it."""
        mine = _is(principal, key)
        holder = f"{self._store.boot}/{secrets.token_hex(4)}"
        try:
            with self._store.transaction() as connection:
                now = self._store.now(connection)
                connection.execute(delete(_table).where(_table.c.begun_at < now - KEPT))
                row = connection.execute(select(_table).where(mine).with_for_update()).one_or_none()
                fresh = {"request": request, "begun_at": now, "holder": holder}
                if row is None:
                    connection.execute(insert(_table).values(principal=principal, key=key, **fresh))
                elif (met := self._met(row, request, now)) is not None:
                    return met
                else:
                    connection.execute(update(_table).where(mine).values(**fresh))
                return Begun(holder)
        except IntegrityError:  # another asker inserted the key between our look and our insert
            return self.begin(principal, key, request)

    def _met(self, row: Row[Any], request: str, now: datetime) -> Replay | Running | Mismatch | None:
        """What an asker meets in the row of a key; None when whoever began it is gone."""
        if row.request != request:
            return Mismatch()
        if row.status is not None:
            return Replay(row.status, row.headers or {}, row.body or "")
        # SQLite has one controller, so another one's row is a dead one's; on PostgreSQL only time tells.
        dead = self._store.engine.dialect.name == "sqlite" and not row.holder.startswith(f"{self._store.boot}/")
        return None if dead or row.begun_at < now - ABANDONED else Running()

    def finish(
        self, principal: str, key: str, holder: str, status: int, body: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Keep the answer. Call it within the transaction that does the work: it raises Stale, and so undoes the work,
        when the key is no longer this holder's."""
        with self._store.transaction() as connection:
            kept = connection.execute(
                update(_table)
                .where(_is(principal, key), _table.c.holder == holder, _table.c.status.is_(None))
                .values(status=status, body=body, headers=dict(headers or {}))
            )
            if kept.rowcount != 1:
                raise Stale("the idempotency key has passed to another request meanwhile")

    def forget(self, principal: str, key: str, holder: str) -> None:
        """Nothing was done (the request was refused before it did anything): the key is free again."""
        with self._store.transaction() as connection:
            mine = _is(principal, key) & (_table.c.holder == holder) & _table.c.status.is_(None)
            connection.execute(delete(_table).where(mine))


def _is(principal: str, key: str) -> ColumnElement[bool]:
    return (_table.c.principal == principal) & (_table.c.key == key)
