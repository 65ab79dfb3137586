"""What a public call is handed: refused at once where it is not what the annotation says.

Without this a wrong argument ends in an AttributeError from the inside, or in a wrong answer later
on. The annotations are the table (`annotations`): nothing has to be said twice. A value is never
shown, for it may be a secret in the wrong place.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ParamSpec, TypeVar

from gatepass.annotations import BOUNDED, TIME, YEARS, Wanted, is_text, wanted_by
from gatepass.errors import ArgumentError

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)


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


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Have a call raise `ArgumentError` for an argument that its annotation does not allow."""
    parameters = inspect.signature(function).parameters.values()
    many = inspect.Parameter.VAR_POSITIONAL
    names = [] if any(p.kind is many for p in parameters) else [p.name for p in parameters]

    @functools.wraps(function)
    def call(*given: P.args, **named: P.kwargs) -> R:
        wanted = wanted_by(function)
        for name, value in zip(names, given):  # noqa: B905 - what is not given has its default
            _check(wanted, name, value)
        for name, value in named.items():
            _check(wanted, name, value)
        return function(*given, **named)

    return call


def check_call(
    function: Callable[..., object], given: Sequence[object], named: Mapping[str, object]
) -> None:
    """Raise `ArgumentError` if a function that is `checked` would not take these arguments."""
    try:
        bound = inspect.signature(function).bind(*given, **named)
    except TypeError as error:
        words = f"{error}: give what {function.__name__}() takes"
        raise ArgumentError(words, function.__name__) from None
    wanted = wanted_by(inspect.unwrap(function))
    for name, value in bound.arguments.items():
        _check(wanted, name, value)


def checked_class(made: C) -> C:
    """Have the constructor of a class, and each of its public methods, do as `checked`."""
    for name, member in list(vars(made).items()):
        if name != "__init__" and (name.startswith("_") or not inspect.isfunction(member)):
            continue
        setattr(made, name, checked(member))
    return made


def _check(wanted: Mapping[str, Wanted], name: str, value: object) -> None:
    expected = wanted.get(name)
    if expected is None or expected.fits(value):
        return
    if isinstance(value, datetime) and expected.words.startswith(TIME):
        a_time(value, name)
    if isinstance(value, int) and expected.words.startswith(BOUNDED):
        raise ArgumentError(f"{name} is out of range: give {expected.words}", name)
    if isinstance(value, (str, os.PathLike)) and not is_text(str(value)):
        words = f"{name} has a character that no text here may have: give it without"
        raise ArgumentError(words, name)
    raise refuse(name, value, expected.words)
