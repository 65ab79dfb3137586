"""Opening hours: key pairs cannot be managed from Friday 16:30 to Sunday 10:00 in Chicago.

CME's Request Center is closed at that time. Logons at a gateway do not depend on it. A Request
Center for rehearsal can always be open (`Center.open_always`).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from gatepass.errors import ClosedError
from gatepass.keys.validity import exchange_zone, require_aware

#: Day of the week (Monday is 0) and time in Chicago.
CLOSES = (4, time(16, 30))
OPENS = (6, time(10, 0))


def is_open(at: datetime) -> bool:
    """Tell whether keys can be managed at ``at``. Raises `ValueError` without a time zone."""
    require_aware(at)
    local = at.astimezone(exchange_zone())
    return not CLOSES <= (local.weekday(), local.time()) < OPENS


def next_opening(at: datetime) -> datetime:
    """Return the first opening after ``at``, in Chicago time; in open hours, the next week's.

    Raises `ValueError` when ``at`` has no time zone.
    """
    require_aware(at)
    zone = exchange_zone()
    local = at.astimezone(zone)
    day, hour = OPENS
    date = local.date() + timedelta(days=(day - local.weekday()) % 7)
    # By the date, not by hours: daylight saving time can start in the night before an opening.
    opening = datetime.combine(date, hour, zone)
    return opening if opening > at else datetime.combine(date + timedelta(weeks=1), hour, zone)


def require_open(at: datetime, *, always: bool = False) -> None:
    """Raise `ClosedError`, which says when it opens, outside the hours and unless ``always``."""
    if not is_open(at) and not always:
        raise ClosedError(next_opening(at))
