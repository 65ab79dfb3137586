"""Show a gateway's events from a separate thread, so that a slow reader does not delay clients.

A pager that waits for a key, or a pipe that is full, blocks its writer. Here the writer is a
thread. Events that it cannot show in time are counted, and the count is shown; the log has them.
"""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path

from gatepass.cli.terminal.output import say
from gatepass.cli.views.simulate import Told
from gatepass.counting import counted
from gatepass.gateway import Event, Report
from gatepass.transport import utc_now

#: How many reports may wait to be shown; further ones are only counted.
MOST_WAITING = 10_000
#: Seconds to show the rest at the end.
LAST_WORDS = 2.0

Show = Callable[[Told], None]


class Screen:
    """Shows reports in order, and calls `failed` from its thread if it cannot."""

    def __init__(self, show: Show, failed: Callable[[OSError], None]) -> None:
        self._show = show
        self._failed = failed
        self._waiting: queue.Queue[Told | None] = queue.Queue(MOST_WAITING)
        self._missed = 0
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
        self._thread.start()

    def tell(self, told: Told) -> None:
        """Queue a report to be shown. Never waits."""
        if self._missed:
            words = f"{counted(self._missed, 'report')} not read in time"
            missed = Report(Event.NOT_SHOWN, "", words)
            try:
                self._waiting.put_nowait(Told(utc_now(), missed))
            except queue.Full:
                self._missed += 1
                return
            self._missed = 0
        try:
            self._waiting.put_nowait(told)
        except queue.Full:
            self._missed += 1

    def end(self) -> bool:
        """Show the waiting reports; false if they are not read within `LAST_WORDS`."""
        try:
            self._waiting.put(None, timeout=LAST_WORDS)
        except queue.Full:
            return False
        self._thread.join(LAST_WORDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (told := self._waiting.get()) is not None:
            try:
                self._show(told)
            except OSError as error:
                self._failed(error)
                return


class Log:
    """Appends reports to a file. If that fails, it says so once, and the gateway continues."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Without a buffer, which would try to write old lines again after a full disk.
        self._file = path.open("ab", buffering=0)
        self._broken = b""
        self._complained = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def reopen(self) -> None:
        """Open the file with the log's name again: the old one may have been moved away.

        If that fails, it says so, and the log continues in the old file.
        """
        try:
            file = self._path.open("ab", buffering=0)
        except OSError as error:
            why = error.strerror or str(error)
            say(f"gatepass: cannot reopen {self._path}: {why}; still writing to the old file")
            return
        self._file.close()
        self._file = file
        self._broken, self._complained = b"", False

    def write(self, line: str) -> None:
        """Append a line, if possible."""
        data = self._broken + f"{line}\n".encode()
        try:
            written = self._file.write(data)
            why = os.strerror(errno.ENOSPC) if written < len(data) else ""
        except OSError as error:
            written, why = 0, error.strerror or str(error)
        if written:
            # If the line was cut off, the next write begins with a line end.
            self._broken = b"\n" if written < len(data) else b""
        if why and not self._complained:
            say(f"gatepass: cannot write {self._path}: {why}; the gateway continues without it")
        self._complained = self._complained or bool(why)
