"""A session on both gateways: what fails over, what ends, and what never uses the backup."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.client import FaultTolerantLink, Link, connect
from gatepass.client.plan import BACKUP, PRIMARY
from gatepass.errors import (
    BackupError,
    FieldError,
    LogonRefusedError,
    LogonReplyError,
    NoConnectionError,
)
from gatepass.fix.message import Message, encode
from gatepass.fix.settings import ClientSettings
from gatepass.fix.states import State
from gatepass.fix.week import Scenario
from gatepass.gateway import FaultPlan, Gateway, Kind, Report
from gatepass.gateway import faults as ft
from gatepass.keys import KeyRing, generate_pair
from gatepass.session import effects as fx
from gatepass.session.numbers import MAX_RESEND, SentMessage
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore
from tests.faults.virtual import Pipe, VirtualLoop, run_at

WEDNESDAY = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
SETTINGS = ClientSettings("ABC123U", "OP1", "G", "US", "SYS", "1.0", "VENDOR")
RING = KeyRing(
    [generate_pair("ABC", created=date(2026, 1, 5), expires=date(2027, 1, 5)).key_pair()]
)
NAME = "ABC123"
CGW = Kind.parse("cgw")
#: Fault tolerant, and with numbers that rise at a failover.
JUMPING = replace(CGW, failover_jump=4000)
PRIMARY_GONE = "Logout initiated due to disconnect on primary connection"


class Stage:
    """Both gateways, a client's store, and what each side saw."""

    def __init__(self, loop: VirtualLoop, kind: Kind, *faults: ft.Fault) -> None:
        self.loop = loop
        self.store = MemoryStore()
        self.got: list[str] = []
        self.arrived: list[str] = []
        self.said: list[Report] = []
        self.effects: list[tuple[str, fx.Effect]] = []
        self.wires: list[tuple[str, bool, Message]] = []
        self.gateway = Gateway(
            RING,
            kind,
            report=self.said.append,
            clock=loop.clock,
            application=lambda _name, message: self.arrived.append(message.get(58) or ""),
            faults=FaultPlan(faults),
        )
        self.ports: list[int] = []

    def fault_tolerant(self, **options: Any):  # type: ignore[no-untyped-def]
        return connect(
            *self.addresses[0],
            SETTINGS,
            RING,
            self.store,
            backup=self.addresses[1],
            observe=lambda which, effect: self.effects.append((which, effect)),
            trace=lambda which, sent, wire: self.wires.append((which, sent, Message.parse(wire))),
            clock=self.loop.clock,
            **options,
        )

    @property
    def addresses(self) -> list[tuple[str, int]]:
        return [("127.0.0.1", port) for port in self.ports]

    async def read(self, link: FaultTolerantLink | Link) -> None:
        async for message in link.messages():
            assert not message.possibly_delivered
            self.got.append(message.get(58) or "")

    def say(self, text: str) -> None:
        self.gateway.send(NAME, "n", [(58, text)])


def play(
    script: Callable[[Stage], Coroutine[Any, Any, None]], *faults: ft.Fault, kind: Kind = CGW
) -> Stage:
    stages: list[Stage] = []

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop, kind, *faults)
        stages.append(stage)
        for backup in (False, True):
            stage.ports.append(await stage.gateway.listen("127.0.0.1", 0, backup=backup))
        # Heartbeats continue forever if something awaited never comes.
        await asyncio.wait_for(script(stage), 86400)

    run_at(WEDNESDAY, main)
    return stages[0]


