"""Where connections wait until something came from them, and then for their turn to be let in.

To let one in takes ten times as long as to accept it: a transport, a protocol, several rounds of
the event loop. Half of that is lost on those that send nothing. So they wait here, where each
costs a socket and no more; those that sent something are let in one in each round, and health
checks before all others. What came is only looked at, and stays for the protocol to read.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Final

from gatepass.center.serving.guests import Guest

#: How a request begins whose sender decides whether this process lives on. It is nobody's right:
#: all that it gives is an earlier turn.
FIRST: Final = (b"GET /healthz", b"GET /readyz")
#: Bytes that are looked at: in TLS the first record, with which a client says hello, where it has
#: no more than most.
_LOOK: Final = 2048
#: Bytes before what a TLS record contains; the last two of them are its length. And the first byte
#: of one with which a connection begins.
_RECORD: Final = 5
_HANDSHAKE: Final = 22
Enter = Callable[[socket.socket, Guest], None]


class Lobby:
    """Connections that are not let in yet. ``enter`` lets one in.

    One that sends nothing for ``patience`` seconds is ended. With ``tls`` nobody can see who asks
    for health, and to let one in takes longer still: that is for those whose hello is whole.
    """

    def __init__(self, enter: Enter, patience: float, *, tls: bool = False) -> None:
        self._enter = enter
        self._patience = patience
        self._tls = tls
        # In the order in which they came; dictionaries remember it.
        self._silent: dict[socket.socket, Guest] = {}
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
        self._silent[connection] = guest
        if self._timer is None:
            self._wait_for_first()

    def close(self) -> None:
        """End all that are here."""
        if self._timer is not None:
            self._timer.cancel()
        for connection, guest in (*self._silent.items(), *self._queue):
            self._end(connection, guest)

    def _look_at(self, connection: socket.socket, guest: Guest) -> bool:
        """Tell whether something came; then it is no longer waited for."""
        try:
            begun = connection.recv(_LOOK, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            begun = b""
        if begun and self._tls and _rest_is_waited_for(connection, begun):
            return False
        self._stop_waiting(connection)
        if not begun:
            self._end(connection, guest)
        elif not self._tls and begun.startswith(FIRST):
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
        if self._silent.pop(connection, None) is not None:
            asyncio.get_running_loop().remove_reader(connection)

    def _wait_for_first(self) -> None:
        """Wait until the first of those that are silent has been so for too long."""
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._silent:
            connection, guest = next(iter(self._silent.items()))
            until = guest.came_at + self._patience
            if until > loop.time():
                self._timer = loop.call_at(until, self._wait_for_first)
                return
            self._end(connection, guest)


def _rest_is_waited_for(connection: socket.socket, begun: bytes) -> bool:
    """Have the system tell of a TLS connection once its first record is there.

    Not where it is there already, where it is no TLS, and where the system tells too early all the
    same.
    """
    if begun[0] != _HANDSHAKE:
        return False
    known = len(begun) >= _RECORD
    size = _RECORD + int.from_bytes(begun[_RECORD - 2 : _RECORD], "big") if known else _RECORD
    wanted = min(size, _LOOK)
    if len(begun) >= wanted and known:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        return False
    if connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == wanted:
        return False
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)
    return True
