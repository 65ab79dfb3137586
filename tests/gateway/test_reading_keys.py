"""Only Logons wait while a gateway reads key pairs; everything else continues."""

from __future__ import annotations

import asyncio
import gc
import os
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepass.client import Link, connect
from gatepass.errors import KeySourceError, LogonRefusedError, NoConnectionError
from gatepass.fix.settings import ClientSettings
from gatepass.fix.states import State
from gatepass.fix.week import Scenario
from gatepass.gateway import Event, FaultPlan, Gateway, Kind, Report, connection
from gatepass.gateway import faults as ft
from gatepass.gateway.faults.injection import Injection
from gatepass.keys import (
    FixedKeys,
    KeyFile,
    KeyPair,
    KeyRing,
    KeySource,
    generate_pair,
    watch,
    write_key_file,
)
from gatepass.session.store import MemoryStore
from gatepass.transport import utc_now
from gatepass.transport.fresh_keys import FreshKeys
from tests.slow_keys import SlowKeys

SETTINGS = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "V")
OTHER_SETTINGS = replace(SETTINGS, sender_comp_id="XYZ123N")
TODAY = date.today()
ISSUED = [
    generate_pair(session, TODAY - timedelta(days=9), TODAY + timedelta(days=300))
    for session in ("ABC", "XYZ")
]
RING = KeyRing(pair.key_pair() for pair in ISSUED)


class Stage:
    """A gateway with a key source, and clients that know their pairs."""

    def __init__(self, keys: KeySource, *faults: ft.Fault) -> None:
        self.said: list[Report] = []
        self.arrived: list[str] = []
        self.ahead = timedelta()
        self.gateway = Gateway(
            keys,
            Kind.parse("cgw"),
            report=self.said.append,
            clock=lambda: utc_now() + self.ahead,
            application=lambda _name, message: self.arrived.append(message.get(58) or ""),
            faults=FaultPlan(faults) if faults else None,
        )
        self.port = 0
        self.stores: defaultdict[str, MemoryStore] = defaultdict(MemoryStore)

    def link(self, settings: ClientSettings = SETTINGS):  # type: ignore[no-untyped-def]
        store = self.stores[settings.sender_comp_id]
        return connect("127.0.0.1", self.port, settings, RING, store)

    async def logon(self, settings: ClientSettings = SETTINGS) -> None:
        async with self.link(settings):
            pass

    def told(self, what: Event) -> list[str]:
        return [report.detail for report in self.said if report.what == what]


def play(stage: Stage, story: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        stage.port = await stage.gateway.listen("127.0.0.1", 0)
        try:
            await asyncio.wait_for(story(stage), 30)
        finally:
            await stage.gateway.close()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(told())


async def is_served(stage: Stage, link: Link, text: str) -> None:
    """Check that a logged-on session continues: its message arrives."""
    link.send("D", [(58, text)])
    while text not in stage.arrived:
        await asyncio.sleep(0.001)


def test_other_sessions_continue_while_a_source_reads() -> None:
    source = SlowKeys(RING)

    async def story(stage: Stage) -> None:
        async with stage.link(OTHER_SETTINGS) as other:
            source.hold()
            waiting = asyncio.ensure_future(stage.logon())
            await source.begun()
            await is_served(stage, other, "meanwhile")
            assert not waiting.done()
            source.release()
            await waiting

    play(Stage(source), story)


def test_a_logon_is_judged_by_its_arrival_however_long_a_source_reads() -> None:
    source = SlowKeys(RING)

    async def story(stage: Stage) -> None:
        source.hold()
        waiting = asyncio.ensure_future(stage.logon())
        await source.begun()
        stage.ahead = timedelta(seconds=8)
        source.release()
        await waiting
        stage.ahead = timedelta(seconds=8)
        with pytest.raises(LogonRefusedError):  # this one arrives too late
            await stage.logon(OTHER_SETTINGS)

    play(Stage(source), story)


def test_a_hundred_logons_at_once_cost_a_few_readings() -> None:
    sessions = [f"{number:03d}" for number in range(100)]
    days = TODAY - timedelta(days=9), TODAY + timedelta(days=300)
    ring = KeyRing(generate_pair(session, *days).key_pair() for session in sessions)
    source = SlowKeys(ring)

    async def story(stage: Stage) -> None:
        async def one(session: str) -> None:
            settings = replace(SETTINGS, sender_comp_id=f"{session}123N")
            async with connect("127.0.0.1", stage.port, settings, ring, MemoryStore()):
                await ready.wait()

        ready = asyncio.Event()
        source.hold()
        logons = [asyncio.ensure_future(one(session)) for session in sessions]
        await source.begun()
        while sum(c.session.state is State.VERIFYING for c in stage.gateway.connections) < 100:
            await asyncio.sleep(0.001)
        source.release()
        while len(stage.told(Event.LOGGED_ON)) < 100:
            await asyncio.sleep(0.001)
        ready.set()
        await asyncio.gather(*logons)
        assert source.readings <= 2

    play(Stage(source), story)


def test_an_in_session_logon_waits_for_key_pairs_and_loses_nothing() -> None:
    source = SlowKeys(RING)

    async def story(stage: Stage) -> None:
        async with stage.link() as link:
            await is_served(stage, link, "before")
            source.hold()
            again = asyncio.ensure_future(link.log_on(Scenario.IN_SESSION))
            await source.begun()
            source.release()
            await again
            await is_served(stage, link, "after")

    play(Stage(source), story)


def test_a_source_that_fails_is_reported_and_ends_the_connection() -> None:
    source = SlowKeys(RING)

    async def story(stage: Stage) -> None:
        source.problem = KeySourceError("the vault is sealed")
        with pytest.raises(NoConnectionError):
            await stage.logon()
        assert stage.told(Event.KEYS) == ["the vault is sealed"]
        source.problem = None
        await stage.logon()
        assert len(stage.told(Event.LOGGED_ON)) == 1

    play(Stage(source), story)


def test_an_unexpected_error_of_a_source_ends_the_connection_and_reaches_the_loop() -> None:
    source = SlowKeys(RING)
    wrong: list[BaseException] = []

    async def story(stage: Stage) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: wrong.append(context["exception"]))
        source.problem = ZeroDivisionError()
        with pytest.raises(NoConnectionError):
            await stage.logon()
        assert wrong == [source.problem]

    play(Stage(source), story)


