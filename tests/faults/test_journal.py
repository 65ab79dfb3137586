"""A received message reaches the application once, or again with a mark; it is never lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from gatepass.fix.message import Message
from gatepass.gateway import faults as ft
from tests.faults.test_injection import Rehearsal, rehearse


async def give(rehearsal: Rehearsal, *texts: str) -> None:
    for text in texts:
        rehearsal.gateway.send("ABC123", "n", [(58, text)])
    await asyncio.sleep(1.0)


class Crash(Exception):  # noqa: N818 - what the application does, not an error of ours
    """The application crashes in the middle of a message."""


async def read(rehearsal: Rehearsal, crash_at: str | None = None, count: int = 99) -> list[Message]:
    """Log on and read until there is no more, or until the application crashes."""
    got: list[Message] = []
    with suppress(Crash):
        async with rehearsal.link() as link:
            await give(rehearsal, *(["a", "b", "c"] if not rehearsal.got else []))
            rehearsal.got.append("begun")
            asyncio.get_running_loop().call_later(5.0, link.abort)
            async for message in link.messages():
                got.append(message)
                if message.get(58) == crash_at:
                    raise Crash
                if len(got) == count:
                    break
    return got


def marks(messages: list[Message]) -> list[tuple[str | None, bool]]:
    return [(message.get(58), message.possibly_delivered) for message in messages]


def play(*reads: tuple[str | None, int]) -> list[list[tuple[str | None, bool]]]:
    """Read repeatedly, each time until a crash or a number of messages."""
    seen: list[list[tuple[str | None, bool]]] = []

    async def script(rehearsal: Rehearsal) -> None:
        for crash_at, count in reads:
            seen.append(marks(await read(rehearsal, crash_at, count)))

    rehearse(ft.Fault(ft.Drop(), nth=10_000))(script)
    return seen


def test_all_messages_are_read_once() -> None:
    first, second = play((None, 99), (None, 99))
    assert first == [("a", False), ("b", False), ("c", False)]
    assert second == []


def test_the_message_being_read_at_a_crash_comes_again_with_a_mark() -> None:
    first, second = play(("b", 99), (None, 99))
    assert first == [("a", False), ("b", False)]
    assert second == [("b", True), ("c", False)]


def test_the_last_message_of_a_block_without_an_error_does_not_come_again() -> None:
    first, second = play((None, 2), (None, 99))
    assert first == [("a", False), ("b", False)]
    # c was not delivered; but after a kill it would look the same, so it is marked.
    assert second == [("c", True)]


def test_unread_messages_are_kept() -> None:
    async def script(rehearsal: Rehearsal) -> None:
        async with rehearsal.link():
            await give(rehearsal, "a", "b")
        rehearsal.got.append("begun")
        assert marks(await read(rehearsal)) == [("a", True), ("b", False)]

    rehearse()(script)


def test_messages_end_with_the_connection() -> None:
    async def script(rehearsal: Rehearsal) -> None:
        async with rehearsal.link() as link:
            link.abort()
            with pytest.raises(StopAsyncIteration):
                await link.messages().__anext__()

    rehearse()(script)
