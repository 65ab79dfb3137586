"""Each kind of fault happens to a gateway, and the session recovers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from gatepass.client import FaultTolerantLink, Link, connect
from gatepass.client.link import Trace
from gatepass.errors import LogonRefusedError, LogonReplyError
from gatepass.fix.admission import SECURE_LOGON
from gatepass.fix.message import Message
from gatepass.fix.settings import ClientSettings
from gatepass.gateway import FaultPlan, Gateway, Kind, Report
from gatepass.gateway import faults as ft
from gatepass.keys import KeyRing, generate_pair
from gatepass.session import effects as fx
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore
from tests.faults.virtual import VirtualLoop, run_at

WEDNESDAY = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
SETTINGS = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "VENDOR")
RING = KeyRing(
    [generate_pair("ABC", created=date(2026, 1, 5), expires=date(2027, 1, 5)).key_pair()]
)
SEND, RECEIVE = ft.Direction.SEND, ft.Direction.RECEIVE


class Rehearsal:
    """A gateway with a fault plan, and its client."""

    def __init__(self, loop: VirtualLoop, *faults: ft.Fault) -> None:
        self.loop = loop
        self.said: list[Report] = []
        self.arrived: list[str] = []
        self.got: list[str] = []
        self.effects: list[fx.Effect] = []
        self.store = MemoryStore()
        self.gateway = Gateway(
            RING,
            Kind.parse("cgw"),
            report=self.said.append,
            clock=loop.clock,
            application=lambda _name, message: self.arrived.append(message.get(58) or ""),
            faults=FaultPlan(faults),
        )
        self.port = self.backup_port = 0

    def link(self, trace: Trace | None = None):  # type: ignore[no-untyped-def]
        return connect(
            "127.0.0.1",
            self.port,
            SETTINGS,
            RING,
            self.store,
            observe=self.effects.append,
            trace=trace,
            clock=self.loop.clock,
        )

    def fault_tolerant(self):  # type: ignore[no-untyped-def]
        return connect(
            "127.0.0.1",
            self.port,
            replace(SETTINGS, sender_comp_id="ABC123U"),
            RING,
            self.store,
            backup=("127.0.0.1", self.backup_port),
            clock=self.loop.clock,
        )

    async def trade(self, link: Link, count: int = 5) -> None:
        """Send so many messages each way and read what comes for five minutes."""
        for number in range(count):
            link.send("D", [(58, f"c{number}")])
            self.gateway.send("ABC123", "n", [(58, f"g{number}")])
            await asyncio.sleep(0.1)
        reading = asyncio.create_task(self.read(link))
        await asyncio.sleep(300.0)
        reading.cancel()

    async def read(self, link: Link | FaultTolerantLink) -> None:
        async for message in link.messages():
            self.got.append(message.get(58) or "")

    def reported(self, what: str) -> list[str]:
        return [report.detail for report in self.said if report.what == what]


def rehearse(
    *faults: ft.Fault,
) -> Callable[[Callable[[Rehearsal], Coroutine[Any, Any, None]]], Rehearsal]:
    """Run a rehearsal with these faults to its end."""

    def run(script: Callable[[Rehearsal], Coroutine[Any, Any, None]]) -> Rehearsal:
        kept: list[Rehearsal] = []

        async def main(loop: VirtualLoop) -> None:
            rehearsal = Rehearsal(loop, *faults)
            kept.append(rehearsal)
            rehearsal.port = await rehearsal.gateway.listen("127.0.0.1", 0)
            rehearsal.backup_port = await rehearsal.gateway.listen("127.0.0.1", 0, backup=True)
            await script(rehearsal)

        run_at(WEDNESDAY, main)
        return kept[0]

    return run


@pytest.mark.parametrize(
    "action",
    [ft.Drop(), ft.Delay(3.0), ft.Reorder(), ft.Corrupt(40), ft.Corrupt(-3), ft.Corrupt(3)],
    ids=str,
)
@pytest.mark.parametrize("direction", [SEND, RECEIVE])
@pytest.mark.parametrize("nth", [1, 3, 5])
def test_messages_survive(action: ft.Action, direction: ft.Direction, nth: int) -> None:
    kind = "n" if direction is SEND else "D"

    async def script(rehearsal: Rehearsal) -> None:
        async with rehearsal.link() as link:
            await rehearsal.trade(link)

    session = "ABC123N" if nth == 3 else "ABC123"  # as the log shows it, or without its role
    seen = rehearse(ft.Fault(action, direction, kind, session, nth))(script)
    assert seen.got == [f"g{n}" for n in range(5)]
    assert seen.arrived == [f"c{n}" for n in range(5)]
    assert len(seen.reported("fault")) == 1


@pytest.mark.parametrize("direction", [SEND, RECEIVE])
@pytest.mark.parametrize("action", [ft.Duplicate(), ft.WrongNumber(-2), ft.Disconnect()], ids=str)
def test_a_second_connection_brings_the_rest(action: ft.Action, direction: ft.Direction) -> None:
    """FIX ends a session for a number that is too low; no message is lost."""
    kind = "n" if direction is SEND else "D"

    async def script(rehearsal: Rehearsal) -> None:
        async with rehearsal.link() as link:
            for number in range(5):
                link.send("D", [(58, f"c{number}")])
                rehearsal.gateway.send("ABC123", "n", [(58, f"g{number}")])
            await link.closed
        async with rehearsal.link() as link:
            await rehearsal.trade(link, 0)

    seen = rehearse(ft.Fault(action, direction, kind, nth=3))(script)
    assert seen.got == [f"g{n}" for n in range(5)]
    assert seen.arrived == [f"c{n}" for n in range(5)]


def test_a_session_recovers_from_a_lost_logon_reply() -> None:
    async def script(rehearsal: Rehearsal) -> None:
        with pytest.raises(LogonReplyError):
            async with rehearsal.link():
                pass
        with pytest.raises(LogonRefusedError, match="too low"):  # the week had really begun
            async with rehearsal.link():
                pass
        async with rehearsal.link() as link:
            await rehearsal.trade(link)

    seen = rehearse(ft.Fault(ft.Drop(), SEND, "A"))(script)
    assert len(seen.got) == len(seen.arrived) == 5


def test_clock_skew_makes_logons_stale() -> None:
    async def script(rehearsal: Rehearsal) -> None:
        with pytest.raises(LogonRefusedError, match=SECURE_LOGON):
            async with rehearsal.link():
                pass

    seen = rehearse(ft.Fault(ft.ClockSkew(6.0), RECEIVE, "A"))(script)
    assert "old" in seen.reported("refused")[0]


@pytest.mark.parametrize("named", [True, False])
def test_a_pair_can_expire_during_a_rehearsal(named: bool) -> None:
    pair = next(iter(RING)).access_key_id if named else None

    async def script(rehearsal: Rehearsal) -> None:
        async with rehearsal.link() as link:
            await rehearsal.trade(link, 1)
        with pytest.raises(LogonRefusedError, match=SECURE_LOGON):
            async with rehearsal.link():
                pass

    seen = rehearse(ft.Fault(ft.ExpirePair(pair), RECEIVE, "D"))(script)
    assert "expired" in seen.reported("refused")[0].lower()
    assert seen.got == ["g0"]


def test_a_failover_ends_the_primary() -> None:
    async def script(rehearsal: Rehearsal) -> None:
        async with rehearsal.link() as link:
            link.send("D", [(58, "last")])
            await link.closed
        assert link.goodbye is None  # it failed: it sent no Logout

    seen = rehearse(ft.Fault(ft.FailOver(), RECEIVE, "D"))(script)
    assert seen.arrived == ["last"]


@pytest.mark.parametrize("direction", [SEND, RECEIVE])
@pytest.mark.parametrize(
    "text",
    ["MSGW safeguard exceeded: no. of messages", "Messages rejected due to session disconnect"],
)
def test_a_forced_logout_has_a_text_and_loses_nothing(text: str, direction: ft.Direction) -> None:
    """Repeatedly: it does not count towards port closure, and nothing is lost."""
    kind = "n" if direction is SEND else "D"

    async def script(rehearsal: Rehearsal) -> None:
        for number in range(7):
            async with rehearsal.link() as link:
                rehearsal.gateway.send("ABC123", "n", [(58, f"g{number}")])
                link.send("D", [(58, f"c{number}")])
                await link.closed
                assert link.goodbye is not None
                assert link.goodbye.text == text
        async with rehearsal.link() as link:
            await rehearsal.trade(link, 0)

    seen = rehearse(ft.Fault(ft.LogOut(text), direction, kind, "ABC123", times=7))(script)
    assert seen.got == [f"g{n}" for n in range(7)]
    assert seen.arrived == [f"c{n}" for n in range(7)]
    assert not seen.reported("refused")


@pytest.mark.parametrize(
    ("direction", "kind", "nth"),
    [
        (SEND, "n", 3),
        (RECEIVE, "D", 3),
        (SEND, "1", 2),  # the Test Request after the backup's Logon, in the middle of its work
        (RECEIVE, "0", 2),
        (SEND, "0", 1),
    ],
)
def test_a_failover_at_any_message_loses_nothing(
    direction: ft.Direction, kind: str, nth: int
) -> None:
    async def script(rehearsal: Rehearsal) -> None:
        async with rehearsal.fault_tolerant() as link:
            reading = asyncio.create_task(rehearsal.read(link))
            for number in range(6):
                await link.send("D", [(58, f"c{number}")])
                rehearsal.gateway.send("ABC123", "n", [(58, f"g{number}")])
                await asyncio.sleep(40.0 if number % 2 else 0.0)
            await asyncio.sleep(300.0)
            assert link.backup.promoted.done()
            reading.cancel()
        here, there = rehearsal.store.load(), rehearsal.gateway.account("ABC123").store.load()
        assert (here.next_out, here.next_in) == (there.next_in, there.next_out)

    seen = rehearse(ft.Fault(ft.FailOver(), direction, kind, "ABC123", nth))(script)
    assert seen.got == [f"g{n}" for n in range(6)]
    assert seen.arrived == [f"c{n}" for n in range(6)]
    assert len(seen.reported("failed over")) == 1


def test_a_failover_during_the_backups_logon_waits_for_its_end() -> None:
    """What the gateway was about to store for the backup is not mixed with the session's."""

    async def script(rehearsal: Rehearsal) -> None:
        async def say() -> None:
            while "logged on" not in [report.what for report in rehearsal.said]:
                await asyncio.sleep(0)
            rehearsal.gateway.send("ABC123", "n", [(58, "dropped at first")])

        saying = asyncio.create_task(say())
        async with rehearsal.fault_tolerant() as link:
            await saying
            reading = asyncio.create_task(rehearsal.read(link))
            await asyncio.sleep(300.0)
            assert link.role is Role.PRIMARY
            reading.cancel()

    drop, fail = ft.Fault(ft.Drop(), SEND, "n"), ft.Fault(ft.FailOver(), SEND, "A", nth=2)
    assert rehearse(drop, fail)(script).got == ["dropped at first"]


