"""Automated port closure: the fifth invalid Logon within sixty seconds closes a session's ports."""

from __future__ import annotations

from collections import deque
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
    """A session's ports, primary and backup, which close and open together."""

    closed: bool = False
    _invalid: deque[datetime] = field(default_factory=deque)

    def count_invalid(self, now: datetime) -> bool:
        """Count one invalid Logon; true if it is the one that closes the port."""
        self._invalid.append(now)
        while now - self._invalid[0] > WINDOW:
            self._invalid.popleft()
        self.closed = self.closed or len(self._invalid) >= INVALID_LOGONS
        return self.closed

    def reopen(self) -> None:
        """Open the port again, as the Global Command Center does when asked by telephone."""
        self.closed = False
        self._invalid.clear()
