"""Waiting with a bound: what ends it, and that nobody who was to stop goes on."""

from __future__ import annotations

import asyncio

import pytest

from gatepass.transport.waiting import within


def test_a_result_and_an_error_come_through() -> None:
    async def fine() -> str:
        return "fine"

    async def bad() -> str:
        raise ValueError("bad")

    assert asyncio.run(within(1.0, fine())) == "fine"
    with pytest.raises(ValueError, match="bad"):
        asyncio.run(within(1.0, bad()))


def test_what_takes_too_long_is_cancelled() -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60.0)
        finally:
            ended.append("slow")

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(within(0.01, slow()))
    assert ended == ["slow"]


@pytest.mark.parametrize("rounds", range(8))
def test_a_cancellation_in_the_moment_of_the_result_is_not_lost(rounds: int) -> None:
    async def story() -> None:
        due = asyncio.Event()
        waiting = asyncio.create_task(within(60.0, due.wait()))
        await asyncio.sleep(0)
        due.set()
        for _ in range(rounds):
            await asyncio.sleep(0)
        if not waiting.done():
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(story())


def test_an_error_that_nobody_waits_for_any_more_is_not_complained_about() -> None:
    complaints: list[object] = []

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60.0)
        except asyncio.CancelledError:
            raise ValueError("late") from None

    async def story() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: complaints.append(context))
        waiting = asyncio.create_task(within(60.0, stubborn()))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(story())
    assert complaints == []