def test_a_forced_logout_waits_for_messages_being_sent() -> None:
    numbers: list[int | None] = []

    def trace(sent: bool, wire: bytes) -> None:
        message = Message.parse(wire)
        if not sent and not message.is_possible_duplicate:
            numbers.append(message.msg_seq_num)

    async def script(rehearsal: Rehearsal) -> None:
        for number in range(3):
            async with rehearsal.link(trace) as link:
                await asyncio.sleep(1.0)
                assert link.closed.done() is (number == 0)

    rehearse(ft.Fault(ft.LogOut("enough"), SEND, "A"))(script)
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_fault_counts_separately() -> None:
    faults = [
        ft.Fault(ft.Drop(), RECEIVE, "D", nth=2, times=2),
        ft.Fault(ft.Delay(1.0), RECEIVE, "D"),
    ]

    async def script(rehearsal: Rehearsal) -> None:
        async with rehearsal.link() as link:
            await rehearsal.trade(link)

    seen = rehearse(*faults)(script)
    assert [detail.partition(": ")[2] for detail in seen.reported("fault")] == [
        "it arrives 1 s late, and so do all behind it",
        "it never arrives",
        "it never arrives",
    ]
    assert re.match(r"35=D 34=\d+ from the client: ", seen.reported("fault")[0])
    assert seen.arrived == [f"c{n}" for n in range(5)]