@settings(max_examples=40, deadline=None)
@given(
    before=st.integers(0, 5),
    after=st.integers(0, 5),
    turns=st.integers(0, 6),
    kind=st.sampled_from([CGW, JUMPING]),
)
def test_a_failover_loses_and_duplicates_nothing(
    before: int, after: int, turns: int, kind: Kind
) -> None:
    """At any moment of any exchange of messages."""
    meant = [str(n) for n in range(before + after)]

    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            reading = asyncio.create_task(stage.read(link))
            for text in meant[:before]:
                await link.send("D", [(58, text)])
                stage.say(text)
            for _ in range(turns):
                await asyncio.sleep(0)
            stage.gateway.fail_over(NAME)
            for text in meant[before:]:
                await link.send("D", [(58, text)])
                stage.say(text)
            await asyncio.sleep(200.0)
            assert link.role is Role.PRIMARY
            assert link.active is link.backup
            reading.cancel()
        there = stage.gateway.account(NAME).store.load()
        here = stage.store.load()
        assert (here.next_out, here.next_in) == (there.next_in, there.next_out)

    stage = play(script, kind=kind)
    assert stage.got == stage.arrived == meant


def test_a_message_sent_during_a_failover_waits_for_its_end() -> None:
    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            link.primary.abort()
            await asyncio.sleep(0)
            assert link.primary.session.state is State.CLOSED
            # The exchange does not notice it yet; then its gateway fails.
            stage.gateway.fail_over(NAME)
            number = await link.send("D", [(58, "waited")])
            assert link.role is Role.PRIMARY
            assert number == stage.store.load().next_out - 1
            await asyncio.sleep(60.0)

    assert play(script).arrived == ["waited"]


def test_missing_messages_are_requested_after_a_failover_with_a_jump_in_numbers() -> None:
    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            stage.say("before")
            stage.gateway.fail_over(NAME)
            await asyncio.sleep(60.0)
            await read_one(stage, link)

    stage = play(script, kind=JUMPING)
    asked = [
        (message.number(7) or 0, message.number(16) or 0)
        for which, sent, message in stage.wires
        if sent and message.msg_type == "2" and which == BACKUP
    ]
    assert len(asked) == 2
    assert [end - begin + 1 <= MAX_RESEND for begin, end in asked] == [True, True]
    assert asked[0][1] + 1 == asked[1][0]
    assert sum(end - begin + 1 for begin, end in asked) == 4000
    assert stage.got == ["before"]


def test_a_drop_copy_session_continues_at_the_backup_after_the_primary_fails() -> None:
    settings = replace(SETTINGS, sender_comp_id="ABC123N")

    async def script(stage: Stage) -> None:
        def link(port: int) -> Any:
            here = settings, RING, stage.store
            return connect("127.0.0.1", port, *here, clock=stage.loop.clock)

        async with link(stage.ports[0]) as first:
            stage.gateway.fail_over(NAME)
            await first.closed
        account = stage.gateway.account(NAME)
        # Sent while no session was logged on.
        numbers = account.store.load()
        wire = encode([(35, "n"), (52, "20260304-15:00:00.000"), (58, "missed")])
        kept = SentMessage(numbers.next_out, wire, True)
        account.store.save(replace(numbers, next_out=kept.number + 1), kept)
        async with link(stage.ports[1]) as second:
            stage.say("new")
            async for message in second.messages():
                stage.got.append(message.get(58) or "")
                if len(stage.got) == 2:
                    break
            assert second.session.numbers.next_in > 4000
            assert second.session.role is Role.NONE

    assert play(script, kind=Kind.parse("dropcopy")).got == ["missed", "new"]


async def read_one(stage: Stage, link: FaultTolerantLink) -> None:
    async for message in link.messages():
        stage.got.append(message.get(58) or "")
        return


def test_a_reader_that_stops_and_restarts_gets_nothing_twice() -> None:
    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            for number in range(3):
                stage.say(f"{number}")
            await asyncio.sleep(1.0)
            await read_one(stage, link)
            stage.gateway.fail_over(NAME)
            await asyncio.sleep(60.0)
            await read_one(stage, link)
            await read_one(stage, link)

    stage = play(script)
    assert stage.got == ["0", "1", "2"]
    assert stage.store.undelivered() == []


