"""A guard against port closure: it counts invalid Logons and holds the fifth one back.

The exchange closes a session's ports at the fifth invalid Logon within sixty seconds, for a fee.
A Logon counts here from the moment it is about to be sent until it is proved good: one that was
refused, or never answered, or cut off by a crash, stays counted.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol

from gatepass.errors import LogonGuardError
from gatepass.session.store import Store
from gatepass.storage import Database, SqliteStore

#: The exchange closes the port at the fifth, so four are the most that may be on record.
MOST_INVALID = 4
#: The exchange counts sixty seconds by when Logons arrive, and its clock is not this one.
WINDOW = timedelta(seconds=60)
MARGIN = timedelta(seconds=5)


class Attempts(Protocol):
    """The Logons of one session that are not known to be good, by the time they were sent."""

    def add(self, at: datetime, since: datetime, most: int) -> Sequence[datetime]:
        """Add one at `at`, unless `most` later than `since` are there; return those, ascending.

        One step, whoever else does the same at the same time. Times are kept to the microsecond.
        """

    def remove(self, at: datetime) -> None:
        """Take one away: it was good."""


class MemoryAttempts:
    """Keeps them as long as the process lives."""

    def __init__(self) -> None:
        self._times: list[datetime] = []

    def add(self, at: datetime, since: datetime, most: int) -> Sequence[datetime]:
        """Add one at `at`, unless `most` later than `since` are there; return those."""
        self._times = sorted(time for time in self._times if time > since)
        found = tuple(self._times)
        if len(found) < most:
            self._times.append(at)
        return found

    def remove(self, at: datetime) -> None:
        """Take one away."""
        if at in self._times:
            self._times.remove(at)


class SqliteAttempts:
    """Keeps them in an SQLite file, which may be the one of the session's numbers.

    A restart forgets nothing. Raises `StoreError` where the file cannot be used.
    """

    def __init__(self, path: Path | str, name: str) -> None:
        self._name = name
        schema = "CREATE TABLE IF NOT EXISTS attempt (name TEXT, at REAL)"
        self._file = Database(path, schema, synchronous="FULL")

    def add(self, at: datetime, since: datetime, most: int) -> Sequence[datetime]:
        """Add one at `at`, unless `most` later than `since` are there; return those."""
        with self._file.transaction():
            self._file.write(
                "DELETE FROM attempt WHERE name = ? AND at <= ?", (self._name, since.timestamp())
            )
            query = "SELECT at FROM attempt WHERE name = ? ORDER BY at"
            found = [row[0] for row in self._file.read(query, (self._name,))]
            if len(found) < most:
                row = (self._name, at.timestamp())
                self._file.write("INSERT INTO attempt VALUES (?, ?)", row)
        return [datetime.fromtimestamp(time, timezone.utc) for time in found]

    def remove(self, at: datetime) -> None:
        """Take one away."""
        one = "SELECT rowid FROM attempt WHERE name = ? AND at = ? LIMIT 1"
        self._file.write(
            f"DELETE FROM attempt WHERE rowid = ({one})",  # noqa: S608 - nothing but a constant
            (self._name, at.timestamp()),
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class LogonGuard:
    """Lets Logons of one session through while a further invalid one would do no harm."""

    def __init__(self, session: str, attempts: Attempts) -> None:
        self._session = session
        self._attempts = attempts
        self._open: datetime | None = None

    def begin(self, now: datetime) -> None:
        """Count a Logon that is about to be sent.

        Raises `LogonGuardError` where it must not be: four are counted already.
        """
        found = self._attempts.add(now, now - WINDOW - MARGIN, MOST_INVALID)
        if len(found) >= MOST_INVALID:
            # A record from the future is of a clock that was set back: it counts until it is past.
            retry_at = found[len(found) - MOST_INVALID] + WINDOW + MARGIN
            raise LogonGuardError(self._session, len(found), retry_at.astimezone(timezone.utc))
        self._open = now

    def succeeded(self) -> None:
        """Say that the Logon counted last was good."""
        if self._open is not None:
            self._attempts.remove(self._open)
            self._open = None


_IN_MEMORY: weakref.WeakKeyDictionary[Store, MemoryAttempts] = weakref.WeakKeyDictionary()


@contextmanager
def guard_of(store: Store, session: str) -> Iterator[LogonGuard]:
    """Give the guard of a session whose numbers are in `store`.

    It remembers as long as the store does: in the same file, or as long as the object lives.
    """
    if isinstance(store, SqliteStore) and store.path != ":memory:":
        with closing(SqliteAttempts(store.path, session)) as attempts:
            yield LogonGuard(session, attempts)
    else:
        yield LogonGuard(session, _IN_MEMORY.setdefault(store, MemoryAttempts()))
