"""The columns of CME's key file: one header line, fixed widths, blanks in between.

The layout is not documented by CME; the names and widths are those of the one public reader and
its samples. A reader takes the bounds from the header line, so other widths are read as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gatepass.errors import KeySourceError

BLANK = 0x20


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it is called in the header, and how wide a writer makes it.

    ``blanks`` allows values of several words.
    """

    name: str
    width: int
    optional: bool = False
    blanks: bool = False
    aliases: tuple[str, ...] = ()


SESSION = Column("Session ID", 21)
ACCESS_KEY_ID = Column("Access ID", 31, aliases=("Access Key ID",))
SECRET = Column("Secret Key", 51)
CREATED = Column("Creation Date", 21)
EXPIRES = Column("Expiration Date", 21)
#: CME's names for production and certification are not public: they may be two words.
ENVIRONMENT = Column("Environment", 21, optional=True, blanks=True)

#: In a writer's order.
COLUMNS = (SESSION, ACCESS_KEY_ID, SECRET, CREATED, EXPIRES, ENVIRONMENT)

_BY_NAME = {
    name.encode("ascii"): column for column in COLUMNS for name in (column.name, *column.aliases)
}
_HEADING = re.compile(
    rb"(?P<name>(?<!\S)(?:" + rb"|".join(map(re.escape, _BY_NAME)) + rb")(?!\S))|\S+"
)
_WORD = re.compile(rb"[^ ]+")


class Layout:
    """Where each column of one file begins and ends.

    Made from the header line. Raises `KeySourceError` naming the column that is missing or
    repeated, or where an unknown one stands; it never quotes the line, which in a file without
    a header holds a secret.
    """

    __slots__ = ("_bounds",)

    def __init__(self, header: memoryview) -> None:
        starts: dict[Column, int] = {}
        unknown = []
        for word in _HEADING.finditer(header):
            name = word.group("name")
            if name is None:
                unknown.append(word.start() + 1)
                continue
            column = _BY_NAME[name]
            if column in starts:
                raise KeySourceError(f"the header has the column {column.name} twice")
            starts[column] = word.start()
        missing = [c.name for c in COLUMNS if c not in starts and not c.optional]
        if missing:
            raise KeySourceError(
                f"the header has no column {', '.join(missing)}: the first line must name the"
                " columns, as in the file that the Request Center gives"
            )
        if unknown:
            raise KeySourceError(
                f"the header has an unknown column at position {unknown[0]}: the columns are"
                f" {', '.join(column.name for column in COLUMNS)}"
            )
        ordered = sorted(starts, key=lambda column: starts[column])
        # Blanks before the first name belong to the first column.
        begins = [0, *(starts[column] for column in ordered[1:])]
        ends = [*begins[1:], None]
        self._bounds = dict(zip(ordered, zip(begins, ends, strict=True), strict=True))

    def cell(self, line: memoryview, column: Column) -> memoryview:
        """Return one value of a record, without the blanks around it; empty if there is none.

        Raises `KeySourceError` when it has a blank inside or runs over the column's start.
        """
        if column not in self._bounds:
            return line[:0]
        begin, end = self._bounds[column]
        if 0 < begin < len(line) and line[begin - 1] != BLANK and line[begin] != BLANK:
            raise KeySourceError(f"a value runs into the column {column.name}")
        cut = line[begin:end]
        words = [slice(*word.span()) for word in _WORD.finditer(cut)]
        if len(words) > 1 and not column.blanks:
            raise KeySourceError(f"{column.name} has a blank inside")
        return cut[words[0].start : words[-1].stop] if words else cut[:0]
