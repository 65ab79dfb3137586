"""The trading days of CME Globex: the package ``exchange-calendars``, and what it leaves out.

A day counts if it is a trade date of any product group. The package closes a day on which some
groups are closed: days of mourning, and Good Fridays on which a jobs report comes. These stand in
``trade_dates.csv``, each with its source; CME announces them one by one, so there is no rule.
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

#: The calendar's name there: CME Globex, all products taken together.
NAME = "CMES"
#: The years it is asked for. Holidays of the future follow its rules; what the exchange announces
#: at short notice comes with a newer version of the package, or as a line of `TRADE_DATES`.
YEARS = range(2000, 2100)
#: Days on which some product groups trade, and which the package leaves out.
TRADE_DATES = "trade_dates.csv"
_LOADING = Lock()
#: The first day of the weekend, as Python numbers weekdays.
_SATURDAY = 5


class GlobexCalendar:
    """Knows when the market closes: at 16:00 in Chicago on each trading day.

    That is earlier than the session's end (17:00 in the package) and does not move on days with an
    early close: CME says only "at market close", CME's rule is not public. Implements
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
        # One at a time: the package and pandas silence warnings in a way that threads share.
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
    # Here and not above: whoever does not generate a pair need not wait for pandas.
    import exchange_calendars  # type: ignore[import-untyped]

    first, last = date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31)
    with warnings.catch_warnings():
        # It uses what newer versions of pandas advise against: not for our users to mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        sessions = exchange_calendars.get_calendar(NAME, start=first, end=last).sessions
    days = {session.toordinal() for session in sessions} | {day.toordinal() for day in added()}
    # What is traded on a weekend has the next business day's trade date.
    return array("l", sorted(d for d in days if date.fromordinal(d).weekday() < _SATURDAY))


def added() -> list[date]:
    """Return the trade dates of `TRADE_DATES`."""
    text = resources.files(__package__ or "").joinpath(TRADE_DATES).read_text("utf-8")
    return [date.fromisoformat(row["day"]) for row in csv.DictReader(text.splitlines())]
