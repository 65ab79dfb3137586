"""A program that reads each link in a task of its own: a reader stops with its link."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.client import BackOff, FaultTolerantLink, Link, connect
from tests.client.test_fault_tolerance import RING, SETTINGS, Stage, play

US = replace(SETTINGS, sender_comp_id="ABC123N")


@settings(max_examples=60, deadline=None)
@given(
    lives=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4),
    work=st.floats(0.01, 0.5),
    count=st.integers(1, 12),
)
def test_a_message_comes_twice_only_if_it_says_so(
    lives: list[float], work: float, count: int
) -> None:
    meant = [str(number) for number in range(count)]
    got: list[tuple[str, bool]] = []

    async def read(link: Link) -> None:
        async for message in link.messages():
            got.append((message.get(58) or "", message.possibly_delivered))
            await asyncio.sleep(work)

    async def script(stage: Stage) -> None:
        where = ("127.0.0.1", stage.ports[0], US, RING, stage.store)
        readers = []
        waits = BackOff(0.01, 0.01)
        async with aclosing(connect(*where, clock=stage.loop.clock, back_off=waits)) as links:
            async for link in links:
                readers.append(asyncio.create_task(read(link)))
                if len(readers) == 1:
                    for text in meant:
                        stage.say(text)
                if len(readers) <= len(lives):
                    await asyncio.sleep(lives[len(readers) - 1])
                    link.abort()
                    await link.closed
                else:
                    await asyncio.sleep(count * work + 1.0)
                    assert not stage.store.undelivered()
                    break
        await asyncio.wait(readers, timeout=work + 1.0)
        assert all(reader.done() for reader in readers)

    play(script)
    firsts = [text for text, possibly in got if not possibly]
    assert len(set(firsts)) == len(firsts)
    assert list(dict.fromkeys(text for text, _ in got)) == meant


@pytest.mark.parametrize("is_tolerant", [False, True])
def test_after_its_block_a_link_delivers_and_acknowledges_nothing(is_tolerant: bool) -> None:
    async def script(stage: Stage) -> None:
        primary, backup = stage.addresses
        time = stage.loop.clock
        opened: AbstractAsyncContextManager[Link | FaultTolerantLink] = (
            connect(*primary, SETTINGS, RING, stage.store, backup=backup, clock=time)
            if is_tolerant
            else connect(*primary, US, RING, stage.store, clock=time)
        )
        with suppress(KeyError):
            async with opened as end:
                stage.say("given")
                stage.say("waiting")
                messages = end.messages()
                assert (await anext(messages)).get(58) == "given"
                raise KeyError("the body's own")
        end.acknowledge()
        assert [message async for message in messages] == []
        assert [message async for message in end.messages()] == []
        assert len(stage.store.undelivered()) == 2

    play(script)
