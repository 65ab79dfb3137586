"""The Logons a command reads: from a file or standard input, each with its place."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO

import typer

from gatepass.cli.file_kinds import FileKind, head_of, refuse_head
from gatepass.cli.options import STDIN
from gatepass.cli.output import say
from gatepass.cli.progress import watched
from gatepass.signing.notation import Line, read_lines

#: What every FIX message begins with. A file without it is not the file that was meant.
_BEGIN = b"8=FIX"
#: Where they may stand: in a file of their own, or in a gateway's log.
_TAKEN = (FileKind.LOGONS, FileKind.LOG)
#: Longest line in bytes. A line is read as a whole, and cut into its messages before the first of
#: them is dealt with: 35,000 Logons, or ten times as many of the shortest messages that there are,
#: which take eleven times the memory of the line.
MAX_LINE = 1 << 23


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands: its line, and which one of that line it is, both from 1."""

    line: int
    index: int
    of: int

    def __str__(self) -> str:
        """The line, and the place in it where the line has several messages."""
        return str(self.line) if self.of == 1 else f"{self.line}.{self.index}"

    def as_dict(self) -> dict[str, object]:
        """The place as plain data, for JSON."""
        return {"line": self.line, "index": self.index}


def read_logons(file: str) -> Iterator[Line]:
    """Read the lines of a file, or of standard input for ``-``, one by one as they come.

    A line may be JSON of ``gatepass simulate --log``: what it says besides Logons is passed over.

    Raises `typer.BadParameter` when it cannot be read, holds nothing, or has a line of more than
    `MAX_LINE` bytes.
    """
    empty, found = True, False
    try:
        with _opened(file) as source:
            refuse_head(_name(file), _head(file, source), _TAKEN, "FILE")
            for line in read_lines(map(_logged, watched(source, _lines(source, _name(file))))):
                empty = False
                found = found or any(_BEGIN in message for message in line.messages)
                yield line
    except OSError as error:
        if error.filename is None:
            raise
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from error
    if empty:
        raise typer.BadParameter(f"{_name(file)} holds no Logon", param_hint="FILE")
    if not found:
        raise typer.BadParameter(f"{_name(file)} holds no FIX message", param_hint="FILE")


def places(line: Line) -> Iterator[tuple[Place, bytes]]:
    """Give each message of a line with its place."""
    for index, message in enumerate(line.messages, start=1):
        yield Place(line.number, index, len(line.messages)), message


def _lines(source: BinaryIO, name: str) -> Iterator[bytes]:
    """Give the lines with their ends, and refuse one that would not fit into memory."""
    for number in count(1):
        line = source.readline(MAX_LINE + 1)
        if not line:
            return
        if len(line) > MAX_LINE:
            raise typer.BadParameter(
                f"{name}, line {number} is longer than {MAX_LINE >> 20} MiB: split the file, one"
                " Logon a line",
                param_hint="FILE",
            )
        # Editors and shells of Windows begin a file with a mark of its encoding.
        yield line.removeprefix(codecs.BOM_UTF8) if number == 1 else line


def _logged(line: bytes) -> bytes:
    """Give the Logon in a line of JSON, as gatepass writes them, or a blank line if it has none."""
    if not line.startswith(b"{"):
        return line
    try:
        data = json.loads(line)
    except ValueError:
        return line
    # Of sign --json, and of simulate --json and --log.
    texts = (data.get(key) for key in ("logon", "detail"))
    found = next((text for text in texts if isinstance(text, str) and text.startswith("8=FIX")), "")
    return found.encode("latin-1", "replace") + b"\n"


def _head(file: str, source: BinaryIO) -> bytes:
    """Give how the input begins, without taking it: a pipe has it only once."""
    if file != STDIN:
        return head_of(Path(file))
    peek = getattr(source, "peek", None)
    return b"" if peek is None else peek(1)


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file != STDIN:
        with Path(file).open("rb") as opened:
            yield opened
        return
    if sys.stdin.isatty():
        say("Reading Logons from the keyboard, one a line; Ctrl-D ends.")
    yield sys.stdin.buffer


def _name(file: str) -> str:
    return "standard input" if file == STDIN else file
