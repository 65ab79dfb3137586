"""What a link does after a failed Logon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from gatepass.client import BackOff, connect
from gatepass.errors import (
    ArgumentError,
    KeySourceError,
    LogonRefusedError,
    PairExpiredError,
    UnknownSessionError,
)
from gatepass.fix.settings import ClientSettings
from gatepass.fix.states import State
from gatepass.fix.week import Scenario
from gatepass.gateway import Gateway, Kind
from gatepass.keys import KeyRing, generate_pair
from gatepass.session.store import MemoryStore
from tests.slow_keys import SlowKeys

SETTINGS = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "V")
TODAY = date.today()


def ring(session: str = "ABC", days_left: int = 300) -> KeyRing:
    created, expires = TODAY - timedelta(days=400), TODAY + timedelta(days=days_left)
    return KeyRing([generate_pair(session, created, expires).key_pair()])


class Keys:
    """A source whose pairs may change at any time."""

    def __init__(self) -> None:
        self.ring = ring()


def play(story: Callable[[Gateway, Keys, int], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        keys = Keys()
        gateway = Gateway(keys.ring, Kind.parse("cgw"))
        port = await gateway.listen("127.0.0.1", 0)
        try:
            await asyncio.wait_for(story(gateway, keys, port), 30)
        finally:
            await gateway.close()

    asyncio.run(told())


@pytest.mark.parametrize(
    ("pairs", "error"),
    [(ring(days_left=-9), PairExpiredError), (ring("XYZ"), UnknownSessionError)],
    ids=["expired", "unknown"],
)
def test_without_a_pair_an_in_session_logon_is_not_sent_and_the_session_continues(
    pairs: KeyRing, error: type[Exception]
) -> None:
    async def story(gateway: Gateway, keys: Keys, port: int) -> None:
        store, good = MemoryStore(), keys.ring
        async with connect("127.0.0.1", port, SETTINGS, keys, store) as link:
            link.send("D", [(11, "before")])
            keys.ring = pairs
            with pytest.raises(error):
                await link.log_on(Scenario.IN_SESSION)
            assert link.session.state is State.LOGGED_ON
            number = link.send("D", [(11, "after")])
            assert number > 3
            gateway.send("ABC123", "n", [(58, "here too")])
            async for message in link.messages():
                assert message.get(58) == "here too"
                break
            keys.ring = good
            await link.log_on(Scenario.IN_SESSION)
            assert link.send("D", [(11, "again")]) <= number
        assert link.goodbye is not None

    play(story)


def test_a_reject_of_the_logon_is_a_refusal_with_its_text() -> None:
    wrong = replace(SETTINGS, target_sub_id="64")

    async def story(_gateway: Gateway, keys: Keys, port: int) -> None:
        store = MemoryStore()
        with pytest.raises(LogonRefusedError, match=r"TargetSubId \(57\) tag has") as caught:
            async with connect("127.0.0.1", port, wrong, keys, store):
                raise AssertionError
        assert caught.value.next_expected is None
        assert store.load().next_out == 1
        # Trying again does not help.
        with pytest.raises(LogonRefusedError):
            await anext(connect("127.0.0.1", port, wrong, keys, store, back_off=BackOff(0.01)))
        async with connect("127.0.0.1", port, SETTINGS, keys, store):
            pass

    play(story)


def test_a_wrong_kind_of_scenario_is_refused_and_the_session_continues() -> None:
    async def story(_gateway: Gateway, keys: Keys, port: int) -> None:
        async with connect("127.0.0.1", port, SETTINGS, keys, MemoryStore()) as link:
            with pytest.raises(ArgumentError, match="scenario is of type str"):
                await link.log_on("in-session")  # type: ignore[arg-type]
            await link.log_on(Scenario.IN_SESSION)
            assert link.session.state is State.LOGGED_ON

    play(story)


@pytest.mark.parametrize("wait", ["x", None, True, -1, float("nan")])
def test_a_wrong_wait_is_refused_and_the_session_continues(wait: Any) -> None:
    async def story(_gateway: Gateway, keys: Keys, port: int) -> None:
        async with connect("127.0.0.1", port, SETTINGS, keys, MemoryStore()) as link:
            with pytest.raises(ArgumentError, match="wait is "):
                await link.log_out(wait)
            assert link.session.state is State.LOGGED_ON

    play(story)


def test_a_reject_of_an_in_session_logon_leaves_the_session_logged_on() -> None:
    async def story(_gateway: Gateway, keys: Keys, port: int) -> None:
        async with connect("127.0.0.1", port, SETTINGS, keys, MemoryStore()) as link:
            before = link.send("D", [(11, "before")])
            # Its Test Request is right, but the Logon that follows is wrong.
            stamping = link.session.stamp

            def wrong(*now: Any) -> bytes:
                link.session.settings = replace(SETTINGS, target_sub_id="64")
                canonical = stamping(*now)
                link.session.settings = SETTINGS
                return canonical

            link.session.stamp = wrong  # type: ignore[method-assign]
            with pytest.raises(LogonRefusedError, match="TargetSubId"):
                await link.log_on(Scenario.IN_SESSION)
            assert link.send("D", [(11, "after")]) > before
        assert link.goodbye is not None

    play(story)


def test_other_work_continues_while_the_pairs_for_a_logon_are_read() -> None:
    async def story(_gateway: Gateway, keys: Keys, port: int) -> None:
        source = SlowKeys(keys.ring)
        source.hold()
        link = connect("127.0.0.1", port, SETTINGS, source, MemoryStore())
        waiting = asyncio.ensure_future(link.__aenter__())
        await source.begun()  # on this loop, which reading on it would have blocked
        assert not waiting.done()
        source.release()
        await waiting
        await link.__aexit__(None, None, None)
        assert source.readings == 1

    play(story)


def test_a_logon_whose_pairs_cannot_be_read_does_not_begin() -> None:
    async def story(gateway: Gateway, keys: Keys, port: int) -> None:
        source, store = SlowKeys(keys.ring), MemoryStore()
        source.problem = KeySourceError("the vault is sealed")
        with pytest.raises(KeySourceError, match="the vault is sealed"):
            async with connect("127.0.0.1", port, SETTINGS, source, store):
                raise AssertionError
        assert store.load().next_out == 1
        source.problem = None
        async with connect("127.0.0.1", port, SETTINGS, source, store) as link:
            source.problem = KeySourceError("the vault is sealed")
            with pytest.raises(KeySourceError):
                await link.log_on(Scenario.IN_SESSION)
            assert link.session.state is State.LOGGED_ON

    play(story)
