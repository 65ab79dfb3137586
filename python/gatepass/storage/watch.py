"""Whether the file that was opened is still the one at its path, and nobody else has written to it.

An open file goes on working for its program when it is removed or replaced. What is kept in it
then, nobody finds again. SQLite does not look, so this does, before each use: it asks the system
twice what is at a path.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from gatepass.errors import StoreError

_AGAIN = "; see what did that, put the right file back, then log on again"
GONE = "was removed while it was open" + _AGAIN
REPLACED = "was replaced while it was open" + _AGAIN
CUT = "was emptied while it was open" + _AGAIN
OVERWRITTEN = "was written over while it was open" + _AGAIN
#: Seconds after another program's commit in which that may write to the file: SQLite moves the log
#: into it when a commit is over, and a slow disk takes its time.
EXCUSED = 60.0


def is_busy_log(path: str) -> bool:
    """Tell whether somebody has committed something to a file's log just now.

    To be asked before the file is opened: what this program does to it then does not count.
    """
    try:
        log = Path(f"{path}-wal").stat()
    except OSError:
        return False
    return log.st_size > 0 and time.time() - log.st_mtime < EXCUSED


class Watch:
    """Watches an SQLite file and its write-ahead log, from when it is made on.

    `has_others` tells whether another program has committed something since it was asked last: that
    one may have written to the file, as it should. `is_busy` says that one had done so just before
    (`is_busy_log`), and may not be ready.
    """

    def __init__(self, path: str, has_others: Callable[[], bool], *, is_busy: bool) -> None:
        self._path = path
        self._has_others = has_others
        self._main, self._log = path, f"{path}-wal"
        has_others()  # which has the log opened
        # A file system without shared memory has no such log.
        self._has_log = Path(self._log).exists()
        self._noted = self._look()
        self._excused_until = time.monotonic() + EXCUSED if is_busy else 0.0

    def check(self) -> None:
        """Raise `StoreError` where the file is not what it was."""
        now, noted = self._look(), self._noted
        if now == noted:
            return
        (files, size, written), log_size = now[:3], now[3]
        if files != noted[0]:
            raise StoreError(REPLACED, self._path)
        if not size:
            raise StoreError(CUT, self._path)
        # Asked where the log alone has moved, too: it is moved into the file after that.
        if self._has_others():
            self._excused_until = time.monotonic() + EXCUSED
        if time.monotonic() > self._excused_until:
            if log_size < noted[3]:
                # SQLite writes the log from its beginning again, and does not shorten it.
                raise StoreError(CUT, self._path)
            if written != noted[2]:
                raise StoreError(OVERWRITTEN, self._path)
        self._noted = now

    def note(self) -> None:
        """Note that this program has committed something: SQLite may have written to the file."""
        self._noted = self._look()

    def _look(self) -> _State:
        # Not by `Path`, and no object of its own: this is done twice for every message.
        try:
            main = os.stat(self._main)  # noqa: PTH116
            log = os.stat(self._log) if self._has_log else main  # noqa: PTH116
        except FileNotFoundError as error:
            raise StoreError(GONE, self._path) from error
        files = (main.st_dev, main.st_ino, log.st_ino)
        return files, main.st_size, main.st_mtime_ns, log.st_size, log.st_mtime_ns


#: Which files are at the paths; size of the file and when it was written; the same of its log.
_State = tuple[tuple[int, int, int], int, int, int, int]
