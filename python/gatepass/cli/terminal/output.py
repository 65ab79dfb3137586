"""Output: results go to standard output, messages to standard error.

A text may come from another party's message. So control characters are escaped before it is
printed, and Rich's markup in it is ignored.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gatepass.cli.terminal.streams import silence
from gatepass.keys import Status
from gatepass.signing import Outcome

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

#: Columns of a page outside a terminal: wide enough that no line is cut or folded.
PIPE_WIDTH = 400


class Mark(NamedTuple):
    """How an outcome looks: a symbol, the same in ASCII, and a colour. Words always follow it."""

    symbol: str
    ascii: str
    style: str


YES = Mark("✓", "+", "green")
NO = Mark("✗", "x", "red")
UNKNOWN = Mark("·", "-", "dim")
CAUTION = Mark("!", "!", "yellow")

MARKS: Mapping[Outcome | Status | bool, Mark] = {
    True: YES,
    False: NO,
    Outcome.PASSED: YES,
    Outcome.FAILED: NO,
    Outcome.NOT_CHECKED: UNKNOWN,
    Status.ACTIVE: YES,
    Status.EXPIRED: NO,
    Status.NOT_YET_VALID: UNKNOWN,
}


def page() -> Console:
    """Open standard output for people: as wide as the terminal, or `PIPE_WIDTH` in a pipe."""
    from rich.console import Console

    class Page(Console):
        def on_broken_pipe(self) -> None:
            """Leave the exit code to the caller; Rich would exit with 1, which means "no"."""
            raise BrokenPipeError

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Page(width=width, highlight=False, markup=False, emoji=False)


def can_print(console: Console, text: str) -> bool:
    """Tell whether a console's encoding has the characters of a text."""
    try:
        text.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def marked(console: Console, mark: Mark, words: str) -> Text:
    """Return a symbol and words in the mark's colour; appended text keeps its own."""
    from rich.text import Text

    symbol = mark.symbol if can_print(console, mark.symbol) else mark.ascii
    return Text.assemble((f"{symbol} {visible(words)}", mark.style))


def visible(text: object) -> str:
    r"""Return the text with each unprintable character written as ``\xNN`` or ``\uNNNN``."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in str(text)
    )


def emit(data: object) -> None:
    """Write one object as one line of JSON to standard output, at once."""
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()


def report(data: object, words: str, *, as_json: bool) -> None:
    """Report what was done: as JSON on standard output, or in words on standard error."""
    if as_json:
        emit(data)
    else:
        say(words)


def write_file(path: Path, data: bytes) -> None:
    """Write a file completely or not at all; an existing file is replaced in one step.

    A pipe or a device is written directly. Raises `OSError` with the file's name, which the system
    omits for a full disk.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(path.resolve(), data)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def say(text: str) -> None:
    """Write one line to standard error. If that fails, the command continues."""
    words = visible(text)
    encoding = sys.stderr.encoding or "ascii"
    try:
        sys.stderr.write(words.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)
