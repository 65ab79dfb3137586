"""A backup that is down, lost or refused: what happens, and when it is tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.client import BackOff, FaultTolerantLink, MemoryAttempts
from gatepass.client.plan import BACKUP
from gatepass.client.refusals import FORGOTTEN, noticed_within
from gatepass.client.standby import MOST_REFUSALS
from gatepass.errors import NoConnectionError
from gatepass.session.role import Role
from tests.client.test_fault_tolerance import NAME, SETTINGS, Stage, play
from tests.faults.virtual import VirtualLoop

#: A port where no gateway listens, unless a test starts one.
EMPTY = 50_000


class Deaf(asyncio.Protocol):
    """A gateway that reads a Logon and closes the connection."""

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard()
        self._transport.close()


def with_backup(
    body: Callable[[Stage, FaultTolerantLink, list[str]], Awaitable[None]],
    *,
    port: int | None = None,
    before: Callable[[Stage], Awaitable[None]] | None = None,
    **options: object,
) -> Stage:
    async def script(stage: Stage) -> None:
        if port is not None:
            stage.ports[1] = port
        if before is not None:
            await before(stage)
        told: list[str] = []
        async with stage.fault_tolerant(tell=told.append, **options) as link:
            await body(stage, link, told)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task(), *stage_tasks(stage)}

    return play(script)


def stage_tasks(stage: Stage) -> set[asyncio.Task[None]]:
    """`wait_for` around the script is not a task of the link."""
    return {task for task in asyncio.all_tasks() if "main" in repr(task.get_coro())}


async def lose_backup(stage: Stage, words: str = "the backup alone") -> None:
    (side,) = (c for c in stage.gateway.connections if c.backup)
    side.force_out(words)
    await asyncio.sleep(0.5)


async def trade(stage: Stage, link: FaultTolerantLink, text: str) -> None:
    await link.send("D", [(58, text)])
    await asyncio.sleep(1.0)
    assert stage.arrived[-1] == text


async def check_failover(stage: Stage, link: FaultTolerantLink) -> None:
    """Check that a failover loses and duplicates nothing, whatever came before."""
    arrived = len(stage.arrived)
    await link.send("D", [(58, "before")])
    stage.gateway.fail_over(NAME)
    await link.send("D", [(58, "after")])
    await asyncio.sleep(200.0)
    assert link.role is Role.PRIMARY
    assert stage.arrived[arrived:] == ["before", "after"]
    here, there = stage.store.load(), stage.gateway.account(NAME).store.load()
    assert (here.next_out, here.next_in) == (there.next_in, there.next_out)


def test_a_backup_that_is_down_ends_no_session_and_is_used_when_it_is_available() -> None:
    async def body(stage: Stage, link: FaultTolerantLink, told: list[str]) -> None:
        assert link.backup is None
        assert told == []
        await trade(stage, link, "alone")
        assert told[0].startswith("no fault tolerance: no connection to 127.0.0.1:50000")
        assert told[0].endswith("the backup is tried again in 1 s")
        await asyncio.sleep(20.0)
        waits = [float(words.split()[-2]) for words in told]
        assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]
        await stage.gateway.listen("127.0.0.1", EMPTY, backup=True)
        await asyncio.sleep(60.0)
        assert told[-1] == "the backup is logged on: the session is fault tolerant again"
        assert link.backup is not None
        assert link.backup.session.role is Role.BACKUP
        await check_failover(stage, link)

    with_backup(body, port=EMPTY)


def test_a_link_without_a_backup_ends_with_its_primary() -> None:
    async def body(stage: Stage, link: FaultTolerantLink, told: list[str]) -> None:
        link.primary.abort()
        await link.closed
        with pytest.raises(NoConnectionError, match="both connections have ended"):
            await link.send("D", [(58, "late")])
        before = list(told)
        await asyncio.sleep(600.0)
        assert told == before
        assert link.goodbye is None
        assert str(link.ending) == "the gateway closed the connection without a message"

    with_backup(body, port=EMPTY)


@settings(max_examples=20, deadline=None)
@given(
    losses=st.lists(st.tuples(st.booleans(), st.floats(0, 200)), min_size=1, max_size=4),
    early=st.booleans(),
)
def test_a_lost_backup_is_reopened(losses: list[tuple[bool, float]], early: bool) -> None:
    async def body(stage: Stage, link: FaultTolerantLink, told: list[str]) -> None:
        for by_gateway, pause in losses:
            lost = link.backup
            assert lost is not None
            if by_gateway:
                await lose_backup(stage)
            else:
                lost.abort()
                await asyncio.sleep(0.5)
            await trade(stage, link, "alone")
            await asyncio.sleep(70.0 + pause)
            assert link.backup is not lost
        assert len(told) == 2 * len(losses)
        if not early:
            await check_failover(stage, link)

    stage = with_backup(body)
    # No Logon was invalid: the backup has its own numbers, from 1.
    assert "refused" not in [report.what for report in stage.said]


def test_a_backup_that_was_lost_before_does_not_explain_the_end() -> None:
    """The reason of the end is the primary's own."""

    async def body(stage: Stage, link: FaultTolerantLink, told: list[str]) -> None:
        await lose_backup(stage, "of the backup")
        assert link.backup is None
        link.primary.abort()
        await link.closed
        assert link.goodbye is None
        assert link.ending is not None

    with_backup(body)


