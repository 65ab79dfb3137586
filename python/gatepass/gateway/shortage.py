"""A gateway without free file descriptors: it reports that once a minute, and new clients wait.

asyncio reports an error for each connection that it cannot accept, a thousand in a second, and
tries again after a second. Until then the connections wait in the system's queue.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Any

from gatepass.gateway.report import Event, Report

#: The system's errors when it has no room for a connection: asyncio retries after these only.
_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
#: Seconds between two reports.
QUIET = 60.0

Context = dict[str, Any]


class Shortage:
    """Reports connections that could not be accepted on the sockets it watches.

    It replaces the event loop's exception handler, and passes all other errors on to that.
    """

    def __init__(self, report: Callable[[Report], None]) -> None:
        self._report = report
        self._places: set[object] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: Callable[[asyncio.AbstractEventLoop, Context], object] | None = None
        self._said: float | None = None

    def watch(self, server: asyncio.Server) -> None:
        """Report the connections that a server cannot accept."""
        self._places.update(socket.getsockname() for socket in server.sockets)
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._before = self._loop.get_exception_handler()
            self._loop.set_exception_handler(self._handle)

    def end(self) -> None:
        """Stop reporting."""
        self._places.clear()
        # Another handler may have replaced this one since, and may still pass errors on to it.
        if self._loop is not None and self._loop.get_exception_handler() == self._handle:
            self._loop.set_exception_handler(self._before)
            self._loop = None

    def _handle(self, loop: asyncio.AbstractEventLoop, context: Context) -> None:
        error, socket = context.get("exception"), context.get("socket")
        is_ours = socket is not None and socket.getsockname() in self._places
        if is_ours and isinstance(error, OSError) and error.errno in _SHORT:
            self._say(loop.time(), error.strerror or "")
        elif self._before is None:
            loop.default_exception_handler(context)
        else:
            self._before(loop, context)

    def _say(self, now: float, why: str) -> None:
        if self._said is None or now - self._said >= QUIET:
            self._said = now
            words = "new connections wait: end others, or raise the limit (ulimit -n)"
            self._report(Report(Event.NO_ROOM, "", f"{why}: {words}"))
