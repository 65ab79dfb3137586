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

    ``keep`` is told that they are closed (true) or open again, before they are. Those that are not
    ``closing`` stay open, whatever comes.
    """

    closed: bool = False
    keep: Callable[[bool], None] = lambda _closed: None
    closing: bool = True
    _invalid: list[datetime] = field(default_factory=list)

    def count_invalid(self, now: datetime) -> bool:
        """Count one invalid Logon; true if the port is closed now.

        Raises what ``keep`` does.
        """
        if not self.closing:
            return False
        # All are looked at: one of a clock that was ahead would hide what is over behind it.
        self._invalid = [at for at in (*self._invalid, now) if abs(now - at) <= WINDOW]
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
