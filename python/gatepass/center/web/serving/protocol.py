"""uvicorn's HTTP/1.1, with bounds on bytes, lines and time.

uvicorn's protocol on httptools reads a head of any size, waits for it as long as the client likes,
and adds trailers to the headers. The callbacks overridden here change this; uvicorn still handles
requests and answers.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gatepass.center.web.serving.bounds import Bounds
from gatepass.center.web.serving.guests import Guest

#: Bytes of a header's line beside its name and value: colon, space, end of line.
_AROUND = 4
#: Bytes that are parsed between two checks of the bounds: asyncio reads 256 KiB at once, which can
#: contain 50,000 headers or 10,000 requests.
_PIECE = 4096


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A request that breaks a bound gets 408, 429 or 431, or no answer."""

    def __init__(self, bounds: Bounds, guest: Guest, **given: Any) -> None:
        super().__init__(**given)
        self._bounds = bounds
        self._guest = guest
        self._timer: asyncio.TimerHandle | None = None
        # Of the present request: its bytes, those of its head, and the lines of its head.
        self._come = self._head = self._lines = 0
        self._in_head = True
        self._expecting = False
        self._refused: HTTPStatus | None = None
        self._over = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, with a time limit; what the connection has waited already counts."""
        super().connection_made(transport)
        self._guest.send_away = transport.abort
        self._expect_request(self.loop.time() - self._guest.came_at)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        self._guest.goes()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data, unless the request was refused."""
        if self._over:
            return
        if not (self._expecting or self._is_answering()):
            self._expect_request()
        for start in range(0, len(data), _PIECE):
            self._take(data[start : start + _PIECE])
            if self._over or self.transport.is_closing():
                return

    def _take(self, piece: bytes) -> None:
        self._come += len(piece)
        super().data_received(piece)
        if self._refused is None:
            self._refused = self._too_much()
        if self._refused is not None:
            self._refuse(self._refused)

    def pause_writing(self) -> None:
        """Wait for the client to read the answer, with a time limit."""
        super().pause_writing()
        self._guest.waits()
        self._start_timer(self._bounds.taken_within, self.transport.abort)

    def resume_writing(self) -> None:
        """Continue the answer."""
        super().resume_writing()
        self._stop_timer()
        if self._is_answering():
            self._guest.is_served()

    def on_message_begin(self) -> None:
        """Start to count."""
        super().on_message_begin()
        self._head = self._lines = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        """Accept a part of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Accept a header; a trailer is counted and dropped, for it comes after all checks."""
        self._lines += 1
        self._count(len(name) + len(value) + _AROUND)
        if self._in_head and self._refused is None:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start to answer."""
        if len(self.pipeline) >= self._bounds.pipelined:
            self._refused = HTTPStatus.TOO_MANY_REQUESTS
        if self._refused is None:
            self._in_head = False
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body."""
        if self._refused is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete: the next step is the server's."""
        if self._refused is not None:
            return
        self._come = 0
        self._in_head = True
        self._expecting = False
        self._stop_timer()
        super().on_message_complete()
        if self._is_answering():
            self._guest.is_served()

    def on_response_complete(self) -> None:
        """The answer is written: wait for the client to read it, and for the next request."""
        super().on_response_complete()
        if not (self.pipeline or self._expecting or self._is_answering()):
            self._guest.waits()
            self._start_timer(self._bounds.taken_within, self._end_unless_taken)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > self._bounds.head or self._lines > self._bounds.header_lines:
            self._refused = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE

    def _too_much(self) -> HTTPStatus | None:
        """Return the status for an incomplete request that is already too large."""
        if self._in_head and self._come > self._bounds.head:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if self._come > self._bounds.request else None

    def _expect_request(self, waited: float = 0.0) -> None:
        self._expecting = True
        self._guest.waits()
        left = max(0.0, self._bounds.arrives_within - waited)
        self._start_timer(left, lambda: self._refuse(HTTPStatus.REQUEST_TIMEOUT))

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer with the status alone, unless an answer is under way; close the connection."""
        self._over = True
        self._guest.waits()
        if self._is_answering() or not self._in_head:
            # Code that waits for the rest of the request learns that none will come.
            self.transport.abort()
            return
        if not self.transport.is_closing():
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: 0\r\n"
            self.transport.write(f"{head}Connection: close\r\n\r\n".encode())
            self.transport.close()
        self._start_timer(self._bounds.taken_within, self.transport.abort)

    def _end_unless_taken(self) -> None:
        if self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()

    def _start_timer(self, seconds: float, work: Any) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._ring, work)

    def _ring(self, work: Any) -> None:
        self._timer = None
        work()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
