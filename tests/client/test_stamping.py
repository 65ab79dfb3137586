"""A Logon is stamped and signed last: no disk makes its SendingTime (52) old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gatepass.client import MemoryAttempts, connect
from gatepass.client.attempts import Attempt
from gatepass.errors import LogonGuardError
from gatepass.fix import parse_sending_time
from gatepass.fix.message import Message
from gatepass.fix.week import Scenario
from gatepass.session.numbers import Numbers
from gatepass.session.store import MemoryStore
from tests.client.test_fault_tolerance import RING, Stage, play
from tests.faults.virtual import VirtualLoop
from tests.rehearsal.test_alterations import US

#: Seconds that a disk takes: more than the age that a Logon may have.
SLOW = 6.3


class SlowAttempts(MemoryAttempts):
    """Logons on a slow disk."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def add(self, now: Attempt, latest: Attempt, most: int) -> Any:
        self._loop._virtual.now += SLOW
        return super().add(now, latest, most)


class SlowStore(MemoryStore):
    """Numbers on a slow disk."""

    loop: VirtualLoop

    def save(self, numbers: Numbers, *more: Any) -> None:
        self.loop._virtual.now += SLOW
        super().save(numbers, *more)


@pytest.mark.parametrize("slow", ["guard", "store"])
@pytest.mark.parametrize("scenario", [None, Scenario.IN_SESSION])
def test_a_slow_disk_makes_no_logon_old(slow: str, scenario: Scenario | None) -> None:
    ages: list[timedelta] = []

    async def script(stage: Stage) -> None:
        attempts = SlowAttempts(stage.loop) if slow == "guard" else MemoryAttempts()
        if slow == "store":
            stage.store = SlowStore()
            stage.store.loop = stage.loop

        def trace(sent: bool, wire: bytes) -> None:
            message = Message.parse(wire)
            if sent and message.msg_type == "A":
                ages.append(stage.loop.clock() - parse_sending_time(message.get(52) or ""))

        where = ("127.0.0.1", stage.ports[0])
        async with connect(
            *where, US, RING, stage.store, clock=stage.loop.clock, trace=trace, attempts=attempts
        ) as session:
            if scenario is not None:
                await session.log_on(scenario)

    stage = play(script)
    assert "refused" not in [report.what for report in stage.said]
    assert len(ages) == (1 if scenario is None else 2)
    assert max(ages) < timedelta(milliseconds=2)


def test_two_logons_at_one_moment_are_different() -> None:
    """Two connections of a session, or one that logs on again at once: neither is a replay."""

    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            await link.primary.log_on(Scenario.IN_SESSION)

    stage = play(script)
    logons = [message for _, sent, message in stage.wires if sent and message.msg_type == "A"]
    assert [logon.get(34) for logon in logons] == ["1"] * 3
    assert len({logon.get(1402) for logon in logons}) == 3


def test_a_logon_that_the_guard_refuses_uses_no_number() -> None:
    async def script(stage: Stage) -> None:
        attempts = MemoryAttempts()
        where = ("127.0.0.1", stage.ports[0], US, RING, stage.store)
        async with connect(*where, clock=stage.loop.clock):
            pass
        before = stage.store.load()
        now = stage.loop.clock()
        for _ in range(4):
            attempts.add(Attempt(now), Attempt(now), 4)
        with pytest.raises(LogonGuardError):
            async with connect(*where, clock=stage.loop.clock, attempts=attempts):
                pass
        assert stage.store.load() == before

    play(script)
