"""Reads a fault plan; an error names the line, the key and the valid values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from gatepass.errors import ConfigError, GatepassError
from gatepass.fix.outgoing import MAX_TEXT
from gatepass.gateway.faults.actions import ACTIONS
from gatepass.gateway.faults.plan import Direction, Fault, FaultPlan
from gatepass.keys import AccessKeyId, KeyRing
from gatepass.settings_file import SettingsFile, a_text, choice
from gatepass.toml_lines import line_of

#: Longest delay and largest clock skew, in seconds: a day.
MAX_SECONDS = 86400.0
#: A SenderCompID (49), with its Fault Tolerance Indicator or without.
_SESSION = re.compile(r"[A-Za-z0-9]{6,10}")


def load_fault_plan(path: Path | str, keys: KeyRing | None = None) -> FaultPlan:
    """Read a plan. If `keys` are given, they must contain each pair that it names.

    Raises `ConfigError` with line and key, `OSError` as the file system does.
    """
    file = SettingsFile.read(Path(path))
    for key in file.table:
        if key != "fault":
            raise file.error(key, "a plan contains [[fault]] tables only")
    listed = file.table.get("fault", [])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise file.error("fault", "write [[fault]], in two pairs of brackets")
    return FaultPlan(tuple(_fault(entry, n, file, keys) for n, entry in enumerate(listed)))


def _fault(entry: Mapping[str, Any], index: int, file: SettingsFile, keys: KeyRing | None) -> Fault:
    def wrong(key: str, message: str) -> ConfigError:
        return ConfigError(message, file.path, line_of(file.text, ("fault", index, key)), key)

    if "do" not in entry:
        raise wrong("do", f"say which fault: {', '.join(ACTIONS)}")
    kind = ACTIONS.get(entry["do"]) if isinstance(entry["do"], str) else None
    if kind is None:
        raise wrong("do", f"there is no fault {entry['do']!r}; {choice(entry['do'], ACTIONS)}")
    parameters = {field.name.replace("_", "-"): field for field in fields(kind)}
    common: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key, value in entry.items():
        if key != "do" and key not in _COMMON and key not in parameters:
            known = choice(key, (*parameters, *_COMMON))
            raise wrong(key, f"{entry['do']} has no such setting; {known}")
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
    pair = own.get("access_key_id")
    if pair is not None and keys is not None and keys.find(pair) is None:
        words = "give one of its pairs, or omit this to expire the one that the session would use"
        raise wrong("access-key-id", f"the gateway has no key pair {pair}: {words}")
    try:
        return Fault(kind(**own), **common)
    except ValueError as error:
        raise wrong(next(iter(parameters)), str(error)) from None


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"give a number of seconds, not {value!r}")
    if not -MAX_SECONDS <= value <= MAX_SECONDS:
        raise ValueError(f"give at most {MAX_SECONDS:g} seconds, not {value!r}")
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"give a whole number, not {value!r}")
    return value


def _count(value: object) -> int:
    if _whole(value) < 1:
        raise ValueError(f"count from 1, not {value!r}")
    return _whole(value)


def _step(value: object) -> int:
    if _whole(value) == 0:
        raise ValueError("give a number other than 0")
    return _whole(value)


def _session(value: object) -> str:
    text = a_text(value)
    if not _SESSION.fullmatch(text):
        raise ValueError(f"name the session as the log shows it, such as ABC123N, not {text!r}")
    return text


def _text(value: object) -> str:
    text = a_text(value)
    if len(text) > MAX_TEXT or not (text.isascii() and text.isprintable()):
        raise ValueError(f"give at most {MAX_TEXT} printable ASCII characters for Text (58)")
    return text


def _direction(value: object) -> Direction:
    names = [direction.value for direction in Direction]
    if value not in names:
        raise ValueError(f"give {' or '.join(names)}, not {value!r}")
    return Direction(value)


#: Readers of the settings of an action.
_PARAMETERS: Mapping[str, Callable[[object], object]] = {
    "seconds": _seconds,
    "byte": _whole,
    "by": _step,
    "access-key-id": lambda value: AccessKeyId(a_text(value)),
    "text": _text,
}
#: The settings of every fault: the field, and its reader.
_COMMON: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "on": ("direction", _direction),
    "type": ("msg_type", a_text),
    "session": ("session", _session),
    "nth": ("nth", _count),
    "times": ("times", _count),
}
