"""Accepts connections from a listening socket, one after the other."""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import ssl
from collections.abc import Callable

from gatepass.center.people.origins import network_of
from gatepass.center.web.serving.bounds import Bounds
from gatepass.center.web.serving.guests import Guest, Guests
from gatepass.center.web.serving.lobby import Lobby

log = logging.getLogger("gatepass.center")

#: Seconds to wait before accepting again, after the system had no file for a connection.
_LATER = 0.05
#: The most connections accepted in one iteration of the event loop: earlier ones are served in
#: between, which takes several iterations.
_BURST = 16


class Door:
    """Lets connections in, up to its bounds; those in a TLS handshake count.

    asyncio's own server first accepts all connections that there are, before it serves one, and
    logs a traceback for each one that it has no file for.
    """

    def __init__(
        self,
        listener: socket.socket,
        bounds: Bounds,
        make: Callable[[Guest], asyncio.Protocol],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._listener = listener
        self._bounds = bounds
        self._make = make
        self._tls = tls
        self._guests = Guests(bounds.connections)
        self._lobby = Lobby(self._enter, bounds, tls=tls is not None)
        self._entering: set[asyncio.Task[None]] = set()
        self._taking: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start to accept connections."""
        self._listener.setblocking(False)
        self._taking = asyncio.get_running_loop().create_task(self._take())

    def close(self) -> None:
        """Accept no more connections. Those that were let in stay open."""
        for task in (self._taking, *self._entering):
            if task is not None:
                task.cancel()
        self._lobby.close()

    async def wait_closed(self) -> None:
        """Wait until no more connections are accepted."""
        if self._taking is not None:
            await asyncio.wait([self._taking])

    async def _take(self) -> None:
        loop = asyncio.get_running_loop()
        for number in itertools.count(1):
            try:
                connection, address = await loop.sock_accept(self._listener)
            except OSError:
                # No file or no memory: the client that keeps us waiting longest makes room.
                self._guests.make_room()
                await asyncio.sleep(_LATER)
            else:
                self._admit(connection, address)
                if number % _BURST == 0:
                    # If many arrive at once, earlier connections are served in between.
                    await asyncio.sleep(0)

    def _admit(self, connection: socket.socket, address: tuple[str, int]) -> None:
        guest = self._guests.admit(network_of(address[0]), connection.close)
        if guest is None:
            connection.close()
            return
        self._lobby.add(connection, guest)

    def _enter(self, connection: socket.socket, guest: Guest) -> None:
        task = asyncio.get_running_loop().create_task(self._let_in(connection, guest))
        guest.send_away = task.cancel
        self._entering.add(task)

        def entered(task: asyncio.Task[None]) -> None:
            self._entering.discard(task)
            problem = None if task.cancelled() else task.exception()
            # A connection that is sent away may not even have started its handshake.
            if task.cancelled() or problem is not None:
                guest.goes()
                connection.close()
            # A client that aborts its handshake, or is too slow, is not worth a line in the log.
            if problem is not None and not isinstance(problem, OSError):
                log.error("cannot accept a connection: %s", type(problem).__name__)

        task.add_done_callback(entered)

    async def _let_in(self, connection: socket.socket, guest: Guest) -> None:
        """Give a socket its protocol, after its TLS handshake."""
        within = None if self._tls is None else self._bounds.arrives_within
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: self._make(guest), connection, ssl=self._tls, ssl_handshake_timeout=within
        )
