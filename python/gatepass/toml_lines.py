"""The line of a key in a TOML file, which the standard library's reader does not give."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

#: A key, after the names of its tables; in an array of tables, after the number of its table.
#: ``("tls", "key")``, ``("fault", 2, "nth")``.
Key = tuple[str | int, ...]


def line_of(text: str, wanted: Key) -> int | None:
    """Return the line of a key; if it is missing, the line of the table that it belongs in.

    ``None`` if that is missing, too. ``text`` is valid TOML; lines count from 1.
    """
    found, deepest = None, 0
    for line, table, content in _statements(text):
        shared = min(len(table), len(wanted))
        if table[:shared] != wanted[:shared]:
            continue
        depth = shared + _known(content, wanted[shared:])
        if depth > deepest:
            found, deepest = line, depth
    return found


def _statements(text: str) -> Iterator[tuple[int, Key, dict[str, Any]]]:
    """Yield the line, the table and the content of each statement; a heading has no content."""
    table: Key = ()
    arrays: dict[Key, int] = {}
    lines = text.split("\n")
    begin = 0
    for end in range(1, len(lines) + 1):
        try:
            content = tomllib.loads("\n".join([*lines[begin:end], ""]))
        except tomllib.TOMLDecodeError:
            continue  # A value of several lines ends further down.
        if lines[begin].lstrip().startswith("["):
            table, content = _opened(content, arrays), {}
        yield begin + 1, table, content
        begin = end


def _opened(heading: Any, arrays: dict[Key, int]) -> Key:
    """Return the table that a heading opens; ``arrays`` has the number of each array's last one."""
    table: Key = ()
    while heading and isinstance(heading, dict):
        ((name, heading),) = heading.items()
        table = (*table, name)
        if isinstance(heading, list):
            arrays[table] = arrays.get(table, -1) + 1
        if table in arrays:
            table = (*table, arrays[table])
    return table


def _known(content: Any, key: Key) -> int:
    """Count how many of a key's names lead somewhere in the content of a statement."""
    for count, name in enumerate(key):
        try:
            content = content[name]
        except (KeyError, IndexError, TypeError):
            return count
    return len(key)
