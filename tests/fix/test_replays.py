"""An attacker without a key who sends the bytes of a captured Logon again gains nothing."""

from __future__ import annotations

import asyncio

import pytest

from gatepass._native import Framer
from gatepass.client import MemoryStore, connect
from gatepass.errors import NotLoggedOnError
from gatepass.fix.message import Message, encode
from gatepass.fix.stamps import moment_of_its_own
from gatepass.gateway import Event, Gateway, Kind
from gatepass.signing import ReplayMemory
from tests.client.test_fault_tolerance import CGW, JUMPING, NAME, RING, WEDNESDAY, Stage, play
from tests.faults.virtual import Pipe, VirtualLoop
from tests.rehearsal.test_alterations import US


class Replayer(asyncio.Protocol):
    """Sends captured bytes, and stores what it receives."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self._framer = Framer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, Pipe)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for wire in self._framer.feed(data):
            assert isinstance(wire, bytes)
            self.got.append(Message.parse(wire))

    def kinds(self) -> list[str]:
        return [message.msg_type for message in self.got]


async def replay(loop: VirtualLoop, port: int, wire: bytes) -> Replayer:
    """Send captured bytes to a port; let a second pass."""
    _, replayer = await loop.create_connection(Replayer, "127.0.0.1", port)
    replayer.transport.write(wire)
    await asyncio.sleep(1.0)
    return replayer


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("delay", [0.0, 3.9])
def test_an_admitted_logon_is_refused_at_every_port(which: int, delay: float) -> None:
    async def script(stage: Stage) -> None:
        async with stage.fault_tolerant() as link:
            logons = [m.wire for _, sent, m in stage.wires if sent and m.msg_type == "A"]
            await asyncio.sleep(delay)
            assert link.backup is not None
            link.backup.abort()
            await asyncio.sleep(0.1)
            replayer = await replay(stage.loop, stage.ports[which], logons[0])
            assert replayer.kinds() == ["5"]
            assert replayer.got[0].get(58) == "Invalid Logon. Logout Forced"
        refused = [report.detail for report in stage.said if report.what == Event.REFUSED]
        assert "replay: this very Logon was accepted before" in refused[0]

    play(script)


@pytest.mark.parametrize("kind", [CGW, JUMPING, Kind.parse("dropcopy")])
def test_a_replayer_after_a_failover_gets_no_fill_and_its_order_does_not_arrive(kind: Kind) -> None:
    async def script(stage: Stage) -> None:
        overheard: list[bytes] = []

        def trace(sent: bool, wire: bytes) -> None:
            if sent and not overheard:
                overheard.append(wire)

        async with connect(
            "127.0.0.1",
            stage.ports[0],
            US,
            RING,
            stage.store,
            clock=stage.loop.clock,
            trace=trace,
        ) as link:
            stage.gateway.fail_over(NAME)
            await link.closed
        replayer = await replay(stage.loop, stage.ports[1], overheard[0])
        assert replayer.kinds() == ["5"]
        with pytest.raises(NotLoggedOnError):
            stage.say("a fill")
        order = Message.parse(overheard[0])
        header = [(tag, order.get(tag) or "") for tag in (49, 50, 52, 56, 57, 142, 369)]
        replayer.transport.write(encode([(35, "D"), (34, "2"), *header, (58, "his order")]))
        await asyncio.sleep(1.0)
        assert "8" not in replayer.kinds()

    assert play(script, kind=kind).arrived == []


def test_a_refused_logon_is_refused_again_for_the_same_reason() -> None:
    async def script(stage: Stage) -> None:
        async with connect(
            "127.0.0.1", stage.ports[0], US, RING, stage.store, clock=stage.loop.clock
        ):
            overheard: list[bytes] = []

            def trace(sent: bool, wire: bytes) -> None:
                overheard.extend([wire] if sent else [])

            with pytest.raises(Exception, match="Invalid logon"):
                async with connect(
                    "127.0.0.1",
                    stage.ports[0],
                    US,
                    RING,
                    MemoryStore(),
                    clock=stage.loop.clock,
                    trace=trace,
                ):
                    pass
            await replay(stage.loop, stage.ports[0], overheard[0])
        refused = [report.detail for report in stage.said if report.what == Event.REFUSED]
        assert refused == ["the session is logged on already"] * 2

    play(script)


@pytest.mark.parametrize("shared", [True, False])
def test_gateways_that_share_a_memory_know_each_others_logons(shared: bool) -> None:
    async def script(stage: Stage) -> None:
        memory = ReplayMemory() if shared else None
        gateways = [Gateway(RING, CGW, clock=stage.loop.clock, replays=memory) for _ in range(2)]
        ports = [await gateway.listen("127.0.0.1", 0) for gateway in gateways]
        overheard: list[bytes] = []

        def trace(sent: bool, wire: bytes) -> None:
            overheard.extend([wire] if sent else [])

        where = ("127.0.0.1", ports[0], US, RING, stage.store)
        async with connect(*where, clock=stage.loop.clock, trace=trace):
            replayer = await replay(stage.loop, ports[1], overheard[0])
        assert replayer.kinds()[0] == ("5" if shared else "A")
        for gateway in gateways:
            await gateway.close()

    play(script)


def test_no_two_logons_of_a_session_have_the_same_time() -> None:
    moments = [moment_of_its_own("XYZ999U", WEDNESDAY) for _ in range(3)]
    moments += [moment_of_its_own("XYZ999N", WEDNESDAY)]
    assert len(set(moments)) == 4
    assert (max(moments) - WEDNESDAY).total_seconds() < 0.005
