"""Whether a SendingTime that is hours off is in local time instead of UTC."""

from __future__ import annotations

from datetime import timedelta

MINUTE = timedelta(minutes=1)
#: Offsets of time zones from UTC, in minutes: whole hours, and the others in the IANA time zone
#: database.
OFFSETS = frozenset(
    {60 * hours for hours in range(-12, 15) if hours}
    | {-570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825}
)
#: How far off a Logon in local time may be in addition: its age, and a slightly wrong clock.
SLACK = timedelta(minutes=1)


def zone_hint(age: timedelta) -> str | None:
    """Ask whether SendingTime (52) is local time, if it is off by the offset of a time zone."""
    # Local time behind UTC looks old.
    ahead = -round(age / MINUTE)
    nearest = min(OFFSETS, key=lambda offset: abs(offset - ahead))
    if abs(age + nearest * MINUTE) > SLACK:
        return None
    hours, minutes = divmod(abs(nearest), 60)
    side = "ahead of" if nearest > 0 else "behind"
    return f"is 52 in local time, {hours}:{minutes:02d} h {side} UTC? it must be UTC"