def test_a_shorter_delay_after_a_longer_one_releases_nothing_early() -> None:
    came: list[tuple[str, float]] = []

    @rehearse(
        ft.Fault(ft.Delay(3.0), SEND, "n", nth=1),
        ft.Fault(ft.Delay(0.25), SEND, "n", nth=2),
    )
    async def _(rehearsal: Rehearsal) -> None:
        async with rehearsal.link() as link:
            await asyncio.sleep(1)
            begun = rehearsal.loop.time()
            for text in ("first", "second", "third"):
                rehearsal.gateway.send("ABC123", "n", [(58, text)])
            async for message in link.messages():
                came.append((message.get(58) or "", rehearsal.loop.time() - begun))
                if len(came) == 3:
                    break

    assert came == [("first", 3.0), ("second", 3.0), ("third", 3.0)]


def test_a_drop_copy_failover_with_a_fill_beyond_the_request_loses_nothing() -> None:
    """As in AutoCert+: 34 jumps by 4,000, and one gap fill answers 2,500 and goes to the end."""
    fault = ft.Fault(ft.FillBeyond(1500), SEND, session="ABC123")
    fills: list[tuple[int | None, int | None]] = []

    def trace(sent: bool, wire: bytes) -> None:
        message = Message.parse(wire)
        if not sent and message.is_gap_fill:
            fills.append((message.msg_seq_num, message.number(36)))

    async def main(loop: VirtualLoop) -> None:
        seen = Rehearsal(loop, fault)
        seen.gateway = Gateway(
            RING, Kind.parse("dropcopy"), clock=loop.clock, faults=FaultPlan((fault,))
        )
        seen.port = await seen.gateway.listen("127.0.0.1", 0)
        backup = await seen.gateway.listen("127.0.0.1", 0, backup=True)
        async with seen.link() as link:
            seen.gateway.send("ABC123", "n", [(58, "before")])
            await asyncio.sleep(1.0)
            seen.gateway.fail_over("ABC123")
            await link.closed
        seen.port = backup
        async with seen.link(trace) as link:
            reading = asyncio.create_task(seen.read(link))
            await asyncio.sleep(1.0)
            seen.gateway.send("ABC123", "n", [(58, "after")])
            await asyncio.sleep(120.0)
            reading.cancel()
        assert seen.got == ["before", "after"]
        gaps = [(gap.begin, gap.end) for gap in seen.effects if isinstance(gap, fx.Gap)]
        assert gaps == [(4, 2503), (2504, 4003)]
        assert fills == [(4, 4004), (2504, 4004)]

    run_at(WEDNESDAY, main)
