"""A gateway's settings from a TOML file; every mistake names its line and its key.

::

    kind = "msgw:92"            # cgw, msgw:NN or dropcopy
    host = "127.0.0.1"
    port = 9443                 # 0: a free one
    backup-port = 9444          # without it there is no backup gateway
    store = "week.sqlite"       # numbers that survive a restart; a path relative to this file

    [sending-time]              # seconds that SendingTime (52) may be off
    max-age = 5.0
    max-ahead = 5.0
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from gatepass.errors import ConfigError
from gatepass.gateway.kind import Kind
from gatepass.signing import SendingTimeWindow

PORTS = range(65536)
CGW = Kind.parse("cgw")
DOCUMENTED = SendingTimeWindow()
_PLACE = re.compile(r"\s*\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """What a gateway is started with. ``store`` is ``None`` for numbers that end with it."""

    kind: Kind = CGW
    host: str = "127.0.0.1"
    port: int = 0
    backup_port: int | None = None
    store: Path | None = None
    window: SendingTimeWindow = DOCUMENTED


def read_config(path: Path) -> GatewayConfig:
    """Read a configuration file. Raises `ConfigError`, and `OSError` as the file system does."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError("this is not UTF-8 text", path, line) from None
    config = GatewayConfig()
    for section, key, value in _entries(load_toml(text, path)):
        name = f"{section}.{key}" if section else key
        try:
            config = _apply(config, name, value, path)
        except (ValueError, TypeError) as error:
            raise ConfigError(str(error), path, _line_of(text, section, key), name) from None
    return config


def load_toml(text: str, path: Path) -> dict[str, Any]:
    """Read TOML. Raises `ConfigError` with the line."""
    try:
        # A package brings to Python 3.10 what later ones have.
        toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ModuleNotFoundError as error:
        message = "Python before 3.11 needs a package for TOML: pip install 'gatepass[cli]'"
        raise ConfigError(message, path) from error
    try:
        read: dict[str, Any] = toml.loads(text)
    except ValueError as error:
        place = _PLACE.search(str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise ConfigError(_PLACE.sub("", str(error)), path, line) from None
    return read


def _entries(table: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """Give section, key and value of each entry; a table that is no section stays a value."""
    found: list[tuple[str, str, Any]] = []
    for key, value in table.items():
        if isinstance(value, dict) and key in SECTIONS:
            found.extend((key, inner, entry) for inner, entry in value.items())
        else:
            found.append(("", key, value))
    return found


def _apply(config: GatewayConfig, name: str, value: object, path: Path) -> GatewayConfig:
    setting = _SETTINGS.get(name)
    if setting is None:
        raise ValueError(f"there is no such setting; there are {', '.join(_SETTINGS)}")
    return setting(config, value, path)


def _line_of(text: str, section: str, key: str) -> int | None:
    """Find the line of a key: the first that assigns it, in its section or as section.key."""
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        heading = re.match(r"\s*\[+\s*([^\]]*?)\s*\]", line)
        if heading:
            current = heading[1].strip("\"'")
            if not section and current == key:
                return number
            continue
        assigned = re.match(r"\s*([\w.\"' -]+?)\s*=", line)
        if assigned:
            full = re.sub(r"[\"' ]", "", assigned[1])
            full = f"{current}.{full}" if current else full
            wanted = f"{section}.{key}" if section else key
            if full == wanted or full.startswith(f"{wanted}."):
                return number
    return None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"a text in quotes is wanted, not {value!r}")
    return value


def _port(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value not in PORTS:
        raise ValueError(f"a port is a whole number from 0 to 65535, not {value!r}")
    return value


def _seconds(value: object) -> timedelta:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 86400:
        raise ValueError(f"a number of seconds from 0 to 86400 is wanted, not {value!r}")
    return timedelta(seconds=value)


Setting = Callable[[GatewayConfig, object, Path], GatewayConfig]

#: What each key does with its value.
_SETTINGS: Mapping[str, Setting] = {
    "kind": lambda c, v, _: replace(c, kind=Kind.parse(_text(v))),
    "host": lambda c, v, _: replace(c, host=_text(v)),
    "port": lambda c, v, _: replace(c, port=_port(v)),
    "backup-port": lambda c, v, _: replace(c, backup_port=_port(v)),
    "store": lambda c, v, path: replace(c, store=path.parent / _text(v)),
    "sending-time.max-age": lambda c, v, _: replace(
        c, window=replace(c.window, max_age=_seconds(v))
    ),
    "sending-time.max-ahead": lambda c, v, _: replace(
        c, window=replace(c.window, max_ahead=_seconds(v))
    ),
}
SECTIONS = frozenset(name.partition(".")[0] for name in _SETTINGS if "." in name)