def test_a_source_that_hangs_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "KEYS_WAIT", 0.02)
    source = SlowKeys(RING)

    async def story(stage: Stage) -> None:
        source.hold()
        with pytest.raises(NoConnectionError):
            await stage.logon()
        assert stage.told(Event.KEYS) == ["the key pairs could not be read within 0.02 s"]
        source.release()

    play(Stage(source), story)


@pytest.mark.parametrize("fails", [False, True])
def test_a_client_that_disconnects_while_a_source_reads_leaves_nothing(
    fails: bool, caplog: pytest.LogCaptureFixture
) -> None:
    source = SlowKeys(RING)

    async def story(stage: Stage) -> None:
        source.hold()
        waiting = asyncio.ensure_future(stage.logon())
        await source.begun()
        waiting.cancel()
        await asyncio.wait([waiting])
        while stage.gateway.connections:
            await asyncio.sleep(0.001)
        source.problem = KeySourceError("gone") if fails else None
        source.release()
        source.problem = None
        await stage.logon(OTHER_SETTINGS)
        assert [
            report.sender_comp_id for report in stage.said if report.what == Event.LOGGED_ON
        ] == ["XYZ123N"]
        assert stage.told(Event.KEYS) == []

    play(Stage(source), story)
    gc.collect()
    assert caplog.records == []


def test_a_gateway_that_closes_does_not_wait_for_a_reading(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = SlowKeys(RING)

    async def story(stage: Stage) -> None:
        source.hold()
        waiting = asyncio.ensure_future(stage.logon())
        await source.begun()
        await stage.gateway.close()
        with pytest.raises(NoConnectionError):
            await waiting
        source.release()

    play(Stage(source), story)
    gc.collect()
    assert caplog.records == []


def test_a_key_file_with_a_bad_line_is_read_once_and_its_good_pairs_log_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.txt"
    write_key_file(path, ISSUED)
    keys = KeyFile(path)
    path.write_bytes(path.read_bytes()[:-40] + b"\t\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    readings: list[object] = []
    read = watch.read_snapshot

    def counted(*args: Any, **kwargs: Any) -> object:
        readings.append(args)
        return read(*args, **kwargs)

    monkeypatch.setattr(watch, "read_snapshot", counted)

    async def story(stage: Stage) -> None:
        for _ in range(3):
            await asyncio.gather(stage.logon(), stage.logon(OTHER_SETTINGS))
        assert len(stage.told(Event.LOGGED_ON)) == 6
        assert len(readings) == 1
        write_key_file(path, ISSUED[:1])
        await stage.logon()
        with pytest.raises(LogonRefusedError):
            await stage.logon(OTHER_SETTINGS)

    play(Stage(keys), story)


def test_a_plan_expires_a_pair_of_the_ring_last_read() -> None:
    expire = ft.Fault(ft.ExpirePair(), ft.Direction.RECEIVE, msg_type="A")

    async def story(stage: Stage) -> None:
        with pytest.raises(LogonRefusedError):
            await stage.logon()
        assert "key validity" in stage.told(Event.REFUSED)[0]
        await stage.logon(OTHER_SETTINGS)

    play(Stage(SlowKeys(RING), expire), story)


class Walked(KeyRing):
    """A ring that counts how often all its pairs are visited."""

    walks = 0

    def __iter__(self) -> Iterator[KeyPair]:
        Walked.walks += 1
        return super().__iter__()


def test_a_logon_after_a_planned_expiry_does_not_visit_all_pairs() -> None:
    ring = Walked(RING)
    injection = Injection(FaultPlan(()), FreshKeys(FixedKeys(ring)), utc_now)
    assert injection.ring is ring
    injection.expire(None, "ABC123N")
    (expired,) = injection.ring.pairs_for("ABC123N")
    (alive,) = injection.ring.pairs_for("XYZ123N")
    assert (expired.expires, alive) == (date(2000, 1, 1), RING.pairs_for("XYZ123N")[0])
    found = injection.ring.find(expired.access_key_id)
    assert found == expired
    assert (len(injection.ring), injection.ring.sessions) == (len(RING), RING.sessions)
    assert Walked.walks == 0
    injection.expire(ISSUED[1].access_key_id, "XYZ123N")
    assert {pair.expires for pair in injection.ring} == {date(2000, 1, 1)}


def test_a_gateway_reads_a_key_file_with_what_diagnosis_needs(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    write_key_file(path, ISSUED)
    pairs = list(Gateway(path, Kind.parse("cgw")).keys.ring)
    assert len(pairs) == len(ISSUED)
    assert all(pair.diagnosis_key is not None for pair in pairs)
