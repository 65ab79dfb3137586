"""The trading days of CME Globex, from the package ``exchange-calendars`` and a list of our own.

A day counts if it is a trade date of any product group. The package omits days on which only some
groups are closed: days of mourning, and Good Fridays with a jobs report. ``trade_dates.csv`` lists
them, each with its source; CME announces them one by one, so there is no rule.
"""

from __future__ import annotations

import csv
import warnings
from array import array
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from threading import Lock

from gatepass.errors import CenterError
from gatepass.keys.validity import MARKET_CLOSE, exchange_zone, require_aware

#: The calendar's name in the package: CME Globex, all products together.
NAME = "CMES"
#: The years that are loaded. Future holidays follow the package's rules; days that the exchange
#: announces at short notice need a newer version of the package, or a line in `TRADE_DATES`.
YEARS = range(2000, 2100)
#: Days on which some product groups trade, and which the package omits.
TRADE_DATES = "trade_dates.csv"
_LOADING = Lock()
#: The first day of the weekend, as Python numbers weekdays.
_SATURDAY = 5


class GlobexCalendar:
    """Knows when the market closes: at 16:00 in Chicago on each trading day.

    This is earlier than the session's end (17:00 in the package), and the same on days with an
    early close: CME says only "at market close", and its rule is not public. Implements
    `gatepass.keys.rules.MarketCalendar`.
    """

    __slots__ = ()

    def close_at_or_after(self, at: datetime) -> datetime:
        """Return the first market close at or after ``at``, in UTC.

        The first call in a process takes up to a second: the package loads pandas. Raises
        `CenterError` outside of `YEARS`, and `ValueError` when ``at`` has no time zone.
        """
        require_aware(at)
        day = at.astimezone(exchange_zone()).date()
        if at > _close(day):
            day += timedelta(days=1)
        # One thread at a time: the package and pandas change warning filters, which threads share.
        with _LOADING:
            days = _trading_days()
        place = bisect_left(days, day.toordinal())
        if day.year not in YEARS or place == len(days):
            raise CenterError(
                f"there is no exchange calendar for {day:%Y-%m-%d}, only for the years"
                f" {YEARS[0]} to {YEARS[-1]}: check this machine's clock"
            )
        return _close(date.fromordinal(days[place])).astimezone(UTC)


def _close(day: date) -> datetime:
    return datetime.combine(day, MARKET_CLOSE, exchange_zone())


@cache
def _trading_days() -> array[int]:
    """Return the ordinals of all trading days, in order."""
    # Imported here, so that only a process that generates pairs loads pandas.
    import exchange_calendars  # type: ignore[import-untyped]

    first, last = date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31)
    with warnings.catch_warnings():
        # The package uses deprecated functions of pandas, which our users cannot fix.
        warnings.simplefilter("ignore", DeprecationWarning)
        sessions = exchange_calendars.get_calendar(NAME, start=first, end=last).sessions
    days = {session.toordinal() for session in sessions} | {day.toordinal() for day in added()}
    # Trades on a weekend have the next business day's trade date.
    return array("l", sorted(d for d in days if date.fromordinal(d).weekday() < _SATURDAY))


def added() -> list[date]:
    """Return the trade dates of `TRADE_DATES`."""
    text = resources.files(__package__ or "").joinpath(TRADE_DATES).read_text("utf-8")
    return [date.fromisoformat(row["day"]) for row in csv.DictReader(text.splitlines())]
