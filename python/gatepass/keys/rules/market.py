"""What the rules must know about the market: when it closes."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class MarketCalendar(Protocol):
    """The days on which the market trades."""

    def close_at_or_after(self, at: datetime) -> datetime:
        """Return the first market close at or after ``at``, in UTC.

        A close is 16:00 in Chicago on a trading day (`gatepass.keys.validity.MARKET_CLOSE`).
        """
        ...
