"""Limits: so many of one kind in so much time, and then wait. Counted in the table ``attempt``.

A count is written before it is read, in a transaction of its own: of any number of requests at
the same instant no more than the limit get through, on PostgreSQL as on SQLite. A request that is
refused is not counted, so waiting helps even while somebody else keeps trying.
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

#: Counts are kept so long; no limit's window is longer.
LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` in any ``window``. ``name`` keeps its counts apart from others'."""

    name: str
    count: int
    window: timedelta


def count(center: Center, limit: Limit, *key: str) -> int:
    """Count one request of ``key``; raise `LimitError`, which says how long to wait.

    Returns the count's number, for `take_back`.

    A clock set back makes the wait longer, never shorter; but what was counted more than
    `LONGEST` ahead of it is no count: the clock was ahead then.
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
    """Forget one request that turned out well: it was no try."""
    connection.execute(delete(attempt).where(attempt.c.id == number))


def add(connection: Connection, limit: Limit, *key: str, at: datetime) -> None:
    """Count one in this transaction; whoever does so holds a lock that makes it alone."""
    _add(connection, limit, key, at)


def is_reached(connection: Connection, limit: Limit, *key: str, at: datetime) -> bool:
    """Tell whether one more would be too many."""
    return connection.execute(_counted(limit, key, at)).scalar_one_or_none() is not None


def clear(connection: Connection, limit: Limit, *key: str) -> None:
    """Forget what was counted for ``key``."""
    connection.execute(delete(attempt).where(attempt.c.key == _key(limit, key)))


def clear_all(connection: Connection, limit: Limit, *key: str) -> None:
    """Forget what was counted for each key that begins with these parts."""
    under = attempt.c.key.startswith(f"{_key(limit, key)}:")
    connection.execute(delete(attempt).where(or_(attempt.c.key == _key(limit, key), under)))


def sweep(connection: Connection, at: datetime) -> int:
    """Delete counts that no limit looks at any more, and return how many."""
    over = or_(attempt.c.at < at - LONGEST, attempt.c.at > at + LONGEST)
    return connection.execute(delete(attempt).where(over)).rowcount


def _add(connection: Connection, limit: Limit, key: tuple[str, ...], at: datetime) -> int:
    row = insert(attempt).values(key=_key(limit, key), at=at).returning(attempt.c.id)
    number: int = connection.execute(row).scalar_one()
    return number


def _counted(limit: Limit, key: tuple[str, ...], at: datetime) -> Select[Any]:
    """Select when the one was counted that must grow old before there is room; none: there is."""
    return (
        select(attempt.c.at)
        .where(attempt.c.key == _key(limit, key), attempt.c.at > at - limit.window)
        .where(attempt.c.at <= at + LONGEST)
        .order_by(attempt.c.at.desc(), attempt.c.id.desc())
        .limit(1)
        .offset(limit.count - 1)
    )


def _key(limit: Limit, key: tuple[str, ...]) -> str:
    """Name the count: hashed, since a password typed where the name belongs may be in it."""
    parts = (hashlib.sha256(part.encode("utf-8", "replace")).hexdigest()[:32] for part in key)
    return ":".join((limit.name, *parts))
