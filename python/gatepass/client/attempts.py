"""Logons that are not known to be good: when each was read, and where that is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from gatepass.storage import Database

#: The exchange counts sixty seconds by when Logons arrive, and its clock is not this one.
WINDOW = timedelta(seconds=60)
MARGIN = timedelta(seconds=5)
#: The latest that a Logon is taken to be read, where nothing shows that it was: a gateway that
#: stands still reads it when it goes on, from a connection that was given up long ago. How long one
#: may stand still is a choice; CME's rule is not public.
READ_WITHIN = timedelta(seconds=240)
#: Seconds to wait for other processes that log on, each of which waits for its disk.
LOCK_WAIT = 5.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS logon_attempt (name TEXT, at REAL, boot TEXT, uptime REAL)
"""
# One of them: several may have been sent at the same moment.
_REPLACE = """
UPDATE logon_attempt SET name = ?, at = ?, boot = ?, uptime = ? WHERE rowid = (
    SELECT rowid FROM logon_attempt WHERE name = ? AND at = ? AND boot = ? AND uptime = ? LIMIT 1
)
"""
_REMOVE = """
DELETE FROM logon_attempt WHERE rowid = (
    SELECT rowid FROM logon_attempt WHERE name = ? AND at = ? AND boot = ? AND uptime = ? LIMIT 1
)
"""


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """When the exchange read a Logon, by two clocks: the wall's, and the machine's since its start.

    Until that is known it is the latest it may be, `READ_WITHIN` after it was sent.

    ``uptime`` is in seconds; it compares with that of attempts of the same ``boot`` only, and of
    none where ``boot`` is empty.
    """

    at: datetime
    boot: str = ""
    uptime: float = 0.0

    def since(self, earlier: Attempt) -> timedelta:
        """Give the time that has passed, whatever was done to the wall clock meanwhile.

        Between two boots there is only that clock. What seems to come from the future is of one
        that was set back, or not known to be read yet.
        """
        if self.boot and self.boot == earlier.boot:
            return timedelta(seconds=self.uptime - earlier.uptime)
        return self.at - earlier.at

    def later(self, by: timedelta) -> Attempt:
        """Give the moment that is so much later."""
        return Attempt(self.at + by, self.boot, self.uptime + by.total_seconds())

    def not_after(self, latest: Attempt) -> Attempt:
        """Give this moment, or `latest` where that is earlier."""
        return latest if latest.since(self) < timedelta(0) else self

    def counts(self, earlier: Attempt) -> bool:
        """Tell whether the exchange may still count an earlier one."""
        return self.since(earlier) < WINDOW + MARGIN


class Attempts(Protocol):
    """The Logons of one Session ID that are not known to be good.

    Every session with this Session ID is to share them: its ports close for all.
    """

    def add(self, now: Attempt, latest: Attempt, most: int) -> Sequence[Attempt]:
        """Add `latest`, unless `most` are there that still count `now`; return those, ascending.

        Others are forgotten. One that seems to come after `latest` is of a clock that was wrong: it
        counts like that one. All in one step, so that others may do it at the same time. Times are
        kept to the microsecond.
        """

    def replace(self, attempt: Attempt, read: Attempt) -> None:
        """Put another moment in the place of one: the Logon was read then."""

    def remove(self, attempt: Attempt) -> None:
        """Take one away: it was good."""


class MemoryAttempts:
    """Keeps them as long as the process lives."""

    def __init__(self) -> None:
        self._kept: list[Attempt] = []

    def add(self, now: Attempt, latest: Attempt, most: int) -> Sequence[Attempt]:
        """Add `latest`, unless `most` are there that still count `now`; return those."""
        read = (earlier.not_after(latest) for earlier in self._kept)
        self._kept = found = sorted(filter(now.counts, read))
        if len(found) < most:
            self._kept = [*found, latest]
        return found

    def replace(self, attempt: Attempt, read: Attempt) -> None:
        """Put another moment in the place of one."""
        if attempt in self._kept:
            self._kept[self._kept.index(attempt)] = read

    def remove(self, attempt: Attempt) -> None:
        """Take one away."""
        if attempt in self._kept:
            self._kept.remove(attempt)


class SqliteAttempts:
    """Keeps them in an SQLite file, which may be the one of the session's numbers.

    `name` is the Session ID. A restart forgets nothing. Raises `StoreError` where the file cannot
    be used.
    """

    def __init__(self, path: Path | str, name: str) -> None:
        self._name = name
        self._file = Database(path, _SCHEMA, synchronous="FULL", lock_wait=LOCK_WAIT)

    def on_loopback(self) -> SqliteAttempts:
        """Give the record of gateways on this machine, in the same file, open as long as this one.

        No exchange is there, so what such a gateway refuses counts apart.
        """
        other = copy(self)
        other._name = f"{self._name} on loopback"
        return other

    def add(self, now: Attempt, latest: Attempt, most: int) -> Sequence[Attempt]:
        """Add `latest`, unless `most` are there that still count `now`; return those."""
        query = "SELECT at, boot, uptime FROM logon_attempt WHERE name = ? ORDER BY at"
        with self._file.transaction():
            kept = [
                Attempt(datetime.fromtimestamp(at, UTC), boot, uptime)
                for at, boot, uptime in self._file.read(query, (self._name,))
            ]
            found = []
            for earlier in kept:
                read = earlier.not_after(latest)
                if not now.counts(read):
                    self.remove(earlier)
                    continue
                if read is not earlier:
                    self.replace(earlier, read)
                found.append(read)
            if len(found) < most:
                self._file.write("INSERT INTO logon_attempt VALUES (?, ?, ?, ?)", self._row(latest))
        return sorted(found)

    def replace(self, attempt: Attempt, read: Attempt) -> None:
        """Put another moment in the place of one."""
        self._file.write(
            _REPLACE,
            (*self._row(read), *self._row(attempt)),
        )

    def remove(self, attempt: Attempt) -> None:
        """Take one away."""
        self._file.write(_REMOVE, self._row(attempt))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _row(self, attempt: Attempt) -> tuple[str, float, str, float]:
        return self._name, attempt.at.timestamp(), attempt.boot, attempt.uptime
