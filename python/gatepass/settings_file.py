"""Settings from a TOML file: a table says what each key does; an error names line and key."""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from gatepass.errors import ConfigError
from gatepass.toml_lines import line_of

Config = TypeVar("Config")
#: Takes the settings so far, a value and the file's path; returns the settings with the value.
#: Raises `ValueError` or `TypeError` for an impossible value.
Setting = Callable[[Config, object, Path], Config]

PORTS = range(65536)
_ASSIGNED = re.compile(r"\s*([\w.\"' -]+?)\s*=")
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")

#: How the TOML reader's messages begin, and what they mean to a person.
_TOML_ADVICE = (
    (
        "Invalid value",
        "its value is missing or invalid: put a text in quotes, and a number without quotes",
    ),
    ("Cannot overwrite a value", "this key occurs twice: remove one of the two"),
    ("Cannot declare", "this section occurs twice: put its settings together"),
    ("Illegal character '\\n'", "the closing quote is missing"),
    ("Unterminated string", "the closing quote is missing"),
)


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A TOML file that was read: its path, its text, and the parsed table."""

    path: Path
    text: str
    table: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> SettingsFile:
        """Read a file. Raises `ConfigError`, and `OSError` as the file system does."""
        text = _read_text(path)
        return cls(path, text, _load_toml(text, path))

    def apply(self, config: Config, settings: Mapping[str, Setting[Config]]) -> Config:
        """Return ``config`` with all values of the file, each set by its entry in ``settings``.

        ``settings`` maps a key's name, such as ``section.key``, to a `Setting`. Raises
        `ConfigError` for an unknown key, and for a value that is refused.
        """
        for key, value in self._entries(settings):
            name = ".".join(key)
            setting = settings.get(name)
            if setting is None:
                raise self._error(key, f"there is no such setting; {choice(name, settings)}")
            try:
                config = setting(config, value, self.path)
            except (ValueError, TypeError) as error:
                raise self._error(key, str(error)) from None
        return config

    def has(self, name: str) -> bool:
        """Tell whether a key is in the file."""
        section, _, key = name.rpartition(".")
        table = self.table.get(section, {}) if section else self.table
        return isinstance(table, Mapping) and key in table

    def error(self, name: str, message: str) -> ConfigError:
        """Return an error about a key, with its line."""
        return self._error(tuple(name.split(".")), message)

    def _error(self, key: tuple[str, ...], message: str) -> ConfigError:
        return ConfigError(message, self.path, line_of(self.text, key), ".".join(key))

    def _entries(self, settings: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], Any]]:
        """Yield key and value of each entry; a table that is not a section stays a value."""
        sections = {name.partition(".")[0] for name in settings if "." in name}
        for key, value in self.table.items():
            if isinstance(value, dict) and key in sections:
                yield from (((key, inner), entry) for inner, entry in value.items())
            else:
                yield (key,), value


def _read_text(path: Path) -> str:
    """Read UTF-8, with or without the mark that Notepad puts first.

    Raises `ConfigError` with the line, and `OSError` as the file system does.
    """
    data = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError("this is not UTF-8 text", path, line) from None


def _load_toml(text: str, path: Path) -> dict[str, Any]:
    """Read TOML. Raises `ConfigError` with the line, and with the key that it assigns."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
        words = _PLACE.sub("", str(error))
        words = next((ours for theirs, ours in _TOML_ADVICE if words.startswith(theirs)), words)
        raise ConfigError(words, path, line, _key_in(text, line)) from None


def _key_in(text: str, line: int) -> str | None:
    """Return the key that a line assigns, as it is written there."""
    lines = text.splitlines()
    found = _ASSIGNED.match(lines[line - 1]) if line <= len(lines) else None
    return None if found is None else found[1]


def choice(word: object, known: Iterable[str]) -> str:
    """Say which words are known, the closest to an unknown one first."""
    there = list(known)
    nearest = get_close_matches(str(word), there, n=1)
    meant = f"did you mean {nearest[0]}? " if nearest else ""
    return f"{meant}there are {', '.join(there)}"


def a_text(value: object) -> str:
    """Return the value if it is a text that is not empty."""
    if not isinstance(value, str):
        raise TypeError(f"give a text in quotes, not {value!r}")
    if not value:
        raise ValueError("this text is empty: write something, or remove the line")
    return value


def a_switch(value: object) -> bool:
    """Return the value if it is ``true`` or ``false``."""
    if not isinstance(value, bool):
        raise TypeError(f"give true or false, not {value!r}")
    return value


def a_port(value: object) -> int:
    """Return the value if it is a port."""
    if not isinstance(value, int) or isinstance(value, bool) or value not in PORTS:
        raise ValueError(f"a port is a whole number from 0 to 65535, not {value!r}")
    return value
