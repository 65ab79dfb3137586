"""Where connections wait: first until their head has arrived, then for their turn to be let in.

To let a connection in takes ten times as long as to accept it: a transport, a protocol, several
iterations of the event loop. This is wasted on connections that send nothing or half a head. So
they wait here, where each costs only a socket. The others are let in one per iteration, health
checks first. Their bytes are only peeked at, and the protocol reads them later.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections import deque
from collections.abc import Callable
from typing import Final

from gatepass.center.web.serving.beginning import (
    is_health_check,
    wanted_of_hello,
    wanted_of_request,
)
from gatepass.center.web.serving.bounds import Bounds
from gatepass.center.web.serving.guests import Guest

#: The answer to a request that was started and not completed in time.
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#: More bytes than any waiting connection has: those with longer heads are let in.
_ALL: Final = 2**20
#: The most connections that are closed in one iteration of the event loop.
_AT_ONCE: Final = 16

Enter = Callable[[socket.socket, Guest], None]


class Lobby:
    """Connections that are not let in yet. ``enter`` lets one in.

    A connection that has not sent a complete head within the ``bounds`` is closed. With TLS it is a
    complete ClientHello, and health checks cannot be seen.
    """

    def __init__(self, enter: Enter, bounds: Bounds, *, tls: bool = False) -> None:
        self._enter = enter
        self._bounds = bounds
        self._tls = tls
        self._wanted = wanted_of_hello if tls else wanted_of_request
        # In the order in which they arrived.
        self._waiting: dict[socket.socket, Guest] = {}
        self._queue: deque[tuple[socket.socket, Guest]] = deque()
        self._letting_in = False
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: socket.socket, guest: Guest) -> None:
        """Wait for bytes of a non-blocking connection."""
        guest.send_away = lambda: self._end(connection, guest)
        # Most have sent something by now.
        if self._look_at(connection, guest):
            return
        try:
            asyncio.get_running_loop().add_reader(connection, self._look_at, connection, guest)
        except NotImplementedError:
            # The event loop of Windows cannot report bytes without reading them.
            self._enter(connection, guest)
            return
        self._waiting[connection] = guest
        if self._timer is None:
            self._wait_for_first()

    def close(self) -> None:
        """Close all connections that are here."""
        if self._timer is not None:
            self._timer.cancel()
        for connection, guest in (*self._waiting.items(), *self._queue):
            self._end(connection, guest)

    def _look_at(self, connection: socket.socket, guest: Guest) -> bool:
        """Look at the bytes that are here; return whether the connection need not wait here."""
        try:
            begun = connection.recv(self._bounds.head, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            begun = b""
        wanted = self._wanted(begun, self._bounds.head) if begun else 0
        if wanted and _reports_later(connection, wanted):
            return False
        self._stop_waiting(connection)
        if not begun:
            self._end(connection, guest)
        elif not self._tls and is_health_check(begun):
            self._enter(connection, guest)
        else:
            self._queue.append((connection, guest))
            self._let_in_next_round()
        return True

    def _let_in_next_round(self) -> None:
        if self._queue and not self._letting_in:
            self._letting_in = True
            asyncio.get_running_loop().call_soon(self._let_in_next)

    def _let_in_next(self) -> None:
        self._letting_in = False
        while self._queue:
            connection, guest = self._queue.popleft()
            # A connection that made room for others meanwhile is closed.
            if connection.fileno() >= 0:
                self._enter(connection, guest)
                break
        self._let_in_next_round()

    def _end(self, connection: socket.socket, guest: Guest) -> None:
        self._stop_waiting(connection)
        guest.goes()
        connection.close()

    def _stop_waiting(self, connection: socket.socket) -> None:
        if self._waiting.pop(connection, None) is not None:
            asyncio.get_running_loop().remove_reader(connection)
            with contextlib.suppress(OSError):
                _report_from(connection, 1)

    def _wait_for_first(self) -> None:
        """Close the connections that have waited too long; wait for the next one to do so."""
        self._timer = None
        loop = asyncio.get_running_loop()
        for connection, guest in tuple(itertools.islice(self._waiting.items(), _AT_ONCE)):
            until = guest.came_at + self._bounds.arrives_within
            if until > loop.time():
                self._timer = loop.call_at(until, self._wait_for_first)
                return
            if not self._tls:
                _say_too_slow(connection)
            self._end(connection, guest)
        if self._waiting:
            self._timer = loop.call_later(0, self._wait_for_first)


def _reports_later(connection: socket.socket, wanted: int) -> bool:
    """Let the system report a connection only once ``wanted`` bytes are there.

    Return false if this fails, or if the system reported it earlier anyway.
    """
    try:
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == wanted:
            return False
        _report_from(connection, wanted)
    except OSError:
        return False
    return True


def _report_from(connection: socket.socket, wanted: int) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)


def _say_too_slow(connection: socket.socket) -> None:
    """Answer 408 if a request was started."""
    # Bytes that were not read would reset the connection before the client reads the answer.
    with contextlib.suppress(OSError):
        if connection.recv(_ALL):
            connection.send(_TOO_SLOW)