def test_nothing_is_reopened_after_the_promotion() -> None:
    async def body(stage: Stage, link: FaultTolerantLink, told: list[str]) -> None:
        await check_failover(stage, link)
        assert told == []
        logons = [m for _, sent, m in stage.wires if sent and m.msg_type == "A"]
        assert len(logons) == 2

    with_backup(body)


def test_the_backup_is_not_mentioned_if_both_are_lost_at_once() -> None:
    async def body(stage: Stage, link: FaultTolerantLink, told: list[str]) -> None:
        for connection in list(stage.gateway.connections):
            connection.abort()
        await link.closed
        await asyncio.sleep(600.0)
        assert told == []

    with_backup(body)


def test_a_backup_that_closes_at_each_logon_leaves_the_primary_three_logons_a_minute() -> None:
    times: list[float] = []

    async def before(stage: Stage) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        await loop.create_server(
            lambda: Deaf(lambda: times.append(loop.time())), "127.0.0.1", EMPTY
        )

    attempts = MemoryAttempts()

    async def body(stage: Stage, link: FaultTolerantLink, told: list[str]) -> None:
        await asyncio.sleep(3600.0)
        assert link.active is link.primary
        assert len(attempts._kept) <= 1
        # Nor is a Logon of the primary mistaken for one of the backup.
        await trade(stage, link, "still on")

    with_backup(
        body, port=EMPTY, before=before, attempts=attempts, back_off=BackOff(first=0.0, most=0.0)
    )
    assert len(times) > 40
    assert all(later - earlier >= FORGOTTEN for earlier, later in pairwise(times))


@pytest.mark.parametrize("heals", [True, False])
def test_a_gateway_that_refuses_the_backup_again_is_tried_at_the_guards_pace(heals: bool) -> None:
    """It may not have noticed yet that the old connection is lost."""

    async def body(stage: Stage, link: FaultTolerantLink, told: list[str]) -> None:
        await lose_backup(stage)
        account = stage.gateway.account(NAME)
        account.backup_on = True
        await asyncio.sleep(10.0)
        assert "the Logon was refused" in told[-1]
        assert told[-1].endswith(f"again in {noticed_within(SETTINGS.heart_bt_int):.3g} s")
        if heals:
            account.backup_on = False
        await asyncio.sleep(600.0)
        refused = [report.what for report in stage.said].count("refused")
        assert refused == (1 if heals else MOST_REFUSALS)
        assert ("is logged on" in told[-1]) is heals
        assert ("not tried again" in told[-1]) is not heals
        await trade(stage, link, "still on")

    with_backup(body)


def test_a_tell_that_fails_does_not_stop_the_tries(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_words: str) -> None:
        raise LookupError("the user's own function")

    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant(tell=fail) as link:
            await lose_backup(stage)
            assert link.backup is None
            await asyncio.sleep(120.0)
            assert link.backup is not None
            await check_failover(stage, link)

    play(script)
    lost, again = (record for record in caplog.records if "tell failed" in record.message)
    assert "the backup was logged out" in lost.message
    assert "fault tolerant again" in again.message
    assert lost.exc_info is not None


def test_without_tell_the_log_has_it(caplog: pytest.LogCaptureFixture) -> None:
    async def script(stage: Stage) -> None:
        stage.ports[1] = EMPTY
        async with stage.fault_tolerant() as link:
            await trade(stage, link, "alone")

    with caplog.at_level(logging.WARNING, "gatepass.client"):
        play(script)
    assert "no fault tolerance: no connection" in caplog.text


def test_an_in_session_logon_is_counted_apart_from_the_backups_logon() -> None:
    """Each removes only its own attempt: neither hides that the other failed."""
    attempts = MemoryAttempts()

    async def body(stage: Stage, link: FaultTolerantLink, told: list[str]) -> None:
        guards = link.primary._guard, link.backup and link.backup._guard
        assert guards[0] is not guards[1]
        first, second = guards
        assert first is not None
        assert second is not None
        first.begin(stage.loop.clock())
        early = list(attempts._kept)
        await asyncio.sleep(1.0)
        second.begin(stage.loop.clock())
        second.succeeded()
        assert attempts._kept == early
        first.succeeded()
        assert attempts._kept == []

    stage = with_backup(body, attempts=attempts)
    assert BACKUP in {which for which, _, _ in stage.wires}
