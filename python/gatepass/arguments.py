"""Checks of a public call's arguments: a wrong one is refused at once, by its name.

A value is never shown, because it may be a secret in the wrong place.
"""

from __future__ import annotations

import os
from datetime import datetime

from gatepass.errors import ArgumentError

#: The years of a usable time: near the calendar's ends, a day may not exist in another time zone.
YEARS = range(1000, 9990)
TIME = "a datetime with a time zone, such as datetime.now(timezone.utc)"


def refuse(argument: str, value: object, wanted: str) -> ArgumentError:
    """Return the error for an argument: its name, the type that came, and what to give."""
    return refuse_type(argument, type(value), wanted)


def refuse_type(argument: str, kind: type, wanted: str) -> ArgumentError:
    """Return the same for a value that may be a secret: a traceback may show local variables."""
    return ArgumentError(f"{argument} is of type {kind.__name__}: give {wanted}", argument)


def aware(value: object, argument: str) -> datetime:
    """Return a datetime with a time zone: without one, its instant is not known.

    Raises `ArgumentError` for anything else.
    """
    if not isinstance(value, datetime):
        raise refuse(argument, value, TIME)
    if value.utcoffset() is None:
        words = f"{argument} needs a time zone: use datetime.now(timezone.utc), for example"
        raise ArgumentError(words, argument)
    return value


def a_time(value: object, argument: str = "at") -> datetime:
    """Return a usable datetime: with a time zone, and far from the ends of the calendar.

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
    """Return the number of a TCP port. Raises `ArgumentError` for anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise refuse(argument, value, "a whole number")
    if not least <= value <= 65535:
        raise ArgumentError(f"{argument} is out of range: give {least} to 65535", argument)
    return value


def a_wait(value: object, argument: str = "wait") -> float:
    """Return a number of seconds to wait. Raises `ArgumentError` for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise refuse(argument, value, "a number of seconds")
    if not value >= 0:
        raise ArgumentError(f"{argument} is out of range: give a number of seconds", argument)
    return value


def is_text(value: str) -> bool:
    """Tell whether a text can be a file's name: it can be encoded, and contains no NUL."""
    if value.isascii():
        return "\0" not in value
    try:
        return b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False
