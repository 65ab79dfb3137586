"""How long to wait before a connection is tried again."""

from __future__ import annotations

from dataclasses import dataclass

from gatepass.arguments import checked_class


@checked_class
@dataclass(frozen=True, slots=True)
class BackOff:
    """Seconds to wait after each connection that failed: doubled every time, up to a bound.

    One that was up for longer than `most` had not failed.
    """

    first: float = 1.0
    most: float = 60.0

    def wait(self, failures: int) -> float:
        """Give the wait after the so manieth failure in a row, counted from 1."""
        return min(self.most, self.first * 2.0 ** min(failures - 1, 30))
