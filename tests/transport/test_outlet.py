"""A peer that does not read: a slow one gets time, and one that reads nothing is disconnected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest

from gatepass._native import MAX_MESSAGE
from gatepass.client import Link, connect
from gatepass.errors import BacklogError, NoConnectionError
from gatepass.fix.message import Message, encode
from gatepass.fix.settings import ClientSettings
from gatepass.fix.states import State
from gatepass.gateway import Event, Gateway, Kind, Report
from gatepass.keys import KeyRing, generate_pair
from gatepass.session.numbers import MAX_RESEND, SentMessage
from gatepass.session.store import MemoryStore
from gatepass.transport.connection import PAGE
from gatepass.transport.outlet import LINGER, MAX_UNSENT, MOST_UNSENT, Outlet
from tests.scenarios.cast import START
from tests.scenarios.over_tcp import PushedLoop, run

HEARTBEAT = 5
SETTINGS = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "VENDOR", HEARTBEAT)
RING = KeyRing(
    [generate_pair("ABC", START.date() - timedelta(days=9), expires=date(2027, 1, 5)).key_pair()]
)
NAME = "ABC123"


@dataclass
class Scene:
    """A gateway on a loop whose time the test advances."""

    loop: PushedLoop
    store: MemoryStore = field(default_factory=MemoryStore)
    said: list[Report] = field(default_factory=list)
    arrived: list[Message] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self.gateway = Gateway(
            RING,
            Kind.parse("cgw"),
            report=self.said.append,
            clock=self.loop.clock,
            application=lambda _name, message: self.arrived.append(message),
        )

    def link(self, **options: Any) -> Any:
        return connect(
            "127.0.0.1",
            self.port,
            SETTINGS,
            RING,
            self.store,
            clock=self.loop.clock,
            guarded=False,
            **options,
        )

    async def push(self, seconds: float) -> None:
        """Advance the time, and let the loop do what is due."""
        for _ in range(int(seconds)):
            self.loop.push(1.0)
            await asyncio.sleep(0.002)


def play(script: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
    loop = PushedLoop()

    @asynccontextmanager
    async def scene() -> AsyncIterator[Scene]:
        here = Scene(loop)
        here.port = await here.gateway.listen("127.0.0.1", 0)
        try:
            yield here
        finally:
            await here.gateway.close()

    async def main() -> None:
        async with scene() as here:
            await script(here)

    run(main(), loop)


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.002)


async def pour(send: Callable[[], int]) -> None:
    """Send until it is refused."""
    for _ in range(1 << 14):
        try:
            send()
        except BacklogError:
            return
        await asyncio.sleep(0)
    raise AssertionError("nothing was ever refused")


async def stop_reading(here: Scene, link: Link) -> None:
    """Make a client stop reading, and fill the buffers between it and the gateway."""
    await until(lambda: link.session.numbers.next_out == 3)
    assert link._transport is not None
    link._transport.pause_reading()
    await pour(lambda: here.gateway.send(NAME, "n", [(58, "x" * 4000)]))


def test_a_client_that_reads_nothing_is_disconnected_and_may_log_on_again() -> None:
    async def script(here: Scene) -> None:
        async with here.link() as link:
            await stop_reading(here, link)
            await here.push(2 * HEARTBEAT)
            await until(lambda: (NAME, False) not in here.gateway._live)
            assert not here.gateway.account(NAME).primary_on
            link.abort()
        async with here.link():
            assert here.gateway.account(NAME).primary_on

    play(script)


def test_a_client_that_sends_heartbeats_but_reads_nothing_is_disconnected() -> None:
    async def script(here: Scene) -> None:
        async with here.link() as link:
            await stop_reading(here, link)
            side = here.gateway._live[NAME, False]
            side._transport.resume_reading()  # type: ignore[union-attr]
            for _ in range(2 * HEARTBEAT):
                link.session._send("0", (), here.loop.clock())
                link.perform()
                await here.push(1)
            await until(lambda: (NAME, False) not in here.gateway._live)
            words = "connection cut: the client did not read what was sent"
            assert (here.said[-1].what, here.said[-1].detail) == ("lost", words)
            link.abort()

    play(script)


def test_a_client_that_reads_nothing_is_not_read_either() -> None:
    """Otherwise the answers to its messages would fill the memory."""

    async def script(here: Scene) -> None:
        async with here.link() as link:
            await stop_reading(here, link)
            side = here.gateway._live[NAME, False]
            taken = side.session.numbers.next_in
            transport, unsent = link._transport, side._transport.get_write_buffer_size()  # type: ignore[union-attr]
            assert transport is not None
            for _ in range(2000):
                link.session._send("1", [(112, "a" * 1000)], here.loop.clock())
                link.perform()
                await asyncio.sleep(0)
            assert side.session.numbers.next_in == taken
            assert side._transport.get_write_buffer_size() == unsent  # type: ignore[union-attr]
            link.abort()

    play(script)


def test_a_page_of_the_longest_messages_does_not_disconnect_a_reader() -> None:
    assert PAGE * MAX_MESSAGE + MAX_UNSENT // 2 <= MOST_UNSENT


def test_a_logout_to_a_client_that_reads_nothing_ends_its_connection() -> None:
    async def script(here: Scene) -> None:
        async with here.link() as link:
            await stop_reading(here, link)
            side = here.gateway._live[NAME, False]
            side.force_out("enough")
            assert side.session.state is State.CLOSED
            assert not side.closed.done()
            # Before the client would have ended the connection because of the silence.
            await here.push(LINGER + 1)
            assert side.closed.done()
            assert not here.gateway.account(NAME).primary_on
            link.abort()

    play(script)


def test_a_link_ends_if_its_gateway_reads_nothing() -> None:
    async def script(here: Scene) -> None:
        async with here.link() as link:
            await until(lambda: link.session.numbers.next_out == 3)
            side = here.gateway._live[NAME, False]
            side._transport.pause_reading()  # type: ignore[union-attr]
            await pour(lambda: link.send("D", [(58, "y" * 4000)]))
            waiting = asyncio.create_task(link.drained())
            await here.push(3 * HEARTBEAT + LINGER)
            await link.closed
            await waiting
            with pytest.raises(NoConnectionError, match="nothing was sent: log on again"):
                link.send("D", [(58, "late")])

    play(script)


def test_a_burst_must_wait_and_arrives_once_and_in_order() -> None:
    count, text = 5000, "y" * 2500

    async def script(here: Scene) -> None:
        async with here.link() as link:
            refused = 0
            for number in range(count):
                before = link.session.numbers, here.store.load()
                try:
                    link.send("D", [(11, str(number)), (58, text)])
                except BacklogError:
                    refused += 1
                    assert (link.session.numbers, here.store.load()) == before
                    await link.drained()
                    link.send("D", [(11, str(number)), (58, text)])
            assert refused
            await until(lambda: len(here.arrived) == count)
            assert [message.get(11) for message in here.arrived] == [str(n) for n in range(count)]
            assert not any(said.what == Event.GAP for said in here.said)

    play(script)


@pytest.mark.parametrize("size", [300, 4000])
def test_a_whole_resend_reaches_a_healthy_reader(size: int) -> None:
    """The longest possible resend, in pages, with live messages in between."""

    async def script(here: Scene) -> None:
        async with here.link():
            pass
        account = here.gateway.account(NAME)
        missed = account.store.load()
        kept = []
        for number in range(missed.next_out, missed.next_out + MAX_RESEND):
            # Every third message is one that is gap-filled.
            if number % 3:
                kept.append(str(number))
                header = [(34, str(number)), (49, "CME"), (52, "20260126-14:59:00.000")]
                wire = encode([(35, "n"), *header, (58, str(number)), (148, "x" * size)])
                account.store._sent[number] = SentMessage(number, wire, True)  # type: ignore[attr-defined]
        account.store._numbers = replace(missed, next_out=missed.next_out + MAX_RESEND)  # type: ignore[attr-defined]
        got: list[str] = []
        most = 0
        async with here.link() as link:
            side = here.gateway._live[NAME, False]
            here.gateway.send(NAME, "n", [(58, "live")])
            async for message in link.messages():
                got.append(message.get(58) or "")
                most = max(most, side._transport.get_write_buffer_size())  # type: ignore[union-attr]
                if got[-1] == "live":
                    break
        assert got == [*kept, "live"]
        assert most <= PAGE * (size + 300) + (1 << 17)
        assert sum(said.what == Event.GAP for said in here.said) == 0

    play(script)


class Stuck:
    """A transport that sends nothing."""

    def __init__(self) -> None:
        self.unsent = 0
        self.aborted = self.closing = False

    def write(self, data: bytes) -> None:
        self.unsent += len(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.aborted or self.closing

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closing = True


def test_unread_answers_are_bounded() -> None:
    async def main() -> None:
        transport = Stuck()
        outlet = Outlet(transport)  # type: ignore[arg-type]
        for _ in range(MOST_UNSENT // 1000):
            outlet.write(b"x" * 1000)
            assert not transport.aborted
        outlet.write(b"x" * 1000)
        assert transport.aborted
        size = transport.unsent
        outlet.write(b"x" * 1000)
        assert transport.unsent == size

    asyncio.run(main())


def test_a_reader_that_takes_one_byte_per_interval_is_not_disconnected() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, PushedLoop)
        transport = Stuck()
        outlet = Outlet(transport)  # type: ignore[arg-type]
        outlet.write(b"x" * MAX_UNSENT)
        outlet.refuse_backlog()
        outlet.write(b"x")
        outlet.fill(HEARTBEAT)
        for _ in range(10):
            transport.unsent -= 1
            outlet.write(b"x")
            loop.push(HEARTBEAT)
            await asyncio.sleep(0.002)
            assert not transport.aborted
            with pytest.raises(BacklogError):
                outlet.refuse_backlog()
        loop.push(HEARTBEAT)
        await asyncio.sleep(0.002)
        assert transport.aborted

    loop = PushedLoop()
    run(main(), loop)


class Recorded:
    """A transport that keeps what is written, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


def test_what_is_gathered_goes_out_as_one_piece_and_before_the_end() -> None:
    async def script() -> list[bytes]:
        transport = Recorded()
        outlet = Outlet(transport)  # type: ignore[arg-type]
        outlet.write(b"a")
        outlet.gather()
        outlet.write(b"b")
        outlet.write(b"c")
        outlet.flush()
        outlet.gather()
        outlet.write(b"d")
        outlet.close()
        outlet.write(b"too late")
        outlet.flush()
        outlet.lost()
        return transport.pieces

    assert asyncio.run(script()) == [b"a", b"bc", b"d"]
