"""What a gateway does when the system gives it no further file descriptor: it says so, and waits.

asyncio reports an error for each connection that it could not take, a thousand in a second, and
tries again after a second. The connections wait in the system's queue until then.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Any

from gatepass.gateway.report import Event, Report

#: What the system says where it has nothing left for a connection: asyncio waits for these alone.
_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
#: Seconds between two reports of it.
QUIET = 60.0

Context = dict[str, Any]


class Shortage:
    """Reports connections that could not be accepted at the sockets given to it.

    It stands before the event loop's handler of errors, and gives that all others.
    """

    def __init__(self, report: Callable[[Report], None]) -> None:
        self._report = report
        self._places: set[object] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: Callable[[asyncio.AbstractEventLoop, Context], object] | None = None
        self._said: float | None = None

    def watch(self, server: asyncio.Server) -> None:
        """Hear of the connections that a server cannot take."""
        self._places.update(socket.getsockname() for socket in server.sockets)
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._before = self._loop.get_exception_handler()
            self._loop.set_exception_handler(self._handle)

    def end(self) -> None:
        """Hear of nothing any more."""
        self._places.clear()
        # Somebody else may stand before it now, and goes on handing it what is not its own.
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
