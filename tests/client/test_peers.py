"""A program's link when the other side is not the exchange, or sends incredible numbers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest

from gatepass._native import Framer
from gatepass.client import BackOff, MemoryAttempts, connect
from gatepass.errors import NumberJumpError, PeerError
from gatepass.fix import format_sending_time
from gatepass.fix.message import Message, encode
from gatepass.fix.settings import ClientSettings
from gatepass.keys import KeyRing, generate_pair
from gatepass.session.store import MemoryStore
from gatepass.transport import utc_now

SETTINGS = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "V")
TODAY = date.today()
RING = KeyRing(
    [generate_pair("ABC", TODAY - timedelta(days=9), TODAY + timedelta(days=300)).key_pair()]
)

#: Returns the answers to a message: type, number and fields.
Script = Callable[[Message], list[tuple[str, int, dict[int, str]]]]


@asynccontextmanager
async def peer(script: Script) -> AsyncIterator[tuple[int, list[Message]]]:
    """Listen on a port and answer by a script; return the port and what came."""
    came: list[Message] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer()
        while data := await reader.read(65536):
            for wire in framer.feed(data):
                assert isinstance(wire, bytes)
                came.append(Message.parse(wire))
                for kind, number, fields in script(came[-1]):
                    sent_at = format_sending_time(utc_now())
                    header = {49: "CME", 50: "G", 52: sent_at, 56: "ABC123N"} | fields
                    writer.write(encode([(35, kind), (34, str(number)), *header.items()]))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()


def link_to(port: int, store: MemoryStore):  # type: ignore[no-untyped-def]
    return connect("127.0.0.1", port, SETTINGS, RING, store, attempts=MemoryAttempts())


async def read(port: int, store: MemoryStore, given: list[str | None]) -> None:
    async with link_to(port, store) as link:
        async for message in link.messages():
            given.append(message.get(58))


async def stay_on(port: int, store: MemoryStore) -> None:
    """Log on as a long-running program does."""
    links = connect(
        "127.0.0.1",
        port,
        SETTINGS,
        RING,
        store,
        attempts=MemoryAttempts(),
        back_off=BackOff(first=0.01, most=0.01),
    )
    async for _ in links:
        raise AssertionError("there is no session")


@pytest.mark.parametrize(
    ("tag", "value"), [(49, "EVIL"), (56, "ZZZ999N"), (108, "-10"), (52, "20010101-00:00:00.000")]
)
def test_a_stranger_that_answers_a_logon_is_an_error_with_fields(tag: int, value: str) -> None:
    async def story() -> None:
        script: Script = lambda m: [("A", 1, {tag: value})] if m.msg_type == "A" else []  # noqa: E731
        async with peer(script) as (port, came):
            with pytest.raises(PeerError, match=f"\\({tag}\\) is ") as caught:
                async with link_to(port, MemoryStore()):
                    pass
            assert (caught.value.tag, caught.value.received) == (tag, value)
            await asyncio.sleep(0.05)
            assert [message.msg_type for message in came] == ["A", "3", "5"]

    asyncio.run(story())


def test_a_strangers_fill_is_not_delivered() -> None:
    async def story() -> None:
        def script(message: Message) -> list[tuple[str, int, dict[int, str]]]:
            if message.msg_type != "A":
                return []
            return [("A", 1, {}), ("8", 2, {58: "ours"}), ("8", 3, {56: "ZZZ999N", 58: "theirs"})]

        given: list[str | None] = []
        async with peer(script) as (port, _):
            with pytest.raises(PeerError, match="ZZZ999N"):
                await read(port, MemoryStore(), given)
        assert given == ["ours"]

    asyncio.run(story())


def test_a_number_too_far_ahead_is_an_error_and_is_not_stored() -> None:
    async def story() -> None:
        store = MemoryStore()
        refusal = ("5", 1, {58: "Invalid Logon. Logout Forced", 789: "999999999"})
        async with peer(lambda m: [refusal] if m.msg_type == "A" else []) as (port, came):
            for _ in range(2):
                with pytest.raises(NumberJumpError, match="too far ahead to be right"):
                    async with link_to(port, store):
                        pass
            assert [message.msg_seq_num for message in came] == [1, 1]
            with pytest.raises(NumberJumpError):
                await stay_on(port, store)

    asyncio.run(story())


def test_a_jump_in_a_live_session_is_raised_to_the_reader_of_messages() -> None:
    async def story() -> None:
        def script(message: Message) -> list[tuple[str, int, dict[int, str]]]:
            jump = ("4", 2, {36: "999999999"})
            return [("A", 1, {}), jump] if message.msg_type == "A" else []

        async with peer(script) as (port, _):
            store = MemoryStore()
            with pytest.raises(NumberJumpError):
                await read(port, store, [])
            assert store.load().next_in == 2

    asyncio.run(story())


def test_what_the_exchange_cannot_read_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        due = iter(range(2, 99))

        def script(message: Message) -> list[tuple[str, int, dict[int, str]]]:
            if message.msg_type == "A":
                return [("A", 1, {})]
            if message.msg_type == "5":
                return [("5", next(due), {})]
            return [("2", next(due), {7: "2", 16: "2"})] if message.get(36) is None else []

        async with peer(script) as (port, came), link_to(port, MemoryStore()) as link:
            link.send("D", [(58, "order")])
            await asyncio.sleep(0.2)
            shapes = [(m.msg_type, m.msg_seq_num, m.get(43)) for m in came[1:]]
            assert shapes == [("D", 2, None), ("D", 2, "Y"), ("4", 2, "Y")]

    with caplog.at_level(logging.WARNING, "gatepass.client"):
        asyncio.run(story())
    assert "message 2 is replaced by a gap fill: it was sent again once" in caplog.text


def test_a_program_that_stays_on_tries_a_stranger_three_times() -> None:
    async def story() -> None:
        async with peer(lambda m: [("A", 1, {49: "EVIL"})] * (m.msg_type == "A")) as (port, came):
            with pytest.raises(PeerError):
                await stay_on(port, MemoryStore())
            assert [message.msg_type for message in came].count("A") == 3

    asyncio.run(story())


async def logged_out_behind(orders: int) -> None:
    """Get one order filled, send more, and be logged out with 789=1 before they are processed."""

    logout = ("5", 3, {789: "1"})
    due = [[("A", 1, {369: "1"})], [("8", 2, {369: "2"})], [logout]]

    def script(_: Message) -> list[tuple[str, int, dict[int, str]]]:
        return due.pop(0) if due else []

    if not orders:
        due[1].append(due.pop()[0])
    async with peer(script) as (port, _), link_to(port, MemoryStore()) as link:
        link.send("D", [(58, "filled")])
        async for _message in link.messages():
            break
        for _ in range(orders):
            link.send("D", [(58, "in flight")])
        await link.closed


@pytest.mark.parametrize(
    ("orders", "numbers"),
    [
        (1, "message 3"),
        (3, "messages 3, 4, 5"),
        (40, "messages 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 30 more"),
    ],
)
def test_what_a_logout_with_789_1_leaves_in_doubt_is_logged(
    orders: int, numbers: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The next Logon discards them: only the exchange's answers show what happened to them."""
    with caplog.at_level(logging.WARNING, "gatepass.client"):
        asyncio.run(logged_out_behind(orders))
    (words,) = (
        record.getMessage() for record in caplog.records if record.name == "gatepass.client"
    )
    assert f"{numbers}: " in words


def test_a_logout_with_789_1_leaves_nothing_in_doubt_if_all_was_processed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "gatepass.client"):
        asyncio.run(logged_out_behind(0))
    assert not [record for record in caplog.records if record.name == "gatepass.client"]
