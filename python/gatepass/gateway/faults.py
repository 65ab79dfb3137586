"""A plan of faults, as data: which message meets which misfortune. Read from TOML.

::

    [[fault]]
    do = "drop"              # what happens; see ACTIONS
    on = "send"              # to what the gateway sends (default), or "receive"
    type = "n"               # only to messages of this MsgType (35)
    session = "ABC123"       # only to this session: SenderCompID without its last character
    nth = 3                  # to the third that fits (default: the first)
    times = 2                # and the one after it (default: one message)

    [[fault]]
    do = "delay"
    seconds = 2.5

Faults count and act independently of each other, for as long as the gateway runs.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from gatepass.errors import ConfigError, GatepassError
from gatepass.keys import AccessKeyId
from gatepass.session.outgoing import MAX_TEXT
from gatepass.settings_file import load_toml, read_text

#: Longest delay and largest clock skew, in seconds: a day.
MAX_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Drop:
    """The message never arrives."""


@dataclass(frozen=True, slots=True)
class Delay:
    """The message and all behind it come ``seconds`` later, in their order."""

    seconds: float

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError("a delay is more than 0 seconds")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The message comes twice."""


@dataclass(frozen=True, slots=True)
class Reorder:
    """The message comes after the next one."""


@dataclass(frozen=True, slots=True)
class Corrupt:
    """One bit of byte ``byte`` is turned over: from 0, or from the end if negative.

    In a message that is shorter it is the last byte, or the first.
    """

    byte: int


@dataclass(frozen=True, slots=True)
class WrongNumber:
    """MsgSeqNum (34) is changed by ``by``, to 1 at the least; BodyLength and CheckSum are right."""

    by: int


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The connection ends after the message."""


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """The gateway's clock is ``seconds`` off from then on: ahead, or behind if negative."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ExpirePair:
    """A key pair expires now: this one, or the one the message's session would use."""

    access_key_id: AccessKeyId | None = None


@dataclass(frozen=True, slots=True)
class FailOver:
    """The primary gateway fails for the message's session, and its backup is promoted."""


@dataclass(frozen=True, slots=True)
class LogOut:
    """The gateway logs the session out with ``text`` in tag 58."""

    text: str


Action = (
    Drop
    | Delay
    | Duplicate
    | Reorder
    | Corrupt
    | WrongNumber
    | Disconnect
    | ClockSkew
    | ExpirePair
    | FailOver
    | LogOut
)

#: What ``do`` may be.
ACTIONS: Mapping[str, type[Action]] = {
    "drop": Drop,
    "delay": Delay,
    "duplicate": Duplicate,
    "reorder": Reorder,
    "corrupt": Corrupt,
    "wrong-number": WrongNumber,
    "disconnect": Disconnect,
    "clock-skew": ClockSkew,
    "expire-pair": ExpirePair,
    "fail-over": FailOver,
    "log-out": LogOut,
}


class Direction(enum.Enum):
    """Which way a message goes, as the gateway sees it."""

    SEND = "send"
    RECEIVE = "receive"


@dataclass(frozen=True, slots=True)
class Fault:
    """One misfortune, and the messages it befalls: ``times`` of them from the ``nth`` on."""

    action: Action
    direction: Direction = Direction.SEND
    msg_type: str | None = None
    session: str | None = None
    nth: int = 1
    times: int = 1


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """All that is to go wrong."""

    faults: tuple[Fault, ...] = ()


def load_fault_plan(path: Path | str) -> FaultPlan:
    """Read a plan. Raises `ConfigError` with line and key, `OSError` as the file system does."""
    where = Path(path)
    text = read_text(where)
    tables = load_toml(text, where)
    for key in tables:
        if key != "fault":
            message = "a plan holds [[fault]] tables only"
            raise ConfigError(message, where, _line_of(text, None, key), key)
    listed = tables.get("fault", [])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        message = "write [[fault]], in two pairs of brackets"
        raise ConfigError(message, where, _line_of(text, None, "fault"), "fault")
    return FaultPlan(tuple(_fault(e, n, text, where) for n, e in enumerate(listed)))


def _fault(entry: Mapping[str, Any], index: int, text: str, path: Path) -> Fault:
    def wrong(key: str, message: str) -> ConfigError:
        return ConfigError(message, path, _line_of(text, index, key), key)

    kind = ACTIONS.get(entry["do"]) if isinstance(entry.get("do"), str) else None
    if kind is None:
        raise wrong("do", f"say what is to happen: {', '.join(ACTIONS)}")
    parameters = {field.name.replace("_", "-"): field for field in fields(kind)}
    common: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key, value in entry.items():
        if key != "do" and key not in _COMMON and key not in parameters:
            known = ", ".join((*parameters, *_COMMON))
            raise wrong(key, f"{entry['do']} has no such setting; it has {known}")
        try:
            if key in parameters:
                own[parameters[key].name] = _PARAMETERS[key](value)
            elif key in _COMMON:
                name, read = _COMMON[key]
                common[name] = read(value)
        except (ValueError, TypeError, GatepassError) as error:
            raise wrong(key, str(error)) from None
    for key, field in parameters.items():
        if field.default is MISSING and field.name not in own:
            raise wrong(key, f"{entry['do']} needs this setting")
    try:
        return Fault(kind(**own), **common)
    except ValueError as error:
        raise wrong(next(iter(parameters)), str(error)) from None


def _line_of(text: str, index: int | None, key: str) -> int | None:
    """Find the line of a key of the so manieth table, or else the line of the table itself."""
    table = -1
    heading_line: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        heading = re.match(r"\s*\[+\s*([^\]]*?)\s*\]", line)
        if heading:
            table += 1
            if table == index or (index is None and heading[1].strip("\"'") == key):
                heading_line = number
        elif (index is None or table == index) and re.match(rf"\s*[\"']?{re.escape(key)}\W", line):
            return number
    return heading_line


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a number of seconds is wanted, not {value!r}")
    if not -MAX_SECONDS <= value <= MAX_SECONDS:
        raise ValueError(f"at most {MAX_SECONDS:g} seconds, not {value!r}")
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a whole number is wanted, not {value!r}")
    return value


def _count(value: object) -> int:
    if _whole(value) < 1:
        raise ValueError(f"count from 1, not {value!r}")
    return _whole(value)


def _step(value: object) -> int:
    if _whole(value) == 0:
        raise ValueError("a change by 0 is none")
    return _whole(value)


def _word(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"a text in quotes is wanted, not {value!r}")
    return value


def _text(value: object) -> str:
    text = _word(value)
    if len(text) > MAX_TEXT or not (text.isascii() and text.isprintable()):
        raise ValueError(f"Text (58) is at most {MAX_TEXT} printable ASCII characters")
    return text


def _direction(value: object) -> Direction:
    names = [direction.value for direction in Direction]
    if value not in names:
        raise ValueError(f"{' or '.join(names)}, not {value!r}")
    return Direction(value)


#: How each setting of an action is read.
_PARAMETERS: Mapping[str, Callable[[object], object]] = {
    "seconds": _seconds,
    "byte": _whole,
    "by": _step,
    "access-key-id": lambda value: AccessKeyId(_word(value)),
    "text": _text,
}
#: The settings of every fault: the field, and how it is read.
_COMMON: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "on": ("direction", _direction),
    "type": ("msg_type", _word),
    "session": ("session", _word),
    "nth": ("nth", _count),
    "times": ("times", _count),
}
