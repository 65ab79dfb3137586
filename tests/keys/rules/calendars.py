"""A market calendar for the tests that shares no code with the real one, and its own check."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CHICAGO = ZoneInfo("America/Chicago")
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
Trades = Callable[[date], bool]


def chicago(text: str) -> datetime:
    """Read ``2026-03-06 15:59`` as Chicago's time."""
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def weekdays(day: date) -> bool:
    return day.weekday() < 5


def scattered(offset: int) -> Trades:
    """Weekdays without every eleventh day, and sometimes without four days in a row."""

    def trades(day: date) -> bool:
        place = day.toordinal() + offset
        return weekdays(day) and place % 11 != 0 and place % 53 > 3

    return trades


class DayByDay:
    """Checks day after day until one is a trading day."""

    def __init__(self, trades: Trades) -> None:
        self.trades = trades

    def close_at_or_after(self, at: datetime) -> datetime:
        day = at.astimezone(CHICAGO).date()
        while not self.trades(day) or close_of(day) < at:
            day += DAY
        return close_of(day)


def close_of(day: date) -> datetime:
    return datetime.combine(day, time(16), CHICAGO).astimezone(UTC)


def is_first_close(trades: Trades, close: datetime, after: datetime) -> bool:
    """Whether ``close`` is 16:00 in Chicago on a trading day, with no close in between."""
    there = close.astimezone(CHICAGO)
    if there.time() != time(16) or not trades(there.date()) or close < after:
        return False
    day = after.astimezone(CHICAGO).date()
    earlier = []
    while day < there.date():
        if trades(day) and close_of(day) >= after:
            earlier.append(day)
        day += DAY
    return not earlier
