"""Third-party initiators log on to our gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepass.fix.week import week_of
from gatepass.gateway import Event, Kind
from gatepass.keys.pair import IssuedPair
from tests.interop import engines
from tests.interop.rehearsal import INVALID, NAME, Rehearsal, new_pair, until
from tests.interop.relay import CLIENT, GATEWAY


@pytest.fixture(params=[engines.quickfix, engines.quickfixj], ids=["quickfix", "quickfixj"])
def rehearsal(request: pytest.FixtureRequest, tmp_path: Path) -> Rehearsal:
    return Rehearsal(request.param, tmp_path)


def run(conversation: Coroutine[Any, Any, None]) -> None:
    asyncio.run(conversation)


def test_it_logs_on_answers_the_test_request_and_logs_out(rehearsal: Rehearsal) -> None:
    async def conversation() -> None:
        async with rehearsal.gateway() as (gateway, port), rehearsal.client(port) as engine:
            await rehearsal.up(engine)
            assert await engine.log_out() == 0
            numbers = gateway.account(NAME).store.load()
        (asked,) = rehearsal.relay.messages(GATEWAY, "1")
        (answered,) = rehearsal.relay.messages(CLIENT, "0")
        assert answered["112"] == asked["112"]
        (confirmed,) = rehearsal.relay.messages(GATEWAY, "5")
        assert confirmed["789"] == "4"
        assert (numbers.next_in, numbers.next_out, week_of(numbers).begun) == (4, 4, True)
        assert "* logged out" in engine.lines

    run(conversation())


def test_a_message_lost_on_the_way_to_it_is_resent(rehearsal: Rehearsal) -> None:
    async def conversation() -> None:
        async with rehearsal.gateway() as (gateway, port), rehearsal.client(port) as engine:
            await rehearsal.up(engine)
            rehearsal.relay.lose(GATEWAY, lambda message: message.get("58") == "two")
            for text in ("one", "two", "three"):
                gateway.send(NAME, "n", [(58, text)])
            first = await engine.line("< ", "|35=n|", "|58=one|")
            again = await engine.line("< ", "|35=n|", "|43=Y|", "|58=two|")
            assert "|34=3|" in first
            assert "|34=4|" in again
            assert "|122=" in again
            assert not any("|58=three|" in line and "|43=Y|" not in line for line in engine.lines)
            await engine.line("< ", "|58=three|")
            assert await engine.log_out() == 0
        assert [request["7"] for request in rehearsal.relay.messages(CLIENT, "2")] == ["4"]

    run(conversation())


def test_it_resends_what_was_lost_on_the_way_to_the_gateway(rehearsal: Rehearsal) -> None:
    async def conversation() -> None:
        async with rehearsal.gateway() as (gateway, port), rehearsal.client(port) as engine:
            await rehearsal.up(engine)
            rehearsal.relay.lose(CLIENT, lambda message: message.get("11") == "two")
            for name in ("one", "two", "three"):
                await engine.order(name)
            await until(lambda: rehearsal.count(Event.MESSAGE) == 3)
            assert await engine.log_out() == 0
            next_in = gateway.account(NAME).store.load().next_in
        (request,) = rehearsal.relay.messages(GATEWAY, "2")
        assert (request["7"], request["16"]) == ("4", "4")
        again = [m for m in rehearsal.relay.messages(CLIENT, "D") if m.get("43") == "Y"]
        assert [(m["34"], m["11"]) for m in again] == [("4", "two")]
        # Logon, Heartbeat, three orders, Logout: nothing was counted twice.
        assert next_in == 7
        assert rehearsal.count(Event.GAP) == 1

    run(conversation())


def test_the_gateway_requests_what_a_broken_connection_lost(rehearsal: Rehearsal) -> None:
    async def conversation() -> None:
        async with rehearsal.gateway() as (gateway, port):
            async with rehearsal.client(port) as engine:
                await rehearsal.up(engine)
                await engine.order("one")
                await until(lambda: rehearsal.count(Event.MESSAGE) == 1)
                assert await engine.log_out() == 0
            # As if the order and the Logout had never arrived.
            store = gateway.account(NAME).store
            store.save(replace(store.load(), next_in=3))
            async with rehearsal.client(port) as engine:
                await rehearsal.up(engine)
                await until(lambda: rehearsal.count(Event.MESSAGE) == 2)
                assert await engine.log_out() == 0
            next_in = store.load().next_in
        last = rehearsal.relay.messages(CLIENT, "5")[-1]
        assert next_in == int(last["34"]) + 1

    run(conversation())


def test_it_logs_on_in_session_and_both_sides_restart_at_1(rehearsal: Rehearsal) -> None:
    async def conversation() -> None:
        async with rehearsal.gateway() as (gateway, port), rehearsal.client(port) as engine:
            await rehearsal.up(engine)
            await engine.order("before")
            await until(lambda: rehearsal.count(Event.MESSAGE) == 1)
            await engine.order("in-session")
            await rehearsal.up(engine)
            await engine.order("after")
            await until(lambda: rehearsal.count(Event.MESSAGE) == 2)
            gateway.send(NAME, "n", [(58, "after")])
            await engine.line("< ", "|35=n|", "|34=3|", "|58=after|")
            assert await engine.log_out() == 0
            numbers = gateway.account(NAME).store.load()
        for side in (CLIENT, GATEWAY):
            again = rehearsal.relay.messages(side, "A")[1]
            assert (again["34"], again["141"]) == ("1", "Y")
        assert rehearsal.relay.messages(CLIENT, "A")[1]["369"] == "0"
        assert [order["34"] for order in rehearsal.relay.messages(CLIENT, "D")] == ["3", "3"]
        # Logon, Heartbeat or Test Request, a message, Logout.
        assert (numbers.next_in, numbers.next_out) == (5, 5)
        assert rehearsal.count(Event.GAP) == 0
        assert rehearsal.relay.messages(CLIENT, "2") == []

    run(conversation())


def test_it_is_assigned_the_role_of_the_primary(rehearsal: Rehearsal) -> None:
    rehearsal.sender = f"{NAME}U"

    async def conversation() -> None:
        async with rehearsal.gateway() as (gateway, port):
            for texts in (["one"], ["one", "two"]):
                async with rehearsal.client(port) as engine:
                    await rehearsal.up(engine)
                    await engine.order(texts[-1])
                    await until(lambda: rehearsal.count(Event.MESSAGE) == len(texts))  # noqa: B023
                    gateway.send(NAME, "n", [(58, texts[-1])])
                    await engine.line("< ", "|35=n|", f"|56={NAME}P|")
                    assert await engine.log_out() == 0
        for msg_type, senders in {"A": ["U", "U"], "0": ["P", "P"], "D": ["P", "P"]}.items():
            sent = rehearsal.relay.messages(CLIENT, msg_type)
            assert [message["49"] for message in sent] == [NAME + role for role in senders]
        assert rehearsal.relay.messages(GATEWAY, "3") == []

    run(conversation())


@pytest.mark.parametrize("kind", ["msgw:92", "dropcopy"])
def test_it_logs_on_to_other_kinds_of_gateway(rehearsal: Rehearsal, kind: str) -> None:
    rehearsal.kind = Kind.parse(kind)

    async def conversation() -> None:
        async with rehearsal.gateway() as (gateway, port), rehearsal.client(port) as engine:
            await rehearsal.up(engine)
            rehearsal.relay.lose(GATEWAY, lambda message: message.get("58") == "two")
            for text in ("one", "two", "three"):
                gateway.send(NAME, "n", [(58, text)])
            await engine.line("< ", "|35=n|", "|43=Y|", "|58=two|")
            if kind != "dropcopy":
                await engine.order("one")
                await until(lambda: rehearsal.count(Event.MESSAGE) == 1)
            assert await engine.log_out() == 0
        (logon,) = rehearsal.relay.messages(GATEWAY, "A")
        assert logon["50"] == rehearsal.kind.sub_id
        (asked,) = rehearsal.relay.messages(CLIENT, "A")
        assert asked["57"] == rehearsal.kind.sub_id
        assert rehearsal.relay.messages(GATEWAY, "3") == []

    run(conversation())


def expired(pair: IssuedPair) -> IssuedPair:
    return replace(pair, created=date(2024, 1, 2), expires=date(2025, 1, 2))


def other_secret(pair: IssuedPair) -> IssuedPair:
    return replace(new_pair(), access_key_id=pair.access_key_id)


def same(pair: IssuedPair) -> IssuedPair:
    return pair


@pytest.mark.parametrize(
    ("known", "late", "reason"),
    [
        pytest.param(other_secret, 0, "signature: EncryptedPassword (1402) is not", id="wrong key"),
        pytest.param(same, 60, "sending time: SendingTime (52) is", id="stale time"),
        pytest.param(expired, 0, "key validity:", id="expired pair"),
    ],
)
def test_a_refusal_contains_only_the_text(
    rehearsal: Rehearsal,
    known: Callable[[IssuedPair], IssuedPair],
    late: int,
    reason: str,
) -> None:
    async def conversation() -> None:
        rehearsal.late = timedelta(seconds=late)
        async with (
            rehearsal.gateway(known(rehearsal.pair)) as (_, port),
            rehearsal.client(port) as engine,
        ):
            refusal = await engine.line("< ", "|35=5|")
            assert f"|58={INVALID}|" in refusal
            assert "|789=1|" in refusal
            assert await engine.end() == 1
        assert "* logged on" not in engine.lines
        assert len(rehearsal.reasons()) == 1
        assert rehearsal.reasons()[0].startswith(reason)

    run(conversation())


def test_after_a_refusal_it_logs_on_with_the_expected_number(rehearsal: Rehearsal) -> None:
    async def conversation() -> None:
        async with rehearsal.gateway() as (gateway, port):
            async with rehearsal.client(port) as engine:
                await rehearsal.up(engine)
                assert await engine.log_out() == 0
            store = gateway.account(NAME).store
            store.save(replace(store.load(), next_in=9))
            async with rehearsal.client(port) as engine:
                refusal = await engine.line("< ", "|35=5|")
                assert "|789=9|" in refusal
                assert "too low" in refusal
                # In mid-week, the refusal has the next sequence number.
                assert "|34=4|" in refusal
                assert await engine.end() == 1
            async with rehearsal.client(port) as engine:
                await rehearsal.up(engine)
                assert await engine.log_out() == 0
        first, refused, last = (m["34"] for m in rehearsal.relay.messages(CLIENT, "A"))
        assert (first, last) == ("1", "9")
        # QuickFIX/J may have counted a second Logout, which found the connection closed.
        assert refused in ("4", "5")
        answers = rehearsal.relay.messages(GATEWAY, "A")
        assert [logon["34"] for logon in answers] == ["1", "5"]
        assert rehearsal.relay.messages(CLIENT, "2") == []

    run(conversation())


def test_a_logon_that_cannot_be_signed_is_never_sent(tmp_path: Path) -> None:
    rehearsal = Rehearsal(engines.quickfix, tmp_path, pair=expired(new_pair()))

    async def conversation() -> None:
        async with rehearsal.gateway() as (_, port), rehearsal.client(port) as engine:
            assert "expired" in await engine.line("* not sent: ")
            assert await engine.end() == 1
        assert rehearsal.relay.passed == []
        assert rehearsal.reports == []

    run(conversation())
