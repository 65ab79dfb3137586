"""A cancelled task ends, in every iteration of the loop, and leaves no session logged on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from gatepass.client import BackOff, Connector, Link, connect
from gatepass.fix.message import Message, encode
from gatepass.session.store import MemoryStore, claim
from tests.client.test_connect import SETTINGS, Live, live, ring
from tests.client.test_fault_tolerance import RING, Stage, play

#: Iterations of the event loop: a logon on one machine takes fewer.
ROUNDS = range(0, 60, 3)


def run(story: Callable[[Live], Awaitable[None]]) -> None:
    async def told() -> None:
        async with live() as running:
            await asyncio.wait_for(story(running), 30)

    asyncio.run(told())


async def cancelled_after(task: asyncio.Task[None], rounds: int) -> bool:
    """Cancel a task in a later iteration; return whether it was still running."""
    for _ in range(rounds):
        await asyncio.sleep(0)
    return task.cancel()


async def no_session_is_left(here: Live) -> None:
    for _ in range(200):
        if not here.gateway.connections:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("a session is still logged on")


def test_a_cancelled_connect_ends_and_leaves_no_session() -> None:
    async def story(here: Live) -> None:
        for rounds in ROUNDS:
            reached = asyncio.Event()

            async def stay(store: MemoryStore, reached: asyncio.Event) -> None:
                async with connect("127.0.0.1", here.port, SETTINGS, here.keys, store):
                    reached.set()
                    await asyncio.sleep(60.0)

            task = asyncio.create_task(stay(MemoryStore(), reached))
            if await cancelled_after(task, rounds):
                await asyncio.wait([task], timeout=10.0)
                assert task.cancelled(), f"cancelled in round {rounds}, but still running"
            await no_session_is_left(here)
            here.gateway.account("ABC123").store = MemoryStore()
            here.gateway.account("ABC123").port.reopen()

    run(story)


def test_a_cancelled_fault_tolerant_link_leaves_no_session() -> None:
    async def story(here: Live) -> None:
        primary = ("127.0.0.1", here.port)
        backup = ("127.0.0.1", await here.gateway.listen("127.0.0.1", 0, backup=True))
        us = replace(SETTINGS, sender_comp_id="ABC123U")

        async def stay() -> None:
            where = (*primary, us, here.keys, MemoryStore())
            async with connect(*where, backup=backup, guarded=False):
                await asyncio.sleep(60.0)

        for rounds in range(0, 100, 7):
            task = asyncio.create_task(stay())
            assert await cancelled_after(task, rounds)
            await asyncio.wait([task], timeout=15.0)
            assert task.cancelled()
            await no_session_is_left(here)
            here.gateway.account("ABC123").store = MemoryStore()
            here.gateway.account("ABC123").port.reopen()

    run(story)


@pytest.mark.parametrize("behind", [False, True])
def test_a_cancelled_logout_leaves_no_session(behind: bool) -> None:
    async def story(here: Live) -> None:
        for rounds in range(12):
            store = MemoryStore()
            async with connect("127.0.0.1", here.port, SETTINGS, here.keys, store) as link:
                await asyncio.sleep(0.02)
                if behind:
                    number = link.session.numbers.next_in + 1
                    header = [(49, "CME"), (50, "G"), (52, "20260302-22:45:00.000")]
                    wire = encode([(35, "0"), (34, str(number)), *header, (56, "ABC123N")])
                    link.session.receive(wire, link.clock())
                    assert link.session.is_behind
                task = asyncio.create_task(link.log_out())
                if await cancelled_after(task, rounds):
                    await asyncio.wait([task], timeout=10.0)
                    assert task.cancelled()
            await no_session_is_left(here)
            here.gateway.account("ABC123").store = MemoryStore()
            here.gateway.account("ABC123").port.reopen()

    run(story)


def test_a_cancelled_logout_without_a_confirmation_ends_the_connection() -> None:
    """The other side reads, but sends nothing more."""

    async def story() -> None:
        gone = asyncio.Event()

        class Mute(asyncio.Protocol):
            """Answers the Logon, then sends nothing more."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                assert isinstance(transport, asyncio.Transport)
                self.transport = transport

            def data_received(self, data: bytes) -> None:
                if b"\x0135=A\x01" in data:
                    logon = Message.parse(data)
                    header = [(49, "CME"), (50, "G"), (52, logon.get(52) or ""), (56, "ABC123N")]
                    self.transport.write(encode([(35, "A"), (34, "1"), *header, (108, "30")]))

            def connection_lost(self, exc: Exception | None) -> None:
                gone.set()

        loop = asyncio.get_running_loop()
        server = await loop.create_server(Mute, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        async def stay() -> None:
            async with connect("127.0.0.1", port, SETTINGS, ring(), MemoryStore(), guarded=False):
                pass  # and out again

        task = asyncio.create_task(stay())
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.wait_for(gone.wait(), 2.0)
        with pytest.raises(asyncio.CancelledError):
            await task
        server.close()

    asyncio.run(story())


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("within", [True, False])
def test_a_cancelled_loop_over_links_leaves_no_session(within: bool, held: bool) -> None:
    """At any moment: while it logs on, has a link, waits for the next one, or logs out."""

    def script(
        rounds: int, links: list[Connector[Link]]
    ) -> Callable[[Stage], Coroutine[Any, Any, None]]:
        async def story(stage: Stage) -> None:
            us = replace(SETTINGS, sender_comp_id="ABC123N")
            where = ("127.0.0.1", stage.ports[0], us, RING, stage.store)

            async def stay() -> None:
                mine = connect(*where, clock=stage.loop.clock, back_off=BackOff(0.0, 0.0))
                if held:
                    links.append(mine)
                if within:
                    async with aclosing(mine):
                        await loop_over(mine)
                else:
                    await loop_over(mine)

            task = asyncio.create_task(stay())
            is_cancelled = await cancelled_after(task, rounds)
            await asyncio.wait([task])
            assert task.cancelled() is is_cancelled
            cancelled.add(is_cancelled)
            # The gateway notices a dropped connection a moment later.
            await asyncio.sleep(0.01 if within else 5.0)
            assert not stage.gateway.connections
            with claim(stage.store):
                pass

        return story

    async def loop_over(links: Connector[Link]) -> None:
        ended = 0
        async for link in links:
            await asyncio.sleep(0)
            if ended < 2:
                link.abort()
                await link.closed
                ended += 1

    cancelled: set[bool] = set()
    for rounds in range(120):
        play(script(rounds, []))
    assert cancelled == {True, False}  # the last one ended without being cancelled
