"""A small application on the server, with bounds that a test can reach."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from gatepass.center.web.serving.bounds import Bounds
from gatepass.center.web.serving.server import Server, listening


@dataclass
class App:
    """Answers with the headers and the length of the body; ``/wait`` once ``go`` is set."""

    go: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        while scope["path"] == "/wait" and not self.go.is_set():
            await asyncio.sleep(0.01)
        names = sorted({name.decode() for name, _ in scope["headers"]})
        body = json.dumps({"headers": names, "size": size}).encode()
        if scope["path"] == "/large":
            body = b"x" * 32 * 2**20
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def served(
    app: App,
    bounds: Bounds,
    tls: ssl.SSLContext | None = None,
    before: Callable[[tuple[str, int]], None] = lambda _: None,
) -> Iterator[tuple[str, int]]:
    """Serve on a free port of this machine; yields the address.

    ``before`` is called while the socket listens and no connection is accepted yet.
    """
    with listening("127.0.0.1", 0) as listener:
        address: tuple[str, int] = listener.getsockname()
        before(address)
        server = Server(app, listener, tls=tls, bounds=bounds)
        thread = threading.Thread(target=lambda: asyncio.run(server.run_here()))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield address
        finally:
            app.go.set()
            server.should_exit = True
            thread.join()


def ask(address: tuple[str, int], *lines: str) -> bytes:
    """Send a request and return all bytes until the connection ends."""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(request(*lines))
        return all_of(connection)


def request(*lines: str) -> bytes:
    return "\r\n".join([*lines, "Host: localhost", "Connection: close", "", ""]).encode()


def all_of(connection: socket.socket) -> bytes:
    """Read until the other side ends the connection in any way."""
    read = b""
    try:
        while part := connection.recv(65536):
            read += part
    except ConnectionError:
        pass
    return read


def one_answer(connection: socket.socket) -> bytes:
    """Read an answer of `App` on a connection that stays open."""
    read = b""
    while not read.endswith(b"}"):
        part = connection.recv(65536)
        assert part, read
        read += part
    return read
