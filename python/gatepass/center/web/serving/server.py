"""The server: uvicorn, with our own way to accept connections."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

import anyio
import uvicorn
from starlette.types import ASGIApp

from gatepass.center.web.serving.bounds import Bounds, bounds_here
from gatepass.center.web.serving.door import Door
from gatepass.center.web.serving.guests import Guest
from gatepass.center.web.serving.protocol import BoundedProtocol


class Server(uvicorn.Server):
    """Serves an application on a listening socket until ``should_exit`` is set.

    ``proxied``: trust a proxy on this machine to say where requests come from. ``on_start`` is
    called once connections are accepted.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        proxied: bool = False,
        bounds: Bounds | None = None,
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                # The application has nothing to start or end: see `background` for its other work.
                lifespan="off",
                proxy_headers=proxied,
                # Regardless of the environment.
                forwarded_allow_ips=["127.0.0.1", "::1"],
                server_header=False,
                access_log=False,
                log_config=None,
                # Any client can cause any number of warnings.
                log_level="error",
            )
        )
        self._listener = listener
        self._tls = tls
        self._bounds = bounds_here() if bounds is None else bounds
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the door, in place of uvicorn's own servers."""
        await self.lifespan.startup()
        anyio.to_thread.current_default_thread_limiter().total_tokens = self._bounds.threads
        door = Door(self._listener, self._bounds, self._protocol, self._tls)
        door.open()
        # It can be closed like one of asyncio's servers.
        self.servers = [door]  # type: ignore[list-item]
        self.started = True
        self._on_start()

    async def run_here(self) -> None:
        """Serve in this event loop. Unlike `serve`, this leaves the signal handlers alone."""
        await self._serve([self._listener])

    def _protocol(self, guest: Guest) -> asyncio.Protocol:
        return BoundedProtocol(
            self._bounds,
            guest,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )


def listening(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises `OSError`, which names the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        error.filename = f"{host}:{port}"
        raise
    # Connections inherit it. asyncio sets it only for a socket that names its protocol. Without it
    # an answer's body waits 40 ms for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
