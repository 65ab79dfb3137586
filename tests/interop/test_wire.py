"""Wireshark's FIX dissector reads complete conversations from the loopback interface."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gatepass import KeyRing
from gatepass.client import connect
from gatepass.errors import LogonRefusedError
from gatepass.fix.message import encode
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.gateway import Event, Gateway
from gatepass.session.store import MemoryStore
from tests.interop import engines
from tests.interop.capture import capturing, tshark, written
from tests.interop.rehearsal import CGW, NAME, Rehearsal, new_pair, until
from tests.interop.relay import CLIENT, GATEWAY, Relay

SETTINGS = ClientSettings(f"{NAME}N", "OPERATOR1", "G", "US,NY", "GATEPASS", "1.0", "TEST")

#: Malformed frames, expert warnings and errors in any layer, notes (such as a bad checksum) in FIX;
#: the end of a TCP connection is a separate note.
WARNING, NOTE = 6291456, 4194304
FAULTS = (
    f"_ws.malformed || _ws.expert.severity >= {WARNING}"
    f" || (fix && _ws.expert.severity >= {NOTE}) || fix.checksum_bad == 1"
)


@dataclass
class Captured:
    """A capture of the messages between a client and the relay in front of the gateway."""

    path: Path
    relay: Relay = field(default_factory=Relay)
    port: int = 0

    def sent(self, side: str) -> Counter[str]:
        """Return the types of the messages that a side sent on the captured connection."""
        wires = self.relay.passed + (self.relay.lost if side == CLIENT else [])
        return Counter(type_of(wire) for sender, wire in wires if sender == side)

    def seen(self, side: str) -> Counter[str]:
        """Return the same as the dissector read it."""
        ends = f"tcp.{'dstport' if side == CLIENT else 'srcport'} == {self.port}"
        fields = ("-Y", f"fix && {ends}", "-T", "fields", "-e", "fix.MsgType")
        # Several messages of one packet are on one line.
        return Counter(tshark(self.path, self.port, *fields).replace(",", "\n").split())


def type_of(wire: bytes) -> str:
    return wire.split(b"\x0135=")[1].split(b"\x01")[0].decode()


@asynccontextmanager
async def recording(captured: Captured, port: int) -> AsyncIterator[None]:
    """Capture until the last relayed message is in the file."""
    captured.port = port
    async with capturing(captured.path, port):
        yield
        await written(captured.path, captured.relay.passed[-1][1])


async def whole_conversation(captured: Captured) -> None:
    """Logon, messages, a gap both ways, a Reject, an in-session logon, Logout."""
    pair, relay = new_pair(), captured.relay
    ring = KeyRing([pair.key_pair()])
    gateway = Gateway(ring, CGW)
    async with (
        relay.listening(await gateway.listen("127.0.0.1", 0)) as port,
        recording(captured, port),
        connect("127.0.0.1", port, SETTINGS, ring, MemoryStore()) as link,
    ):
        await until(lambda: len(relay.messages(CLIENT, "0")) == 1)
        relay.lose(GATEWAY, lambda message: message.get("58") == "two")
        relay.lose(CLIENT, lambda message: message.get("11") == "two")
        for name in ("one", "two", "three"):
            link.send("D", [(11, name)])
        await until(lambda: len(relay.messages(CLIENT, "D")) == 3)
        for name in ("one", "two", "three"):
            gateway.send(NAME, "n", [(58, name)])
        messages = link.messages()
        for _ in range(3):
            await asyncio.wait_for(anext(messages), engines.PATIENCE)
        link.send("zz", [(58, "no such type")])
        await until(lambda: len(relay.messages(GATEWAY, "3")) == 1)
        await link.log_on(Scenario.IN_SESSION)
        await until(lambda: len(relay.messages(GATEWAY, "1")) == 2)
    await gateway.close()


async def refusal(captured: Captured) -> None:
    """A Logon with a wrong key, and the Logout that answers it."""
    pair, relay = new_pair(), captured.relay
    gateway = Gateway(KeyRing([pair.key_pair()]), CGW)
    wrong = KeyRing([replace(new_pair(), access_key_id=pair.access_key_id).key_pair()])
    async with (
        relay.listening(await gateway.listen("127.0.0.1", 0)) as port,
        recording(captured, port),
    ):
        with pytest.raises(LogonRefusedError):
            async with connect("127.0.0.1", port, SETTINGS, wrong, MemoryStore()):
                pass
    await gateway.close()


async def somebody_elses_engine(captured: Captured) -> None:
    """QuickFIX as the client: Logon, a gap both ways, an in-session logon, Logout."""
    rehearsal = Rehearsal(engines.quickfix, captured.path.parent, relay=captured.relay)
    relay = rehearsal.relay
    async with (
        rehearsal.gateway() as (gateway, port),
        recording(captured, port),
        rehearsal.client(port) as engine,
    ):
        await rehearsal.up(engine)
        relay.lose(GATEWAY, lambda message: message.get("58") == "two")
        relay.lose(CLIENT, lambda message: message.get("11") == "two")
        for name in ("one", "two", "three"):
            gateway.send(NAME, "n", [(58, name)])
            await engine.order(name)
        await engine.line("< ", "|43=Y|", "|58=two|")
        await until(lambda: rehearsal.count(Event.MESSAGE) == 3)
        await engine.order("in-session")
        await rehearsal.up(engine)
        assert await engine.log_out() == 0


#: The messages that each side sends at least.
TYPES = {
    whole_conversation: {CLIENT: "A 0 1 2 5 D zz", GATEWAY: "A 0 1 2 3 5 n"},
    refusal: {CLIENT: "A", GATEWAY: "5"},
    somebody_elses_engine: {CLIENT: "A 0 2 5 D", GATEWAY: "A 1 2 5 n"},
}


@pytest.mark.parametrize("conversation", TYPES)
def test_the_dissector_finds_no_error(
    conversation: Callable[[Captured], Awaitable[None]], tmp_path: Path
) -> None:
    captured = Captured(tmp_path / "conversation.pcapng")

    async def main() -> None:
        await conversation(captured)

    asyncio.run(main())
    assert tshark(captured.path, captured.port, "-Y", FAULTS) == ""
    for side, types in TYPES[conversation].items():
        assert captured.seen(side) == captured.sent(side)
        assert captured.seen(side).keys() >= set(types.split())


@pytest.mark.parametrize("damage", ["checksum", "tag"])
def test_the_dissector_would_find_an_error(damage: str, tmp_path: Path) -> None:
    good = encode([(35, "0"), (34, "1"), (49, "CME"), (56, "ABC123N")])
    bad = {
        "checksum": good[:-2] + bytes([good[-2] ^ 1]) + good[-1:],
        "tag": good.replace(b"\x0149=", b"\x01abc="),
    }[damage]
    path = tmp_path / "bad.pcapng"

    async def main() -> int:
        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        async with await asyncio.start_server(swallow, "127.0.0.1", 0) as server:
            port: int = server.sockets[0].getsockname()[1]
            async with capturing(path, port):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(bad)
                await written(path, bad)
                writer.close()
                await writer.wait_closed()
        return port

    assert tshark(path, asyncio.run(main()), "-Y", FAULTS) != ""


def test_without_the_right_to_capture_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "dumpcap"
    refusing.write_text('#!/bin/sh\necho "You do not have permission to capture" >&2; exit 1\n')
    refusing.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    async def main() -> None:
        async with capturing(tmp_path / "none.pcapng", 1):
            raise AssertionError("it captures")

    with pytest.raises(AssertionError, match=r"(?s)run these tests as root.*You do not have"):
        asyncio.run(main())
