"""The exchange behind real sockets: `Gateway`, on a loop whose time can be advanced."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from contextvars import Context
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import TypeVarTuple

from gatepass._native import Framer
from gatepass.gateway import Event, Gateway, Kind, Report
from tests.scenarios.cast import START, Keys

#: Real seconds after which a message counts as missing.
_PATIENCE = 10.0
#: Real seconds of silence after which nothing has arrived.
_QUIET = 0.02

_Ts = TypeVarTuple("_Ts")


class PushedLoop(asyncio.SelectorEventLoop):
    """A loop whose clock runs, and can be advanced: timers follow it."""

    def __init__(self) -> None:
        super().__init__()
        self._pushed = 0.0
        self._begun = super().time()
        self._timers: list[asyncio.TimerHandle] = []

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Set a timer."""
        handle = super().call_at(when, callback, *args, context=context)
        heappush(self._timers, handle)
        return handle

    def time(self) -> float:
        """Return the loop's time."""
        return super().time() + self._pushed

    def push(self, seconds: float) -> None:
        """Advance the time at once."""
        self._pushed += seconds

    def next_timer(self) -> float:
        """Return when the next timer that is not due yet fires."""
        timers = self._timers
        while timers and (timers[0].cancelled() or timers[0].when() <= self.time()):
            heappop(timers)
        return timers[0].when() if timers else math.inf

    def clock(self) -> datetime:
        """Return the conversation's time."""
        return START + timedelta(seconds=self.time() - self._begun)


def run(conversation: Coroutine[None, None, None], loop: PushedLoop) -> None:
    """Run a conversation on its loop."""
    try:
        loop.run_until_complete(conversation)
    finally:
        loop.close()


class OverTcp:
    """A gateway, its backup, and the client's sockets."""

    def __init__(self, kind: str, keys: Keys, loop: PushedLoop) -> None:
        self.reasons: list[str] = []
        self._loop = loop
        self._gateway = Gateway(keys, Kind.parse(kind), report=self._note, clock=loop.clock)
        self._ports: dict[bool, int] = {}
        self._wires: dict[str, Wire] = {}

    @property
    def now(self) -> datetime:
        """The time."""
        return self._loop.clock()

    async def connect(self, who: str, *, backup: bool) -> None:
        """Open a connection."""
        if backup not in self._ports:
            port = await self._gateway.listen("127.0.0.1", 0, backup=backup)
            self._ports[backup] = port
        # Two equal Logons are a replay, and two connections may log on within a millisecond.
        self._loop.push(0.001)
        _, wire = await self._loop.create_connection(Wire, "127.0.0.1", self._ports[backup])
        self._wires[who] = wire

    async def write(self, who: str, wire: bytes) -> None:
        """Send bytes."""
        self._wires[who].transport.write(wire)

    async def read(self, who: str) -> bytes | None:
        """Return the next message."""
        reading = asyncio.ensure_future(self._wires[who].came.get())
        done, _ = await asyncio.wait([reading], timeout=_PATIENCE)
        if not done:
            reading.cancel()
            raise AssertionError("nothing came")
        return reading.result()

    async def is_quiet(self, who: str) -> bool:
        """Return whether nothing has arrived."""
        await asyncio.sleep(_QUIET)
        return self._wires[who].came.empty()

    async def unread(self) -> dict[str, list[bytes]]:
        """Return the messages that were not read."""
        await asyncio.sleep(_QUIET)
        return {who: wire.unread() for who, wire in self._wires.items()}

    async def drop(self, who: str) -> None:
        """Cut the connection."""
        wire = self._wires.pop(who)
        wire.transport.abort()
        await wire.lost.wait()
        await asyncio.sleep(_QUIET)

    async def wait(self, span: timedelta) -> None:
        """Let time pass, from timer to timer: exactly so much, however slow the machine is."""
        await asyncio.sleep(_QUIET)
        end = self._loop.time() + span.total_seconds()
        while (now := self._loop.time()) < end:
            self._loop.push(min(self._loop.next_timer(), end) - now)
            for _ in range(4):
                await asyncio.sleep(0)

    async def emit(self, msg_type: str, fields: list[tuple[int, str]]) -> None:
        """Send an application message to session ABC123, after messages in flight."""
        await asyncio.sleep(_QUIET)
        self._gateway.send("ABC123", msg_type, fields)

    async def fail_over(self) -> None:
        """Let the primary gateway of session ABC123 fail, after messages in flight."""
        await asyncio.sleep(_QUIET)
        self._gateway.fail_over("ABC123")

    async def reopen(self) -> None:
        """Open the ports again."""
        self._gateway.reopen("ABC")

    async def close(self) -> None:
        """Close everything."""
        for wire in self._wires.values():
            wire.transport.abort()
        await self._gateway.close()
        await asyncio.sleep(_QUIET)

    def _note(self, report: Report) -> None:
        if report.what == Event.REFUSED:
            self.reasons.append(report.detail)


class Wire(asyncio.Protocol):
    """The client's end of a socket."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.lost = asyncio.Event()
        self._framer = Framer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Split the bytes into messages."""
        for message in self._framer.feed(data):
            assert isinstance(message, bytes), "the exchange sent what is no message"
            self.came.put_nowait(message)

    def unread(self) -> list[bytes]:
        """Return the messages that arrived but were not read, without the end of the connection."""
        taken = []
        while not self.came.empty():
            taken.append(self.came.get_nowait())
        return [wire for wire in taken if wire is not None]

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        self.came.put_nowait(None)
        self.lost.set()
