"""A progress bar for long input, in a terminal."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO

#: Seconds of work before a bar is shown.
PATIENCE = 2.0


def watched(source: BinaryIO, lines: Iterator[bytes]) -> Iterable[bytes]:
    """Give the lines of a file, with a bar on standard error once it takes long.

    There is a bar only for a regular file, because the length of a pipe is unknown, and only if
    standard error is a terminal and standard output is not: lines in a terminal show progress.
    """
    total = _size(source)
    if total is None or not sys.stderr.isatty() or sys.stdout.isatty():
        return lines
    return _with_bar(lines, total)


def _with_bar(lines: Iterator[bytes], total: int) -> Iterator[bytes]:
    started = time.monotonic()
    done = 0
    for line in lines:
        yield line
        done += len(line)
        if time.monotonic() - started >= PATIENCE:
            break
    else:
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=total, completed=done)
        for line in lines:
            yield line
            bar.advance(task, len(line))


def _size(source: BinaryIO) -> int | None:
    """Bytes of a regular file; ``None`` for anything else, such as a pipe."""
    try:
        status = os.fstat(source.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
