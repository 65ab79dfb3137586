"""Read the Logons for a command from a file or standard input, each with its place."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

import typer

from gatepass.cli.options.common import STDIN
from gatepass.cli.options.file_kinds import FileKind, head_of, kind_of, refuse_head
from gatepass.cli.signing.gateway_log import LogReader, Refusal
from gatepass.cli.terminal.output import say
from gatepass.cli.terminal.progress import watched
from gatepass.fix.notation import Line, read_lines
from gatepass.signing import Verdict

#: The beginning of every FIX message. A file without it is the wrong file.
_BEGIN = b"8=FIX"
#: Kinds of file that may contain Logons.
_TAKEN = (FileKind.LOGONS, FileKind.LOG)
#: Added to the error for a log without Logons.
_NONE_SHOWN = ": a gateway writes the Logons that it refused with --log or --json"
#: Longest line in bytes. A line is read as a whole and split into messages before the first is
#: used: 35,000 Logons, or ten times as many of the shortest messages, which need eleven times the
#: memory of the line.
MAX_LINE = 1 << 23


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is: its line, and its position in the line, both counted from 1."""

    line: int
    index: int
    of: int

    def __str__(self) -> str:
        """The line, and the position if the line has several messages."""
        return str(self.line) if self.of == 1 else f"{self.line}.{self.index}"

    def as_dict(self) -> dict[str, object]:
        """The place as plain data, for JSON."""
        return {"line": self.line, "index": self.index}


@dataclass(frozen=True, slots=True)
class Found:
    """A message, its place, and its refusal if it comes from a gateway's log."""

    place: Place
    message: bytes
    refusal: Refusal | None = None

    def judged_at(self, moment: datetime | None, *, any_time: bool) -> datetime | None:
        """Return the time to check it at: the given one, or else that of the log."""
        if moment is None and not any_time and self.refusal is not None:
            return self.refusal.at
        return moment

    def judged(self, verdict: Verdict) -> Verdict:
        """Return its verdict: a Logon that the gateway refused is not valid."""
        return verdict if self.refusal is None else self.refusal.put_into(verdict, self.message)


class Logons:
    """The messages of a file, or of standard input for ``-``, one by one as they come.

    A line may be JSON from ``gatepass simulate --log``: lines without a Logon are skipped and
    counted.

    Raises `typer.BadParameter` if the file cannot be read, contains nothing, or has a line of more
    than `MAX_LINE` bytes.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._log = LogReader(is_log=False)

    def __iter__(self) -> Iterator[Found]:
        for line in self.lines():
            refusal = self._log.refusal(line.number)
            for place, message in places(line):
                yield Found(place, message, refusal)

    def lines(self) -> Iterator[Line]:
        """Give the lines that contain messages."""
        empty, found = True, False
        name = _name(self._file)
        try:
            with _opened(self._file) as source:
                head = _head(self._file, source)
                refuse_head(name, head, _TAKEN, "FILE")
                is_log = kind_of(head) is FileKind.LOG
                self._log = LogReader(is_log=is_log)
                lines = watched(source, _lines(source, name))
                for line in read_lines(map(self._log.take, lines)):
                    empty = False
                    found = found or any(_BEGIN in message for message in line.messages)
                    yield line
        except OSError as error:
            if error.filename is None:
                raise
            raise typer.BadParameter(
                f"{self._file}: {error.strerror}", param_hint="FILE"
            ) from error
        if empty:
            words = f"contains no Logon{_NONE_SHOWN if is_log else ''}"
            raise typer.BadParameter(f"{name} {words}", param_hint="FILE")
        if not found:
            raise typer.BadParameter(f"{name} contains no FIX message", param_hint="FILE")

    def say_passed_over(self) -> None:
        """Say how many lines were skipped, if any."""
        count = self._log.passed_over
        if count:
            say(f"skipped {count} {'line' if count == 1 else 'lines'} without a Logon")


def read_logons(file: str) -> Iterator[Line]:
    """Read the lines of a file, as `Logons` does."""
    return Logons(file).lines()


def places(line: Line) -> Iterator[tuple[Place, bytes]]:
    """Give each message of a line with its place."""
    for index, message in enumerate(line.messages, start=1):
        yield Place(line.number, index, len(line.messages)), message


def _lines(source: BinaryIO, name: str) -> Iterator[bytes]:
    """Give the lines with their line ends, and refuse one that is too long for memory."""
    for number in count(1):
        line = source.readline(MAX_LINE + 1)
        if not line:
            return
        if len(line) > MAX_LINE:
            raise typer.BadParameter(
                f"{name}, line {number} is longer than {MAX_LINE >> 20} MiB: split it, with one"
                " Logon per line",
                param_hint="FILE",
            )
        # Editors and shells on Windows begin a file with a byte order mark.
        yield line.removeprefix(codecs.BOM_UTF8) if number == 1 else line


def _head(file: str, source: BinaryIO) -> bytes:
    """Return the beginning of the input without consuming it: a pipe cannot be read twice."""
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
        say("Reading Logons from the keyboard, one per line; Ctrl-D ends the input.")
    yield sys.stdin.buffer


def _name(file: str) -> str:
    return "standard input" if file == STDIN else file
