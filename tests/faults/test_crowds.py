"""Half-open connections, slow readers and floods, on real sockets: limited, and none starves."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gatepass.client import Link, connect
from gatepass.errors import BacklogError
from gatepass.fix.message import encode
from gatepass.fix.settings import ClientSettings
from gatepass.gateway import Event, Gateway, Kind, Report
from gatepass.gateway.accounts import MAX_STRANGERS
from gatepass.keys import KeyRing, generate_pair
from gatepass.session.store import MemoryStore
from gatepass.transport.outlet import MAX_UNSENT
from tests.transport.waits import let_pass

RING = KeyRing(
    generate_pair(session, created=date(2026, 1, 5), expires=date(2027, 1, 5)).key_pair()
    for session in ("ABC", "XYZ")
)
WEDNESDAY = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
MEGABYTE = 1 << 20
#: Seconds after which a test that still waits fails.
PATIENCE = 30.0


class Clock:
    """Time that moves only on request."""

    now = WEDNESDAY

    def __call__(self) -> datetime:
        return self.now


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, PATIENCE))


def settings(name: str) -> ClientSettings:
    return ClientSettings(f"{name}N", "OP1", "G", "US", "SYS", "1.0", "VENDOR")


class Scene:
    """A gateway on a real socket, and how much it reported."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.said: list[Report] = []
        self.arrived = 0
        self.gateway = Gateway(
            RING,
            Kind.parse("cgw"),
            report=self._hear,
            clock=self.clock,
            application=self._take,
        )
        self.port = 0

    def _hear(self, said: Report) -> None:
        if said.what in (Event.CLOSE, Event.REFUSED):
            self.said.append(said)

    def _take(self, *_: object) -> None:
        self.arrived += 1

    def link(self, name: str):  # type: ignore[no-untyped-def]
        return connect(
            "127.0.0.1", self.port, settings(name), RING, MemoryStore(), clock=self.clock
        )

    async def raw(self) -> socket.socket:
        """Connect without a session."""
        plain = socket.socket()
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", self.port))
        return plain


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    here = Scene()
    here.port = await here.gateway.listen("127.0.0.1", 0)
    try:
        yield here
    finally:
        await here.gateway.close()


async def until(true: Any) -> None:
    while not true():
        await asyncio.sleep(0.01)


async def exchange(here: Scene, link: Link, name: str) -> None:
    """Check that a message arrives each way: this session does not starve."""
    before = here.arrived
    link.send("D", [(58, "still here")])
    here.gateway.send(name, "n", [(58, "so are we")])
    async for message in link.messages():
        assert message.get(58) == "so are we"
        break
    link.acknowledge()
    await until(lambda: here.arrived > before)


def test_half_open_connections_are_closed() -> None:
    async def main() -> None:
        async with scene() as here:
            silent = [await here.raw() for _ in range(200)]
            async with here.link("ABC123") as link:
                await until(lambda: len(here.gateway.connections) == 201)
                await exchange(here, link, "ABC123")
                here.clock.now += timedelta(seconds=61)
                for connection in list(here.gateway.connections):
                    if connection.session.client_comp_id == "":
                        let_pass(connection, 61.0)
                await until(lambda: len(here.gateway.connections) == 1)
                await exchange(here, link, "ABC123")
            for plain in silent:
                plain.close()

    play(main())


def test_sessions_with_a_vanished_peer_are_closed() -> None:
    """No FIN ever comes. A Test Request gets no answer: two intervals plus the time on the way."""
    count, interval = 50, 30

    async def main() -> None:
        async with scene() as here, AsyncExitStack() as stack:
            names = [f"XYZ{number:03d}" for number in range(count)]
            gone = [await stack.enter_async_context(here.link(name)) for name in names]
            link = await stack.enter_async_context(here.link("ABC123"))
            await exchange(here, link, "ABC123")
            for vanished in gone:
                assert vanished._transport is not None
                vanished._transport.pause_reading()
                vanished.data_received = vanished.perform = lambda *_: None  # type: ignore[assignment,method-assign]
            left = []
            for seconds in (interval, 0.2 * interval, interval):
                here.clock.now += timedelta(seconds=seconds)
                let_pass(link, seconds)
                for connection in list(here.gateway.connections):
                    let_pass(connection, seconds)
                await exchange(here, link, "ABC123")
                left.append(len(here.gateway.connections))
            assert left == [count + 1, count + 1, 1]
            closed = [said.detail for said in here.said if said.what == Event.CLOSE]
            assert closed == ["no answer to a Test Request within the heartbeat interval"] * count
            for vanished in gone:
                vanished.abort()

    play(main())


