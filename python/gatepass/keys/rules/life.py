"""How long a pair lives: twelve months, or four weeks beside a newer one; always to a close."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from gatepass.keys.rules.market import MarketCalendar
from gatepass.keys.validity import exchange_zone, require_aware

#: How long an older pair lives beside a newer one. CME says "four weeks (at market close)"; this
#: project reads that as four times 168 hours, and then the first close. CME's rule is not public.
OVERLAP = timedelta(weeks=4)
#: After how many years a pair must be changed. CME says "every 12 months"; this project reads that
#: as the same calendar date in Chicago, and then the first close. CME's rule is not public.
YEARS = 1
#: No pair gets more: twelve months, and then a market close that holidays delay.
LONGEST_LIFE = timedelta(days=380)


def end_of_life(created_at: datetime, calendar: MarketCalendar) -> datetime:
    """Return when a pair generated at ``created_at`` expires if nothing else ends it, in UTC.

    That is the first close on or after the same date in Chicago a year later; for 29 February,
    it is 1 March. Raises `ValueError` for a time without a time zone.
    """
    require_aware(created_at)
    day = _years_after(created_at.astimezone(exchange_zone()).date(), YEARS)
    return _close(datetime.combine(day, time.min, exchange_zone()), calendar)


def end_of_overlap(at: datetime, calendar: MarketCalendar) -> datetime:
    """Return when an older pair expires at the latest once a newer one is generated at ``at``.

    That is the first close at or after the instant four weeks later, in UTC. Raises `ValueError`
    for a time without a time zone.
    """
    require_aware(at)
    # In UTC, where every day has 24 hours: in Chicago, two days a year do not.
    return _close(at.astimezone(UTC) + OVERLAP, calendar)


def outlives_rules(created_at: datetime, expires_at: datetime) -> bool:
    """Tell whether a pair lives longer than these rules allow: then a person set its end."""
    return expires_at - created_at > LONGEST_LIFE


def _close(at: datetime, calendar: MarketCalendar) -> datetime:
    return calendar.close_at_or_after(at).astimezone(UTC)


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
