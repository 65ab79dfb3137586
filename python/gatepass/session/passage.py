"""How much time has passed on a connection, even if the wall clock is set meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

_NONE = timedelta(0)


class Passage:
    """Two clocks in, one span out: ``at`` is the time since the first reading.

    The wall clock (``now``) dates messages and weeks, and may be set at any time. A monotonic
    clock (``steady``), in seconds, measures spans. If a caller has none, the wall clock measures
    them; setting it back adds no time.
    """

    def __init__(self) -> None:
        self.at = _NONE
        #: The wall clock at the last reading.
        self.now: datetime | None = None
        self._steady: float | None = None
        #: The span and the monotonic clock at its first reading: adding up differences would drift.
        self._from = (_NONE, 0.0)

    def read(self, now: datetime, steady: float | None) -> None:
        """Read both clocks. Once ``steady`` has been passed, a reading without it adds no time."""
        if self._steady is not None:
            if steady is not None:
                begun, first = self._from
                # In whole microseconds: of a float the same takes four times as long.
                at = begun + timedelta(0, 0, round((steady - first) * 1e6))
                if at > self.at:
                    self.at = at
                self._steady = steady
        else:
            if self.now is not None:
                self.at += max(_NONE, now - self.now)
            if steady is not None:
                self._from, self._steady = (self.at, steady), steady
        self.now = now

    def by_wall(self, due: timedelta) -> datetime | None:
        """Return when a span will have passed, if the wall clock is not set meanwhile."""
        return None if self.now is None else self.now + (due - self.at)

    def by_steady(self, due: timedelta) -> float | None:
        """Return the same by the monotonic clock; ``None`` if there is none."""
        return None if self._steady is None else self._steady + (due - self.at).total_seconds()
