"""SendingTime (52): UTCTimestamp to datetime and back."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime

from gatepass.arguments import aware, refuse
from gatepass.errors import ArgumentError, FieldError

_TIMESTAMP = re.compile(r"\d{8}-\d\d:\d\d:(\d\d)(?:\.(?:\d{3}|\d{6}))?", re.ASCII)

#: The moment that was written last, and how: all that goes out at once has one.
_last: tuple[object, str] = (object(), "")


def parse_sending_time(text: str) -> datetime:
    """Read ``YYYYMMDD-HH:MM:SS``, with ``.sss`` or ``.ssssss`` or without.

    CME's field has 21 characters, which is the form with milliseconds. Raises
    `gatepass.errors.FieldError`.
    """
    if not isinstance(text, str):
        raise refuse("text", text, "text, such as 20261123-14:30:00.000")
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise _illegal("SendingTime (52) must look like YYYYMMDD-HH:MM:SS.sss, in UTC")
    # A leap second is a legal FIX timestamp, but not a datetime: use the second before it.
    known = text if match[1] != "60" else f"{text[:15]}59{text[17:]}"
    with suppress(ValueError):
        if known[9:11] != "24":  # CPython 3.14 reads it as the next day's 0
            return datetime.fromisoformat(f"{known}Z")
    raise _illegal("SendingTime (52) is a date or time that does not exist")


def format_sending_time(moment: datetime) -> str:
    """Write ``YYYYMMDD-HH:MM:SS.sss`` in UTC, cut to the millisecond.

    Raises `ArgumentError` for anything but a datetime with a time zone.
    """
    global _last
    same, text = _last
    if moment is same:
        return text
    try:
        is_utc = isinstance(moment, datetime) and moment.tzinfo is UTC
        utc = moment if is_utc else aware(moment, "moment").astimezone(UTC)
    except OverflowError:
        words = "moment is out of range in UTC: give datetime.now(timezone.utc), for example"
        raise ArgumentError(words, "moment") from None
    text = utc.isoformat(timespec="milliseconds")  # twice as fast as strftime
    text = f"{text[:4]}{text[5:7]}{text[8:10]}-{text[11:23]}"
    _last = moment, text
    return text


def _illegal(words: str) -> FieldError:
    return FieldError(words, 52, "SendingTime", "illegal")
