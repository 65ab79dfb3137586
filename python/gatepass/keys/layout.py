"""The columns of CME's key file, to write one.

The table is the core's, which reads with it (``rust/core/src/key_file``).
"""

from __future__ import annotations

from dataclasses import dataclass

from gatepass._native import KEY_FILE_COLUMNS


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the header, and how wide a writer makes it."""

    name: str
    width: int
    optional: bool


#: In a writer's order.
COLUMNS = tuple(Column(*row) for row in KEY_FILE_COLUMNS)
SESSION, ACCESS_KEY_ID, SECRET, CREATED, EXPIRES, ENVIRONMENT = COLUMNS
