"""What a public call is handed: refused at once, by name, where it is of another kind.

A value is never shown, for it may be a secret in the wrong place.
"""

from __future__ import annotations

import os
from datetime import datetime

from gatepass.errors import ArgumentError

#: Of a time to reckon with: nearer to its ends, the calendar has no such day in another time zone.
YEARS = range(1000, 9990)
TIME = "a datetime with a time zone, such as datetime.now(timezone.utc)"


def refuse(argument: str, value: object, wanted: str) -> ArgumentError:
    """Give the error of an argument: its name, the type that came, and what to give."""
    return refuse_type(argument, type(value), wanted)


def refuse_type(argument: str, kind: type, wanted: str) -> ArgumentError:
    """Give the same of a value that may be a secret: a traceback may show local variables."""
    return ArgumentError(f"{argument} is of type {kind.__name__}: give {wanted}", argument)


def aware(value: object, argument: str) -> datetime:
    """Give a datetime with a time zone: without one nobody can tell which instant it is.

    Raises `ArgumentError` for anything else.
    """
    if not isinstance(value, datetime):
        raise refuse(argument, value, TIME)
    if value.utcoffset() is None:
        words = f"{argument} needs a time zone: use datetime.now(timezone.utc), for example"
        raise ArgumentError(words, argument)
    return value


def a_time(value: object, argument: str = "at") -> datetime:
    """Give a datetime to reckon with: with a time zone, and far from the ends of the calendar.

    Raises `ArgumentError` for anything else.
    """
    moment = aware(value, argument)
    if moment.year not in YEARS:
        words = (
            f"{argument} is in the year {moment.year}: give a time from {YEARS[0]} to {YEARS[-1]}"
        )
        raise ArgumentError(words, argument)
    return moment


def a_port(value: object, argument: str = "port", *, least: int = 1) -> int:
    """Give the number of a TCP port. Raises `ArgumentError` for anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise refuse(argument, value, "a whole number")
    if not least <= value <= 65535:
        raise ArgumentError(f"{argument} is out of range: give {least} to 65535", argument)
    return value


def is_text(value: str) -> bool:
    """Tell whether a text has bytes, such as a file's name needs, and no NUL among them."""
    if value.isascii():
        return "\0" not in value
    try:
        return b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False