def test_the_backup_has_its_own_numbers_and_stores_nothing() -> None:
    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            await link.send("D", [(58, "one more")])
            await asyncio.sleep(600.0)
            kept = stage.store.load()
            assert kept == link.primary.session.numbers
            assert link.backup.session.numbers.next_out != kept.next_out
        assert stage.store.load().next_out > kept.next_out

    stage = play(script)
    first = {(which, sent): message.msg_seq_num for which, sent, message in reversed(stage.wires)}
    assert set(first.values()) == {1}
    assert [report.what for report in stage.said].count("gap") == 0


def test_application_messages_do_not_use_the_backup() -> None:
    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            before = link.backup.session.numbers
            with pytest.raises(BackupError, match="on the primary"):
                link.backup.send("D", [(58, "x")])
            with pytest.raises(BackupError, match="on the primary"):
                await link.backup.log_on(Scenario.IN_SESSION)
            assert link.backup.session.numbers == before
            assert link.backup.session.state is State.LOGGED_ON

    assert play(script).arrived == []


def test_a_half_open_primary_is_not_used_after_a_failover() -> None:
    """The client never hears that the old connection is lost: it ends it by itself."""

    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            (side,) = (c for c in stage.gateway.connections if not c.backup)
            assert isinstance(side._transport, Pipe)
            side._transport.peer = Pipe(stage.loop, asyncio.Protocol())
            stage.gateway.fail_over(NAME)
            assert side.session.state is State.CLOSED
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await link.send("D", [(58, "a")])
            assert link.primary.session.state is State.CLOSED
            await asyncio.sleep(300.0)
            await link.send("D", [(58, "b")])
            await asyncio.sleep(1.0)
            there = stage.gateway.account(NAME).store.load()
            here = stage.store.load()
            assert (here.next_out, here.next_in) == (there.next_in, there.next_out)

    assert play(script).arrived == ["a", "b"]


def test_a_link_without_a_promoted_backup_ends_with_its_primary() -> None:
    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            reading = asyncio.create_task(stage.read(link))
            stage.say("last")
            await asyncio.sleep(1.0)
            link.primary.abort()
            await link.closed
            assert link.goodbye is not None
            assert link.goodbye.text == PRIMARY_GONE
            await reading
            with pytest.raises(NoConnectionError, match="both connections have ended"):
                await link.send("D", [(58, "x")])
        async with stage.fault_tolerant() as link:
            await link.send("D", [(58, "again")])
            await asyncio.sleep(1.0)

    stage = play(script)
    assert stage.got == ["last"]
    assert stage.arrived == ["again"]


def test_a_session_continues_without_its_backup() -> None:
    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            (side,) = (c for c in stage.gateway.connections if c.backup)
            side.force_out("the backup alone")
            await link.backup.closed
            await link.send("D", [(58, "alone")])
            await asyncio.sleep(1.0)
            assert not link.closed.done()
            assert link.goodbye is None

    assert play(script).arrived == ["alone"]


def test_both_log_out_cleanly() -> None:
    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant():
            pass

    stage = play(script)
    assert [(which, sent) for which, sent, m in stage.wires if m.msg_type == "5"] == [
        (BACKUP, True),
        (BACKUP, False),
        (PRIMARY, True),
        (PRIMARY, False),
    ]


def test_a_backup_logout_that_crosses_its_promotion_is_sent_again() -> None:
    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            leaving = asyncio.create_task(link.log_out())
            await asyncio.sleep(0)
            stage.gateway.fail_over(NAME)
            await leaving
            assert link.backup.goodbye is not None

    stage = play(script)
    said = [m.get(49) for which, sent, m in stage.wires if sent and m.msg_type == "5"]
    assert said == ["ABC123B", "ABC123P"]
    here, there = stage.store.load(), stage.gateway.account(NAME).store.load()
    assert (here.next_out, here.next_in) == (there.next_in, there.next_out)


