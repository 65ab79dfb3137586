"""An event loop without sockets or waiting: its time jumps to the next timer.

Clients and gateways run on it unchanged; a week takes only the time of its messages.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

Factory = Callable[[], asyncio.Protocol]


class _Selector(selectors.DefaultSelector):
    """Never waits: advances time instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if timeout is None and not found:
            raise RuntimeError("everything waits for ever")
        if not found:
            self.now += timeout or 0.0
        return found


class Pipe(asyncio.Transport):
    """One end of a connection in memory. Bytes arrive in the loop's next iteration."""

    peer: Pipe

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self._loop.call_soon(self.peer._arrive, bytes(data))

    def _arrive(self, data: bytes) -> None:
        if not self._closing:
            self._protocol.data_received(data)

    def close(self) -> None:
        self._end()
        self._loop.call_soon(self.peer._hung_up)

    abort = close

    def _hung_up(self) -> None:
        if not self._closing:
            self._protocol.eof_received()
        self._end()

    def _end(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def is_closing(self) -> bool:
        return self._closing

    def get_write_buffer_size(self) -> int:
        return 0


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, begin: datetime) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)
        self._begin = begin
        self._listening: dict[int, Factory] = {}

    def time(self) -> float:
        return self._virtual.now

    def clock(self) -> datetime:
        return self._begin + timedelta(seconds=self._virtual.now)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Run it at once: virtual time does not wait for a thread."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is raised to the awaiting task
            done.set_exception(error)
        return done

    async def create_server(self, factory: Factory, host: str, port: int, **_: Any) -> Any:  # type: ignore[override]
        number = port or 40000 + len(self._listening)
        self._listening[number] = factory

        async def gone() -> None: ...

        return SimpleNamespace(
            sockets=[SimpleNamespace(getsockname=lambda: (host, number))],
            close=lambda: self._listening.pop(number, None),
            wait_closed=gone,
        )

    async def create_connection(self, factory: Factory, host: str, port: int, **_: Any) -> Any:  # type: ignore[override]
        if port not in self._listening:
            raise ConnectionRefusedError(port)
        here, there = factory(), self._listening[port]()
        one, other = Pipe(self, here), Pipe(self, there)
        one.peer, other.peer = other, one
        there.connection_made(other)
        here.connection_made(one)
        return one, here


def run_at(begin: datetime, main: Callable[[VirtualLoop], Coroutine[Any, Any, None]]) -> None:
    """Run to the end, starting at a moment of the session's time."""
    loop = VirtualLoop(begin)
    try:
        loop.run_until_complete(main(loop))
    finally:
        loop.close()
