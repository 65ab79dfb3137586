"""Link after link, after a broken connection: what is retried after a wait, and what ends it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gatepass.client import BackOff, Link, connect
from gatepass.client.reconnect import MOST_INVALID
from gatepass.client.refusals import FORGOTTEN, SILENT
from gatepass.errors import (
    KeyFileError,
    KeySourceError,
    LogonRefusedError,
    PairExpiredError,
    UnknownSessionError,
)
from gatepass.fix import format_sending_time
from gatepass.fix.message import Message, encode
from gatepass.gateway import Gateway, Kind
from gatepass.keys import KeyRing, generate_pair, write_key_file
from gatepass.session.store import MemoryStore
from gatepass.transport import utc_now
from tests.cli.gateways import fresh_pair
from tests.client.test_fault_tolerance import NAME, RING, SETTINGS, Stage, play
from tests.client.test_standby_keys import Keys
from tests.faults.virtual import Pipe

WRONG = KeyRing([generate_pair("ABC", date(2026, 1, 5), date(2027, 1, 5)).key_pair()])


def break_here(link: Link) -> None:
    """Let only the client see that its connection is lost."""
    pipe = link._transport
    assert isinstance(pipe, Pipe)
    pipe._closing, pipe.peer = True, pipe
    link.connection_lost(ConnectionResetError(104, "Connection reset by peer"))


def links(stage: Stage, heart_bt_int: int = 30, **options: Any) -> Any:
    us = replace(SETTINGS, sender_comp_id="ABC123N", heart_bt_int=heart_bt_int)
    where = ("127.0.0.1", stage.ports[0], us, options.pop("keys", RING), stage.store)
    return connect(*where, clock=stage.loop.clock, back_off=BackOff(1.0, 1.0), **options)


def refusals(stage: Stage) -> list[str]:
    return [report.detail for report in stage.said if report.what == "refused"]


@pytest.mark.parametrize("heart_bt_int", [5, 30, 60])
def test_a_reconnect_waits_until_the_exchange_notices_a_broken_connection(
    heart_bt_int: int,
) -> None:
    async def script(stage: Stage) -> None:
        again = links(stage, heart_bt_int)
        link = await anext(again)
        broken = stage.loop.time()
        break_here(link)
        link = await anext(again)
        assert refusals(stage) == ["the session is logged on already"]
        wait = max(65.0, 2.2 * heart_bt_int)
        assert wait <= stage.loop.time() - broken <= wait + 5
        await again.aclose()

    play(script)


def test_the_wait_is_longer_than_an_invalid_logon_counts_and_than_silence_lasts() -> None:
    assert FORGOTTEN >= 65
    assert SILENT >= 2.2


def test_a_reconnect_waits_after_a_lost_answer_too() -> None:
    async def script(stage: Stage) -> None:
        tries = []

        def trace(sent: bool, wire: bytes) -> None:
            if sent and b"\x0135=A\x01" in wire and not tries:
                tries.append(wire)
                stage.loop.call_soon(stage.loop.call_soon, cut)

        def cut() -> None:
            (connection,) = stage.gateway.connections
            pipe = connection._transport
            assert isinstance(pipe, Pipe)
            link = pipe.peer._protocol
            assert isinstance(link, Link)
            break_here(link)

        again = links(stage, trace=trace)
        await anext(again)
        assert len(refusals(stage)) == 1
        await again.aclose()

    play(script)


def test_a_reconnect_gives_up_after_three_waits() -> None:
    async def script(stage: Stage) -> None:
        again = links(stage)
        link = await anext(again)
        break_here(link)
        stage.gateway.account(NAME).primary_on = True
        stage.gateway.left = lambda *_: None  # type: ignore[method-assign]
        with pytest.raises(LogonRefusedError):
            await anext(again)
        assert len(refusals(stage)) == 1 + MOST_INVALID

    play(script)


def test_a_wrong_key_at_the_start_ends_it_at_once() -> None:
    async def script(stage: Stage) -> None:
        with pytest.raises(LogonRefusedError):
            await anext(links(stage, keys=WRONG))
        assert len(refusals(stage)) == 1

    play(script)


@pytest.mark.parametrize("end", ["logged out", "closed port"])
def test_a_refusal_after_the_exchanges_logout_ends_it(end: str) -> None:
    async def script(stage: Stage) -> None:
        again = links(stage)
        await anext(again)
        (connection,) = stage.gateway.connections
        connection.force_out("enough")
        await asyncio.sleep(1.0)
        stage.gateway.account(NAME).primary_on = True
        with pytest.raises(LogonRefusedError):
            await anext(again)
        assert len(refusals(stage)) == 1

    play(script)


def test_other_refusals_after_a_broken_connection_end_it() -> None:
    async def script(stage: Stage) -> None:
        again = links(stage)
        link = await anext(again)
        port = stage.gateway.account(NAME).port
        break_here(link)
        port.closed = True
        with pytest.raises(LogonRefusedError, match="Port Closure"):
            await anext(again)

    play(script)


@pytest.mark.parametrize(
    ("expected", "tries"),
    [
        # The Logon with the expected number is refused for its number: nothing helps.
        ([7, 7, 7], 2),
        ([7, 5], 2),
        # It may rise while the exchange reads what was sent before a break, but not forever.
        ([7, 9, 12, 15, 18], 4),
    ],
)
def test_a_peer_that_finds_every_number_too_low_ends_it(expected: list[int], tries: int) -> None:
    seen = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        logon = Message.parse(await reader.readuntil(b"\x0110=") + await reader.read(4))
        seen.append(logon.msg_seq_num)
        due = expected[len(seen) - 1]
        header = [(49, "CME"), (50, "G"), (52, format_sending_time(utc_now())), (56, "ABC123N")]
        words = f"MsgSeqNum (34) too low: expected {due}, received {logon.msg_seq_num}"
        body = [(58, words), (789, str(due))]
        writer.write(encode([(35, "5"), (34, str(len(seen))), *header, *body]))
        await writer.drain()
        writer.close()

    async def script() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        us = replace(SETTINGS, sender_comp_id="ABC123N")
        with pytest.raises(LogonRefusedError, match="too low"):
            async for _ in connect("127.0.0.1", port, us, RING, MemoryStore(), guarded=False):
                pass
        server.close()

    asyncio.run(asyncio.wait_for(script(), 20))
    assert seen == [1, *expected[: tries - 1]]


def test_a_fault_tolerant_reconnect_waits_until_the_exchange_notices_the_break() -> None:
    async def script(stage: Stage) -> None:
        primary, backup = stage.addresses
        where = (*primary, SETTINGS, RING, stage.store)
        again = connect(*where, backup=backup, clock=stage.loop.clock)
        both = await anext(again)
        links: list[Link] = [both.primary]
        assert both.backup is not None
        links.append(both.backup)
        for link in links:
            break_here(link)
        both = await anext(again)
        assert not both.has_ended
        assert "the session is logged on already" in refusals(stage)
        await again.aclose()

    play(script)


@pytest.mark.parametrize(
    "error",
    [
        KeyFileError("it is empty", Path("keys.txt")),
        ConnectionError("the vault is down"),
        UnknownSessionError("no pair for ABC: the file is half-written"),
        PairExpiredError("its time is over: the new one is to come"),
    ],
)
def test_a_reconnect_waits_for_keys_that_are_not_available(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(stage: Stage) -> None:
        keys = Keys()
        async with aclosing(links(stage, keys=keys)) as again:
            link = await anext(again)
            keys.error = error
            link.abort()
            await link.closed
            next_link = asyncio.ensure_future(anext(again))
            await asyncio.sleep(3600.0)
            assert keys.asked > 100
            assert not refusals(stage)
            keys.error = None
            assert not (await next_link).has_ended

    with caplog.at_level(logging.WARNING, "gatepass.client"):
        play(script)
    said = "ConnectionError" if isinstance(error, ConnectionError) else str(error)
    assert said in caplog.text


@pytest.mark.parametrize("error", [KeySourceError("no"), UnknownSessionError("no")])
def test_keys_that_are_not_available_at_the_first_logon_end_it_at_once(error: Exception) -> None:
    async def script(stage: Stage) -> None:
        keys = Keys()
        keys.error = error
        with pytest.raises(type(error)):
            await anext(links(stage, keys=keys))
        assert keys.asked == 1

    play(script)


@pytest.mark.parametrize("state", ["empty", "half-written", "absent"])
def test_a_reconnect_waits_for_a_key_file_that_is_being_replaced(
    state: str, tmp_path: Path
) -> None:
    file, pair = tmp_path / "keys.txt", fresh_pair()
    write_key_file(file, [pair])
    whole = file.read_text()

    async def story() -> None:
        gateway = Gateway(KeyRing([pair.key_pair()]), Kind.parse("cgw"))
        port = await gateway.listen("127.0.0.1", 0)
        us = replace(SETTINGS, sender_comp_id="ABC123N")
        waits = BackOff(0.02, 0.02)
        where = ("127.0.0.1", port, us, str(file), MemoryStore())
        async with aclosing(connect(*where, back_off=waits)) as again:
            link = await anext(again)
            if state == "absent":
                file.unlink()
            else:
                file.write_text("" if state == "empty" else whole[:-60])
            link.abort()
            await link.closed
            next_link = asyncio.ensure_future(anext(again))
            await asyncio.sleep(0.2)
            assert not next_link.done()
            write_key_file(file, [pair])
            assert not (await asyncio.wait_for(next_link, 10.0)).has_ended
        await gateway.close()

    asyncio.run(story())