def test_a_flood_of_valid_messages_starves_no_session() -> None:
    flood, text = 20_000, "x" * 500

    async def main() -> None:
        async with scene() as here, here.link("ABC123") as link, here.link("XYZ789") as other:
            await until(lambda: other.session.numbers.next_out == 3)
            took: Counter[str] = Counter()
            here.gateway.application = lambda name, _message: took.update([name])
            header = other.session._header(here.clock())
            wires = [
                encode([(35, "D"), (34, str(number)), *header, (58, text)])
                for number in range(3, 3 + flood)
            ]
            transport = other._transport
            assert transport is not None

            async def pour() -> None:
                for at in range(0, flood, 100):
                    transport.write(b"".join(wires[at : at + 100]))
                    while transport.get_write_buffer_size() > MEGABYTE:
                        await asyncio.sleep(0)

            tracemalloc.start()
            begun, _ = tracemalloc.get_traced_memory()
            pouring = asyncio.create_task(pour())
            got = 0
            while took["XYZ789"] < flood:
                link.send("D", [(58, "still here")])
                here.gateway.send("ABC123", "n", [(58, "so are we")])
                async for _ in link.messages():
                    break
                link.acknowledge()
                got += 1
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            await pouring
            # Nothing is promised about time: only that both continue, side by side. One read of
            # asyncio, 256 KiB, contains some 400 of the flood, and an exchange takes two reads.
            assert got >= 10
            assert took["ABC123"] >= got - 1
            assert peak - begun < 16 * MEGABYTE

    play(main())


def test_the_gateway_waits_for_a_slow_reader() -> None:
    """Its backlog is limited, other sessions continue, and it loses nothing once it reads again."""
    text = "x" * 4000

    async def main() -> None:
        async with scene() as here, here.link("ABC123") as link, here.link("XYZ789") as slow:
            assert slow._transport is not None
            slow._transport.pause_reading()
            sent = 0
            side = here.gateway._live["XYZ789", False]
            assert side._transport is not None
            while side._transport.get_write_buffer_size() <= MAX_UNSENT:
                here.gateway.send("XYZ789", "n", [(58, text)])
                sent += len(text)
                await asyncio.sleep(0)
            assert side._transport.get_write_buffer_size() <= MAX_UNSENT + 2 * len(text)
            before = side.session.numbers
            with pytest.raises(BacklogError):
                here.gateway.send("XYZ789", "n", [(58, text)])
            assert side.session.numbers == before
            await exchange(here, link, "ABC123")
            slow._transport.resume_reading()
            await here.gateway.drained("XYZ789")
            here.gateway.send("XYZ789", "n", [(58, "last")])
            got = 0
            async for message in slow.messages():
                if message.get(58) == "last":
                    break
                got += len(message.get(58) or "")
            assert got == sent

    play(main())


def test_a_flood_of_garbage_is_limited() -> None:
    async def main() -> None:
        async with scene() as here, here.link("ABC123") as link:
            plain = await here.raw()
            await until(lambda: len(here.gateway.connections) == 2)
            (flooded,) = (c for c in here.gateway.connections if not c.session.client_comp_id)
            tracemalloc.start()
            begun, _ = tracemalloc.get_traced_memory()
            with closing(plain):
                loop = asyncio.get_running_loop()
                for _ in range(64):
                    await loop.sock_sendall(plain, b"8=FIX.4.2\x019=60000\x01" + b"z" * 65536)
                    assert flooded.session._framer.pending <= 1 << 17
                await exchange(here, link, "ABC123")
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
            assert peak - begun < 4 * MEGABYTE

    play(main())


def test_a_flood_behind_a_gap_is_limited() -> None:
    async def main() -> None:
        async with scene() as here, here.link("ABC123") as link, here.link("XYZ789") as other:
            await asyncio.sleep(0.05)
            other.session.numbers = replace(
                other.session.numbers, next_out=other.session.numbers.next_out + 1
            )
            here_side = here.gateway._live["XYZ789", False]
            header = other.session._header(here.clock())
            first = other.session.numbers.next_out
            text = "x" * 4000
            assert other._transport is not None
            for number in range(first, first + 4000):
                wire = encode([(35, "D"), (34, str(number)), *header, (58, text)])
                other._transport.write(wire)
                if number % 50 == 0:
                    await asyncio.sleep(0)
            await exchange(here, link, "ABC123")
            held = here_side.session._inbound.held
            assert sum(len(message.wire) for message in held.values()) <= 1 << 23
            assert len(held) <= 5000

    play(main())


def test_strangers_leave_no_accounts() -> None:
    """Invalid Logons of unknown names are refused and forgotten."""

    async def main() -> None:
        async with scene() as here, here.link("ABC123") as link:
            for number in range(MAX_STRANGERS + 100):
                reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
                # Session IDs differ, or their ports would close.
                sender = (49, f"{number:06d}"[::-1] + "N")
                fields = [(35, "A"), (34, "1"), sender, (50, "OP1"), (52, "x"), (108, "30")]
                writer.write(encode(fields))
                assert await reader.read(1)  # a Reject, or a Logout if the port is closed
                writer.close()
            assert len(here.gateway._accounts) == MAX_STRANGERS + 1
            await exchange(here, link, "ABC123")

    play(main())
