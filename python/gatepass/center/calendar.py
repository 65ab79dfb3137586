"""The trading days of CME Globex, from the package ``exchange-calendars``."""

from __future__ import annotations

import warnings
from array import array
from bisect import bisect_left
from datetime import date, datetime, timedelta, timezone
from functools import cache
from threading import Lock

from gatepass.errors import CenterError
from gatepass.keys.validity import MARKET_CLOSE, exchange_zone, require_aware

#: The calendar's name there: CME Globex, all products taken together.
NAME = "CMES"
#: The years it is asked for. Holidays of the future follow its rules; a closure that the exchange
#: announces at short notice comes with a newer version of the package.
YEARS = range(2000, 2100)
_LOADING = Lock()


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
        return _close(date.fromordinal(days[place])).astimezone(timezone.utc)


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
    return array("l", (session.toordinal() for session in sessions))
