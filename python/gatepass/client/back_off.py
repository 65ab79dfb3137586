"""How long to wait before connecting again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackOff:
    """Seconds to wait after each failed connection: doubled every time, up to a limit.

    A connection that lasted longer than `most` does not count as failed.
    """

    first: float = 1.0
    most: float = 60.0

    def wait(self, failures: int) -> float:
        """Return the wait after the n-th consecutive failure, counted from 1."""
        return min(self.most, self.first * 2.0 ** min(failures - 1, 30))
