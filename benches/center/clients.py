"""Browsers and programs in one cheap process: HTTP/1.1 over persistent connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

#: Returns what a client sends next; takes the status and the head of the answer.
Ask = Callable[[], bytes]
Take = Callable[[int, bytes], None]


@dataclass
class Count:
    """The answers in the measured time: milliseconds of each request, and wrong answers."""

    times: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.times) / self.seconds


class Client(asyncio.Protocol):
    """Sends a request, reads its answer, sends the next one."""

    def __init__(self, ask: Ask, expected: int, take: Take | None, count: Count) -> None:
        self._ask, self._expected, self._take, self._count = ask, expected, take, count
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._since = 0.0
        self.counts = False
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(body) < int(length or 0):
            return
        self._buffer = b""
        status = int(head[9:12])
        if status != self._expected:
            self._count.wrong.append(f"{status} {body[:200]!r}")
        elif self.counts:
            self._count.times.append(1e3 * (time.perf_counter() - self._since))
        if self._take is not None:
            self._take(status, head)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _send(self) -> None:
        self._since = time.perf_counter()
        if self._transport is not None:
            self._transport.write(self._ask())


@dataclass(frozen=True)
class Role:
    """What one connection does: its port, its requests, and the expected status."""

    port: int
    ask: Ask
    expected: int = 200
    take: Take | None = None


async def _run(roles: Sequence[Role], warm: float, seconds: float) -> Count:
    loop = asyncio.get_running_loop()
    count = Count()
    clients = []
    for role in roles:
        _, client = await loop.create_connection(
            lambda role=role: Client(role.ask, role.expected, role.take, count),  # type: ignore[misc]
            "127.0.0.1",
            role.port,
        )
        clients.append(client)
    await asyncio.sleep(warm)
    begun = time.perf_counter()
    for client in clients:
        client.counts = True
    await asyncio.sleep(seconds)
    count.seconds = time.perf_counter() - begun
    for client in clients:
        client.counts = False
        client.close()
    await asyncio.gather(*(client.over for client in clients))
    return count


def run(roles: Sequence[Role], warm: float, seconds: float) -> Count:
    """Let all of them ask as fast as they are answered, for ``seconds`` after ``warm`` seconds."""
    return asyncio.run(_run(roles, warm, seconds))
