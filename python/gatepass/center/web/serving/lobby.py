"""Where connections wait until their beginning came, and then for their turn to be let in.

To let one in takes ten times as long as to accept it: a transport, a protocol, several rounds of
the event loop. That is lost on those that send nothing, or half of a request's head. So they wait
here, where each costs a socket and no more; the others are let in one in each round, and health
checks before all others. What came is only looked at, and stays for the protocol to read.
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

#: What who has begun with a request and not ended it gets at last.
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#: More than comes here: what is longer is let in.
_ALL: Final = 2**20
#: Connections that are ended in one round of the event loop, of a crowd that came together.
_AT_ONCE: Final = 16

Enter = Callable[[socket.socket, Guest], None]


class Lobby:
    """Connections that are not let in yet. ``enter`` lets one in.

    One that has not sent a whole head within ``bounds`` is ended; in TLS, a whole hello: nobody
    can see there who asks for health.
    """

    def __init__(self, enter: Enter, bounds: Bounds, *, tls: bool = False) -> None:
        self._enter = enter
        self._bounds = bounds
        self._tls = tls
        self._wanted = wanted_of_hello if tls else wanted_of_request
        # In the order in which they came; dictionaries remember it.
        self._waiting: dict[socket.socket, Guest] = {}
        self._queue: deque[tuple[socket.socket, Guest]] = deque()
        self._letting_in = False
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: socket.socket, guest: Guest) -> None:
        """Wait for something to come from a connection that is not blocking."""
        guest.send_away = lambda: self._end(connection, guest)
        # Most have sent something by now.
        if self._look_at(connection, guest):
            return
        try:
            asyncio.get_running_loop().add_reader(connection, self._look_at, connection, guest)
        except NotImplementedError:
            # Windows' event loop tells only of what was read.
            self._enter(connection, guest)
            return
        self._waiting[connection] = guest
        if self._timer is None:
            self._wait_for_first()

    def close(self) -> None:
        """End all that are here."""
        if self._timer is not None:
            self._timer.cancel()
        for connection, guest in (*self._waiting.items(), *self._queue):
            self._end(connection, guest)

    def _look_at(self, connection: socket.socket, guest: Guest) -> bool:
        """Look at what came, and tell whether nothing more is waited for."""
        try:
            begun = connection.recv(self._bounds.head, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            begun = b""
        wanted = self._wanted(begun, self._bounds.head) if begun else 0
        if wanted and _is_told_later(connection, wanted):
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
            # One that made room for others meanwhile is closed.
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
                _tell_later(connection, 1)

    def _wait_for_first(self) -> None:
        """Wait until the first of those that wait has done so for too long, and end it."""
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


def _is_told_later(connection: socket.socket, wanted: int) -> bool:
    """Have the system tell of a connection once so many bytes are there.

    Not where it tells earlier all the same.
    """
    try:
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == wanted:
            return False
        _tell_later(connection, wanted)
    except OSError:
        return False
    return True


def _tell_later(connection: socket.socket, wanted: int) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)


def _say_too_slow(connection: socket.socket) -> None:
    """Answer who has begun with a request."""
    # What was not read would end the connection before the answer is taken.
    with contextlib.suppress(OSError):
        if connection.recv(_ALL):
            connection.send(_TOO_SLOW)
