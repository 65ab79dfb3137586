"""Logons not known to be valid: when the exchange read each one, and where that is stored."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from gatepass.storage import Database

#: The exchange counts sixty seconds from when Logons arrive, and it has its own clock.
WINDOW = timedelta(seconds=60)
MARGIN = timedelta(seconds=5)
#: If nothing shows when a Logon was read, assume this long after it was sent: a gateway that
#: stalled reads it when it continues, from a connection given up long ago. How long a gateway may
#: stall is our choice; CME's rule is not public.
READ_WITHIN = timedelta(seconds=240)
#: Seconds to wait for other processes that log on, each waiting for its disk.
LOCK_WAIT = 5.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS logon_attempt (name TEXT, at REAL, boot TEXT, uptime REAL)
"""
# Only one row: several Logons may have been sent at the same moment.
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
    """When the exchange read a Logon, by two clocks: the wall clock and the machine's uptime.

    Until that is known, it is the latest possible time, `READ_WITHIN` after the Logon was sent.

    ``uptime`` is in seconds; it can be compared only between attempts of the same ``boot``, and
    not at all if ``boot`` is empty.
    """

    at: datetime
    boot: str = ""
    uptime: float = 0.0

    def since(self, earlier: Attempt) -> timedelta:
        """Return the time between two attempts, even if the wall clock was set meanwhile.

        Between two boots there is only the wall clock. An attempt that seems to be in the future
        comes from a clock that was set back, or is not known to have been read yet.
        """
        if self.boot and self.boot == earlier.boot:
            return timedelta(seconds=self.uptime - earlier.uptime)
        return self.at - earlier.at

    def later(self, by: timedelta) -> Attempt:
        """Return this moment plus a span."""
        return Attempt(self.at + by, self.boot, self.uptime + by.total_seconds())

    def not_after(self, latest: Attempt) -> Attempt:
        """Return this moment, or `latest` if that is earlier."""
        return latest if latest.since(self) < timedelta(0) else self

    def counts(self, earlier: Attempt) -> bool:
        """Return whether the exchange may still count an earlier one."""
        return self.since(earlier) < WINDOW + MARGIN


class Attempts(Protocol):
    """The Logons of one Session ID that are not known to be valid.

    All sessions with this Session ID must share them: its ports close for all of them.
    """

    def add(self, now: Attempt, latest: Attempt, most: int) -> Sequence[Attempt]:
        """Add `latest`, unless `most` still count at `now`; return those that count, ascending.

        The others are forgotten. One that seems to come after `latest` was written by a wrong
        clock: it counts as `latest`. All is one step, so that several processes may do it at the
        same time. Times are stored to the microsecond.
        """

    def replace(self, attempt: Attempt, read: Attempt) -> None:
        """Replace one by the time at which the Logon was read."""

    def remove(self, attempt: Attempt) -> None:
        """Remove one: the Logon was valid."""


class MemoryAttempts:
    """Keeps them in memory, until the process ends."""

    def __init__(self) -> None:
        self._kept: list[Attempt] = []

    def add(self, now: Attempt, latest: Attempt, most: int) -> Sequence[Attempt]:
        """Add `latest`, unless `most` still count at `now`; return those that count."""
        read = (earlier.not_after(latest) for earlier in self._kept)
        self._kept = found = sorted(filter(now.counts, read))
        if len(found) < most:
            self._kept = [*found, latest]
        return found

    def replace(self, attempt: Attempt, read: Attempt) -> None:
        """Replace one by another time."""
        if attempt in self._kept:
            self._kept[self._kept.index(attempt)] = read

    def remove(self, attempt: Attempt) -> None:
        """Remove one."""
        if attempt in self._kept:
            self._kept.remove(attempt)


class SqliteAttempts:
    """Keeps them in an SQLite file, which may also contain the session's numbers.

    `name` is the Session ID. They survive a restart. Raises `StoreError` if the file cannot be
    used.
    """

    def __init__(self, path: Path | str, name: str) -> None:
        self._name = name
        self._file = Database(path, _SCHEMA, synchronous="FULL", lock_wait=LOCK_WAIT)

    def on_loopback(self) -> SqliteAttempts:
        """Return the record for gateways on this machine, in the same file, open as long as this.

        Such a gateway is not an exchange, so the Logons that it refuses are counted separately.
        """
        other = copy(self)
        other._name = f"{self._name} on loopback"
        return other

    def add(self, now: Attempt, latest: Attempt, most: int) -> Sequence[Attempt]:
        """Add `latest`, unless `most` still count at `now`; return those that count."""
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
        """Replace one by another time."""
        self._file.write(
            _REPLACE,
            (*self._row(read), *self._row(attempt)),
        )

    def remove(self, attempt: Attempt) -> None:
        """Remove one."""
        self._file.write(_REMOVE, self._row(attempt))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _row(self, attempt: Attempt) -> tuple[str, float, str, float]:
        return self._name, attempt.at.timestamp(), attempt.boot, attempt.uptime
