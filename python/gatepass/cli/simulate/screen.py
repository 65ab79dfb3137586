"""What a gateway decided, shown by a thread of its own: who does not read holds up nobody else.

A pager that waits for a key, or a pipe that nobody empties, blocks whoever writes to it. Here that
is a thread; what it cannot show in time is counted and said, and the log has it all the same.
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
from gatepass.gateway import Event, Report
from gatepass.transport import utc_now

#: Reports that wait to be shown; those beyond are counted.
MOST_WAITING = 10_000
#: Seconds in which the rest is shown at the end.
LAST_WORDS = 2.0

Show = Callable[[Told], None]


class Screen:
    """Shows reports in their order, and calls `failed` from its thread if that cannot be done."""

    def __init__(self, show: Show, failed: Callable[[OSError], None]) -> None:
        self._show = show
        self._failed = failed
        self._waiting: queue.Queue[Told | None] = queue.Queue(MOST_WAITING)
        self._missed = 0
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
        self._thread.start()

    def tell(self, told: Told) -> None:
        """Have a report shown. Never waits."""
        if self._missed:
            missed = Report(
                Event.NOT_SHOWN, "", f"{self._missed} reports: nobody read them in time"
            )
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
        """Show what waits; false if nobody reads it within `LAST_WORDS`."""
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
    """Appends reports to a file. One that cannot be written is complained of once, and gone on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Without a buffer: what a full disk did not take would be tried again with each line.
        self._file = path.open("ab", buffering=0)
        self._broken = b""
        self._complained = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def reopen(self) -> None:
        """Go on in the file that has the log's name now: the old one may have been moved away.

        Where it cannot be opened, the log goes on in the old one, with a message.
        """
        try:
            file = self._path.open("ab", buffering=0)
        except OSError as error:
            why = error.strerror or str(error)
            say(f"gatepass: {self._path} cannot be opened again: {why}; the old file goes on")
            return
        self._file.close()
        self._file = file
        self._broken, self._complained = b"", False

    def write(self, line: str) -> None:
        """Append a line, if it can be."""
        data = self._broken + f"{line}\n".encode()
        try:
            written = self._file.write(data)
            why = os.strerror(errno.ENOSPC) if written < len(data) else ""
        except OSError as error:
            written, why = 0, error.strerror or str(error)
        if written:
            # A line that was cut off is ended before the next one.
            self._broken = b"\n" if written < len(data) else b""
        if why and not self._complained:
            say(f"gatepass: {self._path} cannot be written: {why}; the gateway goes on without")
        self._complained = self._complained or bool(why)
