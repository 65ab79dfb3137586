"""Rate limits: at most so many requests of one kind in a time window. Counted in table ``attempt``.

A request is counted before the count is read, in its own transaction: of any number of requests at
the same time no more than the limit get through, on PostgreSQL and on SQLite. A refused request is
not counted, so waiting helps even while someone else keeps trying.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, or_, select

from gatepass.center.context import Center
from gatepass.center.store.schema import attempt
from gatepass.errors import LimitError

#: How long counts are kept; no limit has a longer window.
LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` requests in any ``window``. Limits are counted separately by ``name``."""

    name: str
    count: int
    window: timedelta


def count(center: Center, limit: Limit, *key: str) -> int:
    """Count one request of ``key``; raise `LimitError`, which says how long to wait.

    Returns the count's number, for `take_back`.

    A clock set back makes the wait longer, never shorter. Counts more than `LONGEST` in the future
    are ignored: the clock was ahead then.
    """
    at = center.clock()
    own = center.database.write(lambda connection: _add(connection, limit, key, at))
    with center.database.read() as connection:
        others = _counted(limit, key, at).where(attempt.c.id != own)
        oldest: datetime | None = connection.execute(others).scalar_one_or_none()
    if oldest is None:
        return own
    center.database.write(
        lambda connection: connection.execute(delete(attempt).where(attempt.c.id == own))
    )
    raise LimitError(min(oldest + limit.window - at, limit.window))


def take_back(connection: Connection, number: int) -> None:
    """Forget one request that succeeded: it does not count as a try."""
    connection.execute(delete(attempt).where(attempt.c.id == number))


def add(connection: Connection, limit: Limit, *key: str, at: datetime) -> None:
    """Count one request in this transaction; the caller has a lock against concurrent ones."""
    _add(connection, limit, key, at)


def is_reached(connection: Connection, limit: Limit, *key: str, at: datetime) -> bool:
    """Tell whether one more request would be too many."""
    return connection.execute(_counted(limit, key, at)).scalar_one_or_none() is not None


def clear(connection: Connection, limit: Limit, *key: str) -> None:
    """Forget what was counted for ``key``."""
    connection.execute(delete(attempt).where(attempt.c.key == _key(limit, key)))


def clear_all(connection: Connection, limit: Limit, *key: str) -> None:
    """Forget what was counted for each key that starts with these parts."""
    under = attempt.c.key.startswith(f"{_key(limit, key)}:")
    connection.execute(delete(attempt).where(or_(attempt.c.key == _key(limit, key), under)))


def sweep(connection: Connection, at: datetime) -> int:
    """Delete counts that no limit needs any more, and return how many."""
    over = or_(attempt.c.at < at - LONGEST, attempt.c.at > at + LONGEST)
    return connection.execute(delete(attempt).where(over)).rowcount


def _add(connection: Connection, limit: Limit, key: tuple[str, ...], at: datetime) -> int:
    row = insert(attempt).values(key=_key(limit, key), at=at).returning(attempt.c.id)
    number: int = connection.execute(row).scalar_one()
    return number


def _counted(limit: Limit, key: tuple[str, ...], at: datetime) -> Select[Any]:
    """Select the time of the request that must leave the window first; no row if there is room."""
    return (
        select(attempt.c.at)
        .where(attempt.c.key == _key(limit, key), attempt.c.at > at - limit.window)
        .where(attempt.c.at <= at + LONGEST)
        .order_by(attempt.c.at.desc(), attempt.c.id.desc())
        .limit(1)
        .offset(limit.count - 1)
    )


def _key(limit: Limit, key: tuple[str, ...]) -> str:
    """Return the key as stored: hashed, since users may type a password into the name field."""
    parts = (hashlib.sha256(part.encode("utf-8", "replace")).hexdigest()[:32] for part in key)
    return ":".join((limit.name, *parts))
