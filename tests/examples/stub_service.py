"""A stub of a key service on this machine: HTTP in a thread, answers from a function."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the stub sends: a status, bytes or JSON, and more headers; or nothing."""

    content: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    hangs_up: bool = False

    def as_bytes(self) -> bytes:
        return (
            self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()
        )


@dataclass
class Service:
    """A running stub: its address, its requests, and how it answers."""

    address: str
    answer: Callable[[Request], Answer]
    requests: list[Request] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


@contextmanager
def running(answer: Callable[[Request], Answer]) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"]))
            request = Request(self.path, dict(self.headers), json.loads(text))
            service.requests.append(request)
            reply = service.answer(request)
            if reply.silent:
                service.released.wait()
            if reply.silent or reply.hangs_up:
                return
            content = reply.as_bytes()
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            """Print nothing when the client hangs up."""

    server = Server(("127.0.0.1", 0), Handler)
    service = Service(f"http://127.0.0.1:{server.server_port}", answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.002,))
    thread.start()
    try:
        yield service
    finally:
        service.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
