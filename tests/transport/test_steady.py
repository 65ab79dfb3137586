"""Connections measure waits by the loop's clock: setting the wall clock changes none of them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from gatepass.client import MemoryStore, connect
from gatepass.fix.message import Message
from gatepass.gateway import Gateway, Kind, Report
from tests.client.test_fault_tolerance import RING, WEDNESDAY
from tests.faults.virtual import Pipe, VirtualLoop, run_at
from tests.rehearsal.test_alterations import US


class Wall:
    """A wall clock that can be set."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.off = timedelta()

    def __call__(self) -> datetime:
        return self._loop.clock() + self.off


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
@pytest.mark.parametrize("cut", [False, True])
def test_setting_the_wall_clock_does_not_silence_a_session_or_hide_its_end(
    hours: int, cut: bool
) -> None:
    said: list[Report] = []
    sent: list[str] = []

    async def main(loop: VirtualLoop) -> None:
        wall = Wall(loop)
        gateway = Gateway(RING, Kind.parse("cgw"), clock=wall, report=said.append)
        port = await gateway.listen("127.0.0.1", 0)

        def trace(is_sent: bool, wire: bytes) -> None:
            if is_sent:
                sent.append(Message.parse(wire).msg_type)

        async with connect(
            "127.0.0.1", port, US, RING, MemoryStore(), clock=wall, trace=trace
        ) as link:
            await asyncio.sleep(1.0)
            wall.off = timedelta(hours=hours)
            if cut:
                pipe = link._transport
                assert isinstance(pipe, Pipe)
                pipe.write = pipe.peer.write = lambda _data: None  # type: ignore[method-assign]
            await asyncio.sleep(100.0)
            assert link.has_ended is cut
        if cut:
            assert "no answer to a Test Request" in str(link.ending)
            assert gateway.find("ABC123") is None
        else:
            assert sent.count("0") in (4, 5)  # the Test Request's answer, and one per half minute
            assert "1" not in sent
        await gateway.close()

    run_at(WEDNESDAY, main)


def test_a_client_without_a_logon_is_disconnected_after_a_minute_by_any_wall_clock() -> None:
    async def main(loop: VirtualLoop) -> None:
        wall = Wall(loop)
        gateway = Gateway(RING, Kind.parse("cgw"), clock=wall)
        port = await gateway.listen("127.0.0.1", 0)
        await loop.create_connection(asyncio.Protocol, "127.0.0.1", port)
        await asyncio.sleep(30.0)
        assert len(gateway.connections) == 1
        wall.off = timedelta(hours=-1)
        await asyncio.sleep(31.0)
        assert not gateway.connections

    run_at(WEDNESDAY, main)


@pytest.mark.parametrize("hours", [-1, 1])
def test_setting_the_wall_clock_forgets_no_invalid_logon(hours: int) -> None:
    async def main(loop: VirtualLoop) -> None:
        wall = Wall(loop)
        gateway = Gateway(RING, Kind.parse("cgw"), clock=wall)
        await gateway.listen("127.0.0.1", 0)
        port = gateway.account("ABC123").port
        for second in range(4):
            assert not port.count_invalid(wall(), loop.time() + second)
        wall.off = timedelta(hours=hours)
        assert port.count_invalid(wall(), loop.time() + 60.0)
        assert port.closed

    run_at(WEDNESDAY, main)
