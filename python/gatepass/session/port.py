"""Automated port closure: the fifth invalid Logon within sixty seconds closes a session's ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: Documented by CME: the fifth in sixty seconds.
INVALID_LOGONS = 5
WINDOW = timedelta(seconds=60)

CLOSED_TEXT = (
    "(1000) CME Administered Port Closure Due to Invalid Number of Login Attempts Being Exceeded"
)


@dataclass(slots=True)
class Port:
    """A Session ID's ports, primary and backup, which close and open together.

    ``keep`` records the change before it takes effect: true for closed, false for open again. With
    ``closing`` false the ports stay open, however many invalid Logons come.
    """

    closed: bool = False
    keep: Callable[[bool], None] = lambda _closed: None
    closing: bool = True
    _invalid: list[tuple[datetime, float | None]] = field(default_factory=list)

    def count_invalid(self, now: datetime, steady: float | None = None) -> bool:
        """Count one invalid Logon; true if the port is closed now.

        The sixty seconds are measured by ``steady``, a monotonic clock in seconds; without it, by
        ``now``. Raises what ``keep`` raises.
        """
        if not self.closing:
            return False
        # Check all: an entry from a clock that was ahead would hide expired ones behind it.
        self._invalid = [
            (at, since)
            for at, since in (*self._invalid, (now, steady))
            if _apart(now - at, steady, since) <= WINDOW
        ]
        if not self.closed and len(self._invalid) >= INVALID_LOGONS:
            self.keep(True)
            self.closed = True
        return self.closed

    def reopen(self) -> None:
        """Open the port again, as the Global Command Center does when asked by telephone."""
        if self.closed:
            self.keep(False)
        self.closed = False
        self._invalid.clear()


def _apart(by_wall: timedelta, steady: float | None, since: float | None) -> timedelta:
    if steady is None or since is None:
        return abs(by_wall)
    return timedelta(seconds=steady - since)
