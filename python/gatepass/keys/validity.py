"""When a key pair may be used. No clock is read here: the caller gives the time."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gatepass.arguments import aware
from gatepass.errors import KeySourceError

#: The exchange's own time zone: key files give dates in it.
EXCHANGE_ZONE = "America/Chicago"
#: When the pair's last day ends: the Globex close. CME says "at market close"; this project reads
#: that as this clock time, and as the close of the Expiration Date itself. CME's rule is not
#: public.
MARKET_CLOSE = time(16, 0)
#: When the pair's first day begins. CME says that a new pair is active at once; this project reads
#: that as midnight at the start of the day. CME's rule is not public.
DAY_START = time(0, 0)


class Status(enum.Enum):
    """Whether a pair may be used at a given time. True if it may."""

    NOT_YET_VALID = "not yet valid"
    ACTIVE = "active"
    EXPIRED = "expired"

    def __bool__(self) -> bool:
        return self is Status.ACTIVE


@cache
def exchange_zone() -> ZoneInfo:
    """Return the exchange's time zone; raise `KeySourceError` where the zone data is missing."""
    try:
        return ZoneInfo(EXCHANGE_ZONE)
    except ZoneInfoNotFoundError as error:
        raise KeySourceError(
            f"this machine has no time zone data for {EXCHANGE_ZONE}: pip install tzdata"
        ) from error


def valid_from(created: date | None) -> datetime | None:
    """Return the first instant of a pair's life; ``None`` when its Creation Date is unknown."""
    if created is None:
        return None
    return datetime.combine(created, DAY_START, exchange_zone())


def valid_until(expires: date | None) -> datetime | None:
    """Return the first instant after a pair's life; ``None`` when it has no Expiration Date."""
    if expires is None:
        return None
    return datetime.combine(expires, MARKET_CLOSE, exchange_zone())


def status_at(created: date | None, expires: date | None, at: datetime) -> Status:
    """Tell whether a pair with these dates may be used at ``at``.

    An unknown date is no limit. Raises `ValueError` when ``at`` has no time zone.
    """
    require_aware(at)
    begin, end = _life(created, expires)
    if begin is not None and at < begin:
        return Status.NOT_YET_VALID
    if end is not None and at >= end:
        return Status.EXPIRED
    return Status.ACTIVE


@lru_cache(1024)
def _life(created: date | None, expires: date | None) -> tuple[datetime | None, datetime | None]:
    """Return both ends in UTC: comparing with these is much faster."""
    begin, end = valid_from(created), valid_until(expires)
    return begin and begin.astimezone(UTC), end and end.astimezone(UTC)


def days_left(expires: date | None, at: datetime) -> int | None:
    """Count the calendar days in Chicago from ``at`` to the Expiration Date.

    0 on that date, before and after its close, and negative later; ``None`` without a date.
    Raises `ValueError` when ``at`` has no time zone.
    """
    require_aware(at)
    if expires is None:
        return None
    return (expires - at.astimezone(exchange_zone()).date()).days


def require_aware(at: datetime) -> None:
    """Raise `ArgumentError`, a `ValueError`, unless ``at`` is a time with a time zone."""
    aware(at, "at")
