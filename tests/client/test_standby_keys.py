"""Key pairs that are not available while the backup is reopened: nothing hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from gatepass.client import FaultTolerantLink, connect
from gatepass.errors import KeySourceError, NoConnectionError
from gatepass.fix.states import State
from gatepass.keys import KeyRing
from tests.client.test_fault_tolerance import RING, SETTINGS, Stage, play
from tests.client.test_standby import check_failover, lose_backup, trade
from tests.faults.virtual import Pipe


class Keys:
    """A user's own source: it may fail, or be slow."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked = 0

    @property
    def ring(self) -> KeyRing:
        self.asked += 1
        if self.error is not None:
            raise type(self.error)(*self.error.args)
        return RING


def with_keys(
    body: Callable[[Stage, FaultTolerantLink, Keys, list[str]], Coroutine[Any, Any, None]],
) -> None:
    async def script(stage: Stage) -> None:
        told: list[str] = []
        keys = Keys()
        primary, backup = stage.addresses
        where = (*primary, SETTINGS, keys, stage.store)
        clock = stage.loop.clock
        async with connect(*where, backup=backup, clock=clock, tell=told.append) as link:
            await body(stage, link, keys, told)
        await asyncio.sleep(1.0)
        assert open_at(stage, backup=False) == open_at(stage, backup=True) == 0
        await asyncio.sleep(600.0)  # until all reading is finished

    play(script)


def open_at(stage: Stage, *, backup: bool) -> int:
    """Count the connections that a gateway has, logged on or not."""
    pipes = [side._transport for side in stage.gateway.connections if side.backup is backup]
    return sum(isinstance(pipe, Pipe) and not pipe.is_closing() for pipe in pipes)


def read_for(stage: Stage, seconds: float) -> None:
    """Let each reading of the key pairs take so many seconds from now on."""
    at_once = stage.loop.run_in_executor

    def run(executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        done = stage.loop.create_future()

        def finish() -> None:
            result = at_once(executor, func, *args)
            if not done.done():
                done.set_result(result.result())

        stage.loop.call_later(seconds, finish)
        return done

    stage.loop.run_in_executor = run  # type: ignore[method-assign]


async def all_is_over(link: FaultTolerantLink) -> None:
    """Check that all that waits for the link continues, and that nothing is sent."""
    async for _ in link.messages():
        raise AssertionError("there is no message")
    with pytest.raises(NoConnectionError):
        await link.send("D", [(58, "late")])
    assert link.has_ended
    assert link.closed.done()


def test_a_primary_that_ends_while_the_backup_waits_for_its_keys_ends_the_link() -> None:
    async def body(stage: Stage, link: FaultTolerantLink, keys: Keys, told: list[str]) -> None:
        read_for(stage, 600.0)
        await lose_backup(stage)
        await asyncio.sleep(5.0)
        assert link.backup is not None
        assert link.backup.session.state is State.CONNECTED
        for side in list(stage.gateway.connections):
            if not side.backup:
                side.abort()
        await asyncio.wait_for(all_is_over(link), 1.0)

    with_keys(body)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeySourceError("the vault is shut"), "the vault is shut"),
        (ConnectionError("no answer to token=swordfish"), "their source raised ConnectionError"),
    ],
)
def test_keys_that_cannot_be_read_leave_no_connection_open_and_are_read_again(
    error: Exception, said: str
) -> None:
    async def body(stage: Stage, link: FaultTolerantLink, keys: Keys, told: list[str]) -> None:
        keys.error = error
        await lose_backup(stage)
        await asyncio.sleep(600.0)
        assert keys.asked > 5
        assert said in told[-1]
        assert "swordfish" not in told[-1]
        assert "the backup is tried again in" in told[-1]
        assert open_at(stage, backup=True) == 0
        assert link.backup is None
        await trade(stage, link, "alone")
        keys.error = None
        await asyncio.sleep(70.0)
        assert told[-1] == "the backup is logged on: the session is fault tolerant again"
        await check_failover(stage, link)

    with_keys(body)


def test_a_primary_that_ends_while_the_keys_cannot_be_read_ends_the_link() -> None:
    async def body(stage: Stage, link: FaultTolerantLink, keys: Keys, told: list[str]) -> None:
        keys.error = ConnectionError("the vault is down")
        await lose_backup(stage)
        await asyncio.sleep(3.0)
        link.primary.abort()
        await asyncio.wait_for(all_is_over(link), 1.0)

    with_keys(body)


def test_a_backup_that_is_cancelled_while_it_waits_for_its_keys_is_closed() -> None:
    async def script(stage: Stage) -> None:
        read = partial(read_for, stage, 600.0)
        primary, backup = stage.addresses

        async def stay() -> None:
            where = (*primary, SETTINGS, Keys(), stage.store)
            clock = stage.loop.clock
            async with connect(*where, backup=backup, clock=clock, tell=lambda _: None):
                read()
                await lose_backup(stage)
                await asyncio.sleep(3600.0)

        task = asyncio.create_task(stay())
        await asyncio.sleep(60.0)
        assert open_at(stage, backup=True) == 1
        task.cancel()
        await asyncio.wait([task], timeout=10.0)
        assert task.cancelled()
        await asyncio.sleep(0.1)
        assert open_at(stage, backup=False) == open_at(stage, backup=True) == 0
        await asyncio.sleep(600.0)

    play(script)


def test_keys_that_cannot_be_read_for_the_backups_first_logon_end_no_session() -> None:
    class Once(Keys):
        """Readable for the primary, but not for the backup a moment later."""

        @property
        def ring(self) -> KeyRing:
            self.error = KeySourceError("it is being replaced") if self.asked == 1 else None
            return super().ring

    async def script(stage: Stage) -> None:
        told: list[str] = []
        primary, backup = stage.addresses
        where = (*primary, SETTINGS, Once(), stage.store)
        clock = stage.loop.clock
        async with connect(*where, backup=backup, clock=clock, tell=told.append) as link:
            assert link.backup is None
            await trade(stage, link, "alone")
            await asyncio.sleep(5.0)
            assert link.backup is not None
            assert "it is being replaced" in told[0]
            await check_failover(stage, link)

    play(script)
