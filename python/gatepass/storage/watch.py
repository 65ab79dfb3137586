"""Check that the opened file is still the one at its path, and that no stranger has written to it.

An open file still works for its program after it was removed or replaced, but what is stored in it
then is lost. SQLite does not check that, so this does, before each use: with one ``stat`` of the
file and one of its log.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from gatepass.errors import StoreError

_AGAIN = "; find out what did that, put the right file back, then log on again"
GONE = "was removed while it was open" + _AGAIN
REPLACED = "was replaced while it was open" + _AGAIN
CUT = "was emptied while it was open" + _AGAIN
OVERWRITTEN = "was written over while it was open" + _AGAIN
#: Seconds after another program's commit in which that program may write to the file: SQLite moves
#: the log into the file after a commit, and a slow disk takes its time.
EXCUSED = 60.0


def is_busy_log(path: str) -> bool:
    """Tell whether another program has just committed something to a file's log.

    Call it before the file is opened: what this program writes to it later must not count.
    """
    try:
        log = Path(f"{path}-wal").stat()
    except OSError:
        return False
    return log.st_size > 0 and time.time() - log.st_mtime < EXCUSED


class Watch:
    """Watches an SQLite file and its write-ahead log, from its own creation on.

    `has_others` tells whether another program has committed something since its last call: that
    program may write to the file. `is_busy` says that another program had committed something just
    before (`is_busy_log`), and may still be writing.
    """

    def __init__(self, path: str, has_others: Callable[[], bool], *, is_busy: bool) -> None:
        self._path = path
        self._has_others = has_others
        self._main, self._log = path, f"{path}-wal"
        has_others()  # this makes SQLite open the log
        # A file system without shared memory has no such log.
        self._has_log = Path(self._log).exists()
        self._noted = self._look()
        self._excused_until = time.monotonic() + EXCUSED if is_busy else 0.0

    def check(self) -> None:
        """Raise `StoreError` if the file is not what it was."""
        now, noted = self._look(), self._noted
        if now == noted:
            return
        (files, size, written), log_size = now[:3], now[3]
        if files != noted[0]:
            raise StoreError(REPLACED, self._path)
        if not size:
            raise StoreError(CUT, self._path)
        # Also checked if only the log has changed: it is moved into the file after that.
        if self._has_others():
            self._excused_until = time.monotonic() + EXCUSED
        if time.monotonic() > self._excused_until:
            if log_size < noted[3]:
                # SQLite starts again at the log's beginning, but does not shorten it.
                raise StoreError(CUT, self._path)
            if written != noted[2]:
                raise StoreError(OVERWRITTEN, self._path)
        self._noted = now

    def note(self) -> None:
        """Note that this program has committed something: SQLite may have written to the file."""
        self._noted = self._look()

    def _look(self) -> _State:
        # Without `Path`, and with a plain tuple: this is done twice for every message.
        try:
            main = os.stat(self._main)  # noqa: PTH116
            log = os.stat(self._log) if self._has_log else main  # noqa: PTH116
        except FileNotFoundError as error:
            raise StoreError(GONE, self._path) from error
        files = (main.st_dev, main.st_ino, log.st_ino)
        return files, main.st_size, main.st_mtime_ns, log.st_size, log.st_mtime_ns


#: Which files are at the paths; the file's size and time of writing; the same of its log.
_State = tuple[tuple[int, int, int], int, int, int, int]
