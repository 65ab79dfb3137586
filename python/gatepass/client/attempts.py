"""Logons that are not known to be good: when each was sent, and where that is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol

from gatepass.storage import Database

#: The exchange counts sixty seconds by when Logons arrive, and its clock is not this one.
WINDOW = timedelta(seconds=60)
MARGIN = timedelta(seconds=5)
#: Seconds to wait for other processes that log on, each of which waits for its disk.
LOCK_WAIT = 5.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS logon_attempt (name TEXT, at REAL, boot TEXT, uptime REAL)
"""


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """When a Logon was sent, by two clocks: the wall's, and the machine's since it was started.

    ``uptime`` is in seconds; it compares with that of attempts of the same ``boot`` only, and of
    none where ``boot`` is empty.
    """

    at: datetime
    boot: str = ""
    uptime: float = 0.0

    def since(self, earlier: Attempt) -> timedelta:
        """Give the time that has passed, whatever was done to the wall clock meanwhile.

        Between two boots there is only that clock. What seems to come from the future is of one
        that was set back.
        """
        if self.boot and self.boot == earlier.boot:
            return timedelta(seconds=self.uptime - earlier.uptime)
        return self.at - earlier.at

    def counts(self, earlier: Attempt) -> bool:
        """Tell whether the exchange may still count an earlier one."""
        return self.since(earlier) < WINDOW + MARGIN


class Attempts(Protocol):
    """The Logons of one Session ID that are not known to be good.

    Every session with this Session ID is to share them: its ports close for all.
    """

    def add(self, attempt: Attempt, most: int) -> Sequence[Attempt]:
        """Add one, unless `most` are there that still count for it; return those, ascending.

        Others are forgotten. One step, whoever else does the same at the same time. Times are kept
        to the microsecond.
        """

    def remove(self, attempt: Attempt) -> None:
        """Take one away: it was good."""


class MemoryAttempts:
    """Keeps them as long as the process lives."""

    def __init__(self) -> None:
        self._kept: list[Attempt] = []

    def add(self, attempt: Attempt, most: int) -> Sequence[Attempt]:
        """Add one, unless `most` are there that still count for it; return those."""
        self._kept = found = sorted(filter(attempt.counts, self._kept))
        if len(found) < most:
            self._kept = [*found, attempt]
        return found

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

    def add(self, attempt: Attempt, most: int) -> Sequence[Attempt]:
        """Add one, unless `most` are there that still count for it; return those."""
        query = "SELECT at, boot, uptime FROM logon_attempt WHERE name = ? ORDER BY at"
        with self._file.transaction():
            kept = [
                Attempt(datetime.fromtimestamp(at, timezone.utc), boot, uptime)
                for at, boot, uptime in self._file.read(query, (self._name,))
            ]
            found = [earlier for earlier in kept if attempt.counts(earlier)]
            for earlier in kept:
                if earlier not in found:
                    self.remove(earlier)
            if len(found) < most:
                self._file.write(
                    "INSERT INTO logon_attempt VALUES (?, ?, ?, ?)", self._row(attempt)
                )
        return found

    def remove(self, attempt: Attempt) -> None:
        """Take one away."""
        first = "WHERE name = ? AND at = ? AND boot = ? AND uptime = ? LIMIT 1"
        one = f"SELECT rowid FROM logon_attempt {first}"  # noqa: S608 - nothing but a constant
        self._file.write(
            f"DELETE FROM logon_attempt WHERE rowid = ({one})",  # noqa: S608 - the same
            self._row(attempt),
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _row(self, attempt: Attempt) -> tuple[str, float, str, float]:
        return self._name, attempt.at.timestamp(), attempt.boot, attempt.uptime
