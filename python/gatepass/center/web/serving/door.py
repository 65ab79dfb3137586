"""Takes connections from a listening socket, one after the other."""

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

#: Seconds until connections are taken again, after the system had no file for one.
_LATER = 0.05
#: Connections that are taken in one round of the event loop: those that are here are served in
#: between, and to be served takes several rounds.
_BURST = 16


class Door:
    """Lets connections in, as many as its bounds say; a TLS handshake counts as one.

    asyncio's own server takes as many as there are, before anybody looks at one, and writes a
    traceback for each that it has no file for.
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
        """Begin to take connections."""
        self._listener.setblocking(False)
        self._taking = asyncio.get_running_loop().create_task(self._take())

    def close(self) -> None:
        """Take no more. Those that are let in already stay."""
        for task in (self._taking, *self._entering):
            if task is not None:
                task.cancel()
        self._lobby.close()

    async def wait_closed(self) -> None:
        """Wait until none is taken any more."""
        if self._taking is not None:
            await asyncio.wait([self._taking])

    async def _take(self) -> None:
        loop = asyncio.get_running_loop()
        for number in itertools.count(1):
            try:
                connection, address = await loop.sock_accept(self._listener)
            except OSError:
                # No file, or no memory: the one that lets us wait longest makes room.
                self._guests.make_room()
                await asyncio.sleep(_LATER)
            else:
                self._admit(connection, address)
                if number % _BURST == 0:
                    # Where many come at once, those that are here are served in between.
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
            # One that is sent away may not even have begun with its handshake.
            if task.cancelled() or problem is not None:
                guest.goes()
                connection.close()
            # A client that ends its handshake, or is too slow for it, is no event.
            if problem is not None and not isinstance(problem, OSError):
                log.error("a connection could not be taken: %s", type(problem).__name__)

        task.add_done_callback(entered)

    async def _let_in(self, connection: socket.socket, guest: Guest) -> None:
        """Make a connection of a socket, after its TLS handshake."""
        within = None if self._tls is None else self._bounds.arrives_within
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: self._make(guest), connection, ssl=self._tls, ssl_handshake_timeout=within
        )