@pytest.mark.parametrize("lost", [True, False])
def test_a_logout_waits_for_messages_that_were_requested_again(lost: bool) -> None:
    """For at most as long as the logout waits: an answer that never comes delays nothing more."""

    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            stage.say("0")
            stage.say("1")
            await asyncio.sleep(0.1)
            assert link.primary.session.is_behind
        assert len(stage.store.undelivered()) == (0 if lost else 2)

    # The first is lost, and the resent one arrives late or never.
    late = ft.Fault(ft.Drop() if lost else ft.Delay(3.5), msg_type="n", nth=3)
    stage = play(script, ft.Fault(ft.Drop(), msg_type="n"), late)
    which, sent, last = stage.wires[-1]
    assert (which, sent, last.msg_type) == (PRIMARY, False, "5")


def test_a_backup_that_refuses_leaves_no_session() -> None:
    async def script(stage: Stage) -> None:
        with pytest.raises(LogonRefusedError, match="Invalid Logon"):
            async with stage.fault_tolerant():
                pass

    stage = play(script, ft.Fault(ft.ExpirePair(), ft.Direction.RECEIVE, "0"))
    which, sent, last = stage.wires[-1]
    assert (which, sent, last.msg_type) == (PRIMARY, False, "5")


def test_a_session_without_fault_tolerance_cannot_have_a_backup() -> None:
    settings = replace(SETTINGS, sender_comp_id="ABC123N")

    async def script(stage: Stage) -> None:
        primary, backup = stage.addresses
        with pytest.raises(FieldError, match="must end in U"):
            connect(*primary, settings, RING, stage.store, backup=backup)

    assert play(script).said == []


@pytest.mark.parametrize("seen", [False, True])
def test_a_primary_that_fails_before_the_backup_logs_on_leaves_no_session(seen: bool) -> None:
    """The backup refuses a Logon on its way; after an end that was seen, none is sent."""

    async def script(stage: Stage) -> None:
        plain = stage.loop.create_connection

        async def late(factory: Any, host: str, port: int, **options: Any) -> Any:
            """Delay the backup's connection, or the end of the primary's."""
            if seen and port == stage.ports[1]:
                await asyncio.sleep(1.0)
            pipe, protocol = await plain(factory, host, port, **options)
            if not seen:
                end = pipe._hung_up
                pipe._hung_up = lambda: stage.loop.call_later(0.05, end)
            return pipe, protocol

        stage.loop.create_connection = late  # type: ignore[method-assign]
        with pytest.raises(NoConnectionError, match="primary connection ended before"):
            async with stage.fault_tolerant():
                pass
        refused = [which for which, effect in stage.effects if isinstance(effect, fx.LoggedOut)]
        assert refused == ([] if seen else [BACKUP])
        async with stage.fault_tolerant() as link:
            assert link.primary.session.scenario is Scenario.MID_WEEK

    play(script, ft.Fault(ft.FailOver(), ft.Direction.SEND, "1"))


@pytest.mark.parametrize(
    ("turned", "words"), [(False, "this is a backup gateway"), (True, "is not a backup gateway")]
)
def test_gateways_in_the_wrong_order_are_detected(turned: bool, words: str) -> None:
    async def script(stage: Stage) -> None:
        if turned:
            other = Gateway(RING, Kind.parse("cgw"), clock=stage.loop.clock)
            stage.ports[1] = await other.listen("127.0.0.1", 0)
            with pytest.raises(LogonReplyError, match=words):
                async with stage.fault_tolerant():
                    pass
            return
        async with stage.fault_tolerant() as link:
            link.backup.abort()
            await link.backup.closed
            address, clock = ("127.0.0.1", stage.ports[1]), stage.loop.clock
            with pytest.raises(LogonReplyError, match=words):
                async with connect(*address, SETTINGS, RING, MemoryStore(), clock=clock):
                    pass

    play(script)
