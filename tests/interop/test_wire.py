"""Wireshark's FIX dissector reads whole conversations of client and gateway."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatepass import KeyRing
from gatepass.client import connect
from gatepass.errors import LogonRefusedError
from gatepass.gateway import Gateway, Kind
from gatepass.session.client import ClientSettings
from gatepass.session.message import encode
from gatepass.session.scenarios import Scenario
from gatepass.session.store import MemoryStore
from tests.interop.capture import GATEWAY_PORT, write_capture
from tests.interop.rehearsal import NAME, new_pair
from tests.interop.relay import CLIENT, GATEWAY, Relay

SETTINGS = ClientSettings(f"{NAME}N", "OPERATOR1", "G", "US,NY", "GATEPASS", "1.0", "TEST")

Passed = list[tuple[str, bytes]]


async def whole_conversation() -> Passed:
    """Logon, messages, a gap both ways, a Reject, an in-session logon, Logout."""
    pair, relay = new_pair(), Relay()
    ring = KeyRing([pair.key_pair()])
    gateway = Gateway(ring, Kind.parse("cgw"))
    listening = relay.listening(await gateway.listen("127.0.0.1", 0))
    async with listening as port, connect("127.0.0.1", port, SETTINGS, ring, MemoryStore()) as link:
        relay.lose(GATEWAY, lambda message: message.get("58") == "two")
        relay.lose(CLIENT, lambda message: message.get("11") == "two")
        for name in ("one", "two", "three"):
            link.send("D", [(11, name)])
        await asyncio.sleep(0.2)
        for name in ("one", "two", "three"):
            gateway.send(NAME, "n", [(58, name)])
        messages = link.messages()
        for _ in range(3):
            await asyncio.wait_for(anext(messages), 10)
        link.send("zz", [(58, "no such type")])
        await asyncio.sleep(0.2)
        await link.log_on(Scenario.IN_SESSION)
        await asyncio.sleep(0.2)
    await gateway.close()
    return relay.passed


async def refusal() -> Passed:
    pair, relay = new_pair(), Relay()
    gateway = Gateway(KeyRing([pair.key_pair()]), Kind.parse("cgw"))
    wrong = KeyRing([replace(new_pair(), access_key_id=pair.access_key_id).key_pair()])
    async with relay.listening(await gateway.listen("127.0.0.1", 0)) as port:
        with pytest.raises(LogonRefusedError):
            async with connect("127.0.0.1", port, SETTINGS, wrong, MemoryStore()):
                pass
    await gateway.close()
    return relay.passed


def tshark(path: Path, *options: str) -> str:
    port = f"tcp.port=={GATEWAY_PORT},fix"
    checks = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
    command = ["tshark", "-n", "-r", str(path), "-d", port, *checks, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


#: Malformed frames, expert warnings and errors in any layer, notes (such as a bad checksum) in FIX;
#: that a TCP connection ends is a note of its own.
WARNING, NOTE = 6291456, 4194304
FAULTS = (
    f"_ws.malformed || _ws.expert.severity >= {WARNING}"
    f" || (fix && _ws.expert.severity >= {NOTE}) || fix.checksum_bad == 1"
)


@pytest.mark.parametrize("conversation", [whole_conversation, refusal])
def test_the_dissector_finds_no_fault(conversation: Any, tmp_path: Path) -> None:
    passed = asyncio.run(conversation())
    path = tmp_path / "conversation.pcap"
    write_capture(path, [(side == CLIENT, message) for side, message in passed])
    assert tshark(path, "-Y", FAULTS) == ""
    types = tshark(path, "-Y", "fix", "-T", "fields", "-e", "fix.MsgType").split()
    sent = [message.split(b"\x0135=")[1].split(b"\x01")[0].decode() for _, message in passed]
    assert types == sent


def test_the_conversation_has_every_kind_of_message() -> None:
    passed = asyncio.run(whole_conversation())
    for side, types in {CLIENT: "A 0 1 2 5 D zz", GATEWAY: "A 0 1 2 3 5 n"}.items():
        sent = {m.split(b"\x0135=")[1].split(b"\x01")[0].decode() for s, m in passed if s == side}
        assert sent >= set(types.split())


@pytest.mark.parametrize("damage", ["checksum", "tag"])
def test_it_would_have_found_a_fault(damage: str, tmp_path: Path) -> None:
    good = encode([(35, "0"), (34, "1"), (49, "CME"), (56, "ABC123N")])
    bad = {
        "checksum": good[:-2] + bytes([good[-2] ^ 1]) + good[-1:],
        "tag": good.replace(b"\x0149=", b"\x01abc="),
    }[damage]
    path = tmp_path / "bad.pcap"
    write_capture(path, [(True, bad)])
    assert tshark(path, "-Y", FAULTS) != ""
