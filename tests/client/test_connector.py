"""Every way to leave the loop over the links of `connect` logs the session out."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatepass.client import BackOff, Connector, FaultTolerantLink, Link, connect
from gatepass.errors import KeySourceError, StateError
from gatepass.session.store import MemoryStore
from gatepass.storage import SqliteStore
from tests.client.test_connect import SETTINGS as US
from tests.client.test_connect import Live, live
from tests.client.test_fault_tolerance import NAME, RING, SETTINGS, Stage, play

LOGGED_OUT = ["A", "0", "5"]


def links_of(stage: Stage) -> Connector[Link]:
    us = replace(SETTINGS, sender_comp_id="ABC123N")

    def trace(sent: bool, wire: bytes) -> None:
        if sent:
            stage.got.append(wire.split(b"\x0135=")[1][:1].decode())

    where = ("127.0.0.1", stage.ports[0], us, RING, stage.store)
    return connect(*where, clock=stage.loop.clock, back_off=BackOff(1.0, 1.0), trace=trace)


async def read(link: Link) -> None:
    async for _ in link.messages():
        pass


async def leave_by_break(links: Connector[Link]) -> None:
    async for _ in links:
        break


async def leave_by_return(links: Connector[Link]) -> None:
    async for _ in links:
        return


async def leave_by_an_error(links: Connector[Link]) -> None:
    async for _ in links:
        raise KeyError("the body's own")


async def leave_the_messages(links: Connector[Link]) -> None:
    async for link in links:
        task = asyncio.get_running_loop().call_later(1.0, link.abort)
        async for _ in link.messages():
            raise AssertionError("there is no message")
        task.cancel()
        break


async def never_begin(links: Connector[Link]) -> None:
    assert links is links.__aiter__()


WAYS = [leave_by_break, leave_by_return, leave_by_an_error, leave_the_messages, never_begin]


@pytest.mark.parametrize("way", WAYS)
def test_after_aclosing_the_session_is_logged_out(
    way: Callable[[Connector[Link]], Awaitable[None]],
) -> None:
    async def script(stage: Stage) -> None:
        with suppress(KeyError):
            async with aclosing(links_of(stage)) as links:
                await way(links)
                assert way is never_begin or stage.gateway.connections
        assert not stage.gateway.connections
        # The store is free: no session is logged on with it.
        async with aclosing(links_of(stage)) as links:
            await anext(links)

    play(script)


@pytest.mark.parametrize("way", WAYS)
def test_after_a_plain_loop_the_session_is_logged_out_a_moment_later(
    way: Callable[[Connector[Link]], Awaitable[None]],
) -> None:
    async def script(stage: Stage) -> None:
        with suppress(KeyError):
            await way(links_of(stage))
        gc.collect()
        await asyncio.sleep(1.0)
        assert not stage.gateway.connections
        if way not in (never_begin, leave_the_messages):
            assert stage.got == LOGGED_OUT

    play(script)


@pytest.mark.parametrize("seconds", [0.0, 0.5, 100.0])
def test_a_cancelled_task_ends_the_session_even_if_others_have_its_links(
    seconds: float,
) -> None:
    async def script(stage: Stage) -> None:
        links = links_of(stage)

        async def stay() -> None:
            async for link in links:
                await read(link)

        task = asyncio.create_task(stay())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await asyncio.sleep(1.0)
        assert not stage.gateway.connections
        await links.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(links)

    play(script)


def test_a_task_cancelled_in_aclosing_ends_after_the_logout() -> None:
    async def script(stage: Stage) -> None:
        async def stay() -> None:
            async with aclosing(links_of(stage)) as links:
                async for link in links:
                    await read(link)

        task = asyncio.create_task(stay())
        await asyncio.sleep(1.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not stage.gateway.connections
        assert stage.got == LOGGED_OUT

    play(script)


def test_a_task_that_only_fetches_a_link_ends_no_session() -> None:
    """`asyncio.wait_for` creates such a task, up to Python 3.11."""

    async def script(stage: Stage) -> None:
        async with aclosing(links_of(stage)) as links:
            link = await asyncio.create_task(links.__anext__())
            await asyncio.sleep(100.0)
            assert not link.has_ended

    play(script)


def test_another_task_may_continue_with_the_links() -> None:
    async def script(stage: Stage) -> None:
        async with aclosing(links_of(stage)) as links:

            async def fetch_and_stay() -> None:
                link = await anext(links)
                link.abort()
                await link.closed
                await asyncio.sleep(3600.0)

            first = asyncio.create_task(fetch_and_stay())
            await asyncio.sleep(1.0)
            link = await anext(links)
            first.cancel()
            await asyncio.sleep(1.0)
            assert not link.has_ended

    play(script)


def test_every_task_that_closes_the_links_waits_for_the_logout() -> None:
    async def script(stage: Stage) -> None:
        links = links_of(stage)
        await anext(links)
        closing_it = [asyncio.create_task(links.aclose()) for _ in range(3)]
        await asyncio.wait(closing_it, return_when=asyncio.FIRST_COMPLETED)
        assert not stage.gateway.connections
        await asyncio.gather(*closing_it)
        assert stage.got == LOGGED_OUT

    play(script)


def test_two_tasks_cannot_wait_for_the_next_link() -> None:
    async def script(stage: Stage) -> None:
        links = links_of(stage)
        waiting = asyncio.create_task(links.__anext__())
        await asyncio.sleep(0)
        with pytest.raises(StateError, match="the next link: not possible while the session is"):
            await anext(links)
        assert not (await waiting).has_ended
        await links.aclose()
        assert not stage.gateway.connections

    play(script)


def test_a_link_is_not_given_while_the_session_is_ended() -> None:
    async def script(stage: Stage) -> None:
        links = links_of(stage)
        await anext(links)
        closing_it = [asyncio.create_task(links.aclose()) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(StateError, match="the next link: not possible"):
            await anext(links)
        await asyncio.gather(*closing_it)
        assert stage.got == LOGGED_OUT
        with pytest.raises(StopAsyncIteration):
            await anext(links)

    play(script)


def test_cancelling_the_task_that_waits_for_the_next_link_ends_the_session() -> None:
    async def script(stage: Stage) -> None:
        links = links_of(stage)
        (await anext(links)).abort()
        waiting = asyncio.create_task(links.__anext__())
        await asyncio.sleep(0.5)
        with pytest.raises(StateError, match="aclose: not possible while the session is"):
            await links.aclose()
        waiting.cancel()
        await asyncio.wait([waiting])
        await links.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(links)
        await asyncio.sleep(1.0)
        assert not stage.gateway.connections

    play(script)


@pytest.mark.parametrize("way", ["acknowledged", "break", "next link", "error"])
def test_a_message_is_acknowledged_at_the_next_link_or_by_the_body(
    way: str,
) -> None:
    async def script(stage: Stage) -> None:
        with suppress(KeyError):
            async with aclosing(links_of(stage)) as links:
                async for link in links:
                    stage.say("fill")
                    async for _ in link.messages():
                        break
                    if way == "acknowledged":
                        link.acknowledge()
                    if way == "error":
                        raise KeyError("the body's own")
                    if way != "next link":
                        break
        assert bool(stage.store.undelivered()) is (way in ("break", "error"))

    play(script)


def test_the_final_error_is_raised_once_and_then_the_links_end() -> None:
    class Shut:
        @property
        def ring(self) -> object:
            raise KeySourceError("the vault is shut")

    async def script(stage: Stage) -> None:
        us = replace(SETTINGS, sender_comp_id="ABC123N")
        where = ("127.0.0.1", stage.ports[0], us, Shut(), stage.store)
        async with aclosing(connect(*where, clock=stage.loop.clock)) as links:
            with pytest.raises(KeySourceError):
                await anext(links)
            with pytest.raises(StopAsyncIteration):
                await anext(links)

    play(script)


def test_a_fault_tolerant_link_is_logged_out_at_both_gateways() -> None:
    async def script(stage: Stage) -> None:
        primary, backup = stage.addresses
        where = (*primary, SETTINGS, RING, stage.store)
        links: Connector[FaultTolerantLink] = connect(*where, backup=backup, clock=stage.loop.clock)
        async with aclosing(links):
            async for link in links:
                assert link.backup is not None
                assert len(stage.gateway.connections) == 2
                break
        assert not stage.gateway.connections

    play(script)


def test_a_session_with_a_silent_exchange_is_dropped_when_the_wait_is_cut_short() -> None:
    async def script(stage: Stage) -> None:
        async def stay() -> None:
            async with aclosing(links_of(stage)) as links:
                async for _ in links:
                    (side,) = stage.gateway.connections
                    side.data_received = lambda _data: None  # type: ignore[method-assign]
                    return

        task = asyncio.create_task(stay())
        await asyncio.sleep(1.0)
        began = stage.loop.time()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert stage.loop.time() - began < 1.0
        await asyncio.sleep(0.1)
        assert stage.gateway.account(NAME).primary_on is False

    play(script)


# In an event loop of its own, which stops: what asyncio does then is part of the test.


def with_gateway(client: Callable[[int, Live], Coroutine[Any, Any, None]]) -> None:
    """Run a client's program, which may end with an error; then no session is logged on."""

    async def story() -> None:
        async with live() as here:
            with suppress(KeyError, asyncio.CancelledError):
                await asyncio.to_thread(lambda: asyncio.run(client(here.port, here)))
            for _ in range(200):
                if not here.gateway.connections:
                    return
                await asyncio.sleep(0.01)
            raise AssertionError("a session stays on")

    asyncio.run(story())


