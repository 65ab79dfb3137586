"""What an annotation asks for, as a test of a value and as words for people."""

from __future__ import annotations

import enum
import functools
import inspect
import os
import sys
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, NamedTuple

#: Stands in an `Annotated` type that the function itself checks, with an error of its own kind.
ITSELF = "the function itself checks it"
#: Of a time to reckon with: nearer to its ends, the calendar has no such day in another time zone.
YEARS = range(1000, 9990)


class Wanted(NamedTuple):
    """What an annotation asks for: whether a value is that, and what to call it."""

    fits: Callable[[Any], bool]
    words: str


class Within(NamedTuple):
    """Stands in an `Annotated` number: the least and the most that it may be."""

    least: int
    most: int


#: Of a gateway to connect to, and of one to listen at: 0 is a free one.
Port = Annotated[int, Within(1, 65535)]
FreePort = Annotated[int, Within(0, 65535)]


@functools.cache
def wanted_by(function: Callable[..., object]) -> dict[str, Wanted]:
    """Give what each parameter of a function asks for, where that can be looked at."""
    names = vars(sys.modules[function.__module__])
    kinds = {
        name: eval(kind, names) if isinstance(kind, str) else kind  # noqa: S307 - our own source
        for name, kind in function.__annotations__.items()
        if name != "return"
    }
    found = {name: _wanted(kind) for name, kind in kinds.items()}
    return {name: wanted for name, wanted in found.items() if wanted is not None}


#: How the words of a number with bounds begin.
BOUNDED = "a whole number from "
TIME = "a datetime with a time zone, such as datetime.now(timezone.utc)"
_IS_TIME = Wanted(
    lambda v: isinstance(v, datetime) and v.utcoffset() is not None and v.year in YEARS, TIME
)
#: By type, where more or less than its instances will do.
_KINDS: dict[object, Wanted] = {
    None: Wanted(lambda v: v is None, "None"),
    type(None): Wanted(lambda v: v is None, "None"),
    int: Wanted(lambda v: isinstance(v, int) and not isinstance(v, bool), "a whole number"),
    float: Wanted(
        lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and v == v,
        "a number",
    ),
    bool: Wanted(lambda v: isinstance(v, bool), "True or False"),
    str: Wanted(lambda v: isinstance(v, str), "text"),
    bytes: Wanted(lambda v: isinstance(v, (bytes, bytearray, memoryview)), "bytes"),
    datetime: _IS_TIME,
    date: Wanted(lambda v: isinstance(v, date) and not isinstance(v, datetime), "a date"),
    timedelta: Wanted(lambda v: isinstance(v, timedelta), "a timedelta"),
    os.PathLike: Wanted(lambda v: isinstance(v, os.PathLike) and is_text(str(v)), "a path"),
    Callable: Wanted(callable, "a function"),
    Mapping: Wanted(lambda v: isinstance(v, Mapping), "a dict"),
}
#: Text that the name of a file can be.
_PATH_TEXT = Wanted(lambda v: isinstance(v, str) and is_text(v), "text")
#: Where the name of a type says too little.
_SUCH_AS = {
    "Store": "a store, such as SqliteStore(path, name) or MemoryStore()",
    "KeyRing": "a KeyRing, such as that of open_keys(path).ring",
    "SSLContext": "an SSLContext, such as that of gatepass.transport.client_context()",
    "SigningKey": "a SigningKey, such as SigningKey(text of the Secret Key)",
}


def _wanted(kind: Any) -> Wanted | None:
    """Read an annotation; ``None`` for one that allows anything, or is not for us to check."""
    known = _KINDS.get(kind)
    if known is not None:
        return known
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return None if ITSELF in inner else _bounded(_wanted(inner[0]), inner[1:])
    if origin in (typing.Union, types.UnionType):
        return _any_of([_wanted(one) for one in inner])
    if origin is not None:
        return _KINDS.get(origin) or _many(origin, inner)
    if kind is Any or not isinstance(kind, type) or kind is object:
        return None
    if issubclass(kind, os.PathLike):
        return _KINDS[os.PathLike]
    if issubclass(kind, str) and not issubclass(kind, enum.Enum):
        return _KINDS[str]
    if issubclass(kind, enum.Enum):
        members = " or ".join(f"{kind.__name__}.{member.name}" for member in kind)
        return Wanted(lambda v: isinstance(v, kind), members)
    words = _SUCH_AS.get(kind.__name__, f"{_article(kind.__name__)} {kind.__name__}")
    if getattr(kind, "_is_protocol", False):
        named = frozenset(name for name in dir(kind) if not name.startswith("_"))
        return Wanted(lambda v: _has_all(v, named), words)
    return Wanted(lambda v: isinstance(v, kind), words)


def _bounded(wanted: Wanted | None, bounds: Sequence[object]) -> Wanted | None:
    bound = next((bound for bound in bounds if isinstance(bound, Within)), None)
    if wanted is None or bound is None:
        return wanted
    fits, (least, most) = wanted.fits, bound
    return Wanted(lambda v: fits(v) and least <= v <= most, f"{BOUNDED}{least} to {most}")


def _any_of(choices: list[Wanted | None]) -> Wanted | None:
    wanted = [choice for choice in choices if choice is not None]
    if len(wanted) < len(choices):
        return None
    if _KINDS[os.PathLike] in wanted:
        wanted = [_PATH_TEXT if choice is _KINDS[str] else choice for choice in wanted]
    tests = tuple(one.fits for one in wanted)
    words = " or ".join(dict.fromkeys(one.words for one in wanted))
    return Wanted(lambda v: any(fits(v) for fits in tests), words)


def _many(origin: Any, inner: tuple[Any, ...]) -> Wanted:
    """Many values: a list or tuple whose elements are looked at, or what gives them one by one."""
    if origin is tuple and inner and inner[-1] is not ...:
        parts = [_wanted(kind) for kind in inner]
        words = f"({', '.join('anything' if part is None else part.words for part in parts)})"
        return Wanted(lambda v: isinstance(v, (tuple, list)) and _all_fit(parts, v), words)
    element = _wanted(inner[0]) if inner else None
    words = "a list" if element is None else f"a list, of {element.words} each"
    once = origin not in (tuple, list) and not issubclass(origin, Sequence)
    return Wanted(lambda v: _is_many(v, element, once=once), words)


def _is_many(value: Any, element: Wanted | None, *, once: bool) -> bool:
    if isinstance(value, (str, bytes, bytearray, memoryview, Mapping)):
        return False
    if not isinstance(value, Sequence):
        # What is gone through once is looked at by what goes through it.
        return once and isinstance(value, Iterable)
    return element is None or all(map(element.fits, value))


def _all_fit(parts: Sequence[Wanted | None], values: Collection[Any]) -> bool:
    if len(parts) != len(values):
        return False
    pairs = zip(parts, values, strict=True)
    return all(part is None or part.fits(value) for part, value in pairs)


def _has_all(value: object, members: frozenset[str]) -> bool:
    # Not asked for: a property may take long.
    return all(inspect.getattr_static(value, name, None) is not None for name in members)


def is_text(value: str) -> bool:
    """Tell whether a text has bytes, such as a file's name needs, and no NUL among them."""
    if value.isascii():
        return "\0" not in value
    try:
        return b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def _article(name: str) -> str:
    return "an" if name[0] in "AEIO" else "a"