@pytest.mark.parametrize("way", [*WAYS[:3], "cancelled", "held"])
def test_a_program_that_ends_in_its_loop_logs_out_and_shows_no_traceback(
    way: Callable[[Connector[Link]], Awaitable[None]] | str, caplog: pytest.LogCaptureFixture
) -> None:
    async def client(port: int, here: Live) -> None:
        if way == "held":
            kept.append(connect("127.0.0.1", port, US, here.keys, MemoryStore()))
            await anext(kept[0])
        elif isinstance(way, str):
            async for _ in connect("127.0.0.1", port, US, here.keys, MemoryStore()):
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
                await asyncio.sleep(3600.0)
        else:
            await way(connect("127.0.0.1", port, US, here.keys, MemoryStore()))

    kept: list[Connector[Link]] = []
    with caplog.at_level(logging.WARNING):
        with_gateway(client)
    assert caplog.text == ""


def test_closing_the_store_too_early_gives_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def client(port: int, here: Live) -> None:
        with closing(SqliteStore(tmp_path / "store.sqlite", "ABC123")) as store:
            async for _ in connect("127.0.0.1", port, US, here.keys, store):
                break
        await asyncio.sleep(0.2)

    with_gateway(client)
    (record,) = caplog.records
    assert record.name == "gatepass.client"
    assert record.getMessage().startswith("the abandoned session ended with an error")
    assert record.exc_info is None
