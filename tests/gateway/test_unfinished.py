"""An incomplete message that never gets an answer is reported."""

from __future__ import annotations

import asyncio
import re

import pytest

from gatepass._native import Framer
from gatepass.fix.exchange import LOGON_TIMEOUT
from gatepass.gateway import Event
from gatepass.gateway.faults import FaultPlan
from tests.gateway.peers import Stage, play


def altered(logon: bytes, kind: str) -> bytes:
    """Change a Logon so that a framer waits for more bytes."""
    match = re.search(rb"\x019=(\d+)\x01", logon)
    assert match is not None
    length = int(match[1])
    return {
        "a BodyLength that is one too large": logon.replace(
            match[0], b"\x019=%d\x01" % (length + 1)
        ),
        "a BodyLength that is far too large": logon.replace(match[0], b"\x019=9999\x01"),
        "a CheckSum of two digits": logon[:-4] + b"1\x01",
        "no CheckSum": logon[:-7],
        "no last SOH": logon[:-1],
        "half of it": logon[:100],
    }[kind]


SAID = {
    "a BodyLength that is one too large": r"BodyLength \(9\) is (\d+), but must be (\d+)",
    "a BodyLength that is far too large": r"BodyLength \(9\) is 9999, but must be (\d+)",
    "a CheckSum of two digits": r"CheckSum \(10\) must have 3 digits",
    "no CheckSum": r"give the 7 missing bytes",
    "no last SOH": r"give the 1 missing byte",
    "half of it": r"give the \d+ missing bytes",
}
BEGIN = {
    "the timeout": ("close", "no Logon within 60 seconds"),
    "the client": ("lost", "connection lost without a Logon"),
}
FAULTS = pytest.mark.parametrize("faults", [None, FaultPlan(())], ids=["", "with a fault plan"])


@FAULTS
@pytest.mark.parametrize("ends", ["the timeout", "the client"])
@pytest.mark.parametrize("kind", SAID)
def test_an_incomplete_logon_is_reported_when_the_connection_ends(
    kind: str, ends: str, faults: FaultPlan | None
) -> None:
    count = 0

    async def script(stage: Stage) -> None:
        nonlocal count
        wire = altered(stage.logon(), kind)
        count = len(wire)
        peer = await stage.peer(wire)
        assert stage.said == []
        if ends == "the client":
            peer.transport.abort()
        await asyncio.sleep(LOGON_TIMEOUT.total_seconds())
        assert peer.ended

    what, begin = BEGIN[ends]
    (said,) = play(script, faults=faults).told(what)
    assert said.startswith(f"{begin}; received {count} bytes, not a whole message: ")
    assert re.search(SAID[kind], said)


@FAULTS
def test_an_incomplete_message_is_reported_when_the_session_ends(
    faults: FaultPlan | None,
) -> None:
    async def script(stage: Stage) -> None:
        peer = await stage.peer(stage.logon())
        await peer.send(altered(stage.message("1", t34="2", t112="T"), "no CheckSum"))
        await asyncio.sleep(120)
        assert peer.ended

    (said,) = play(script, faults=faults).told(Event.CLOSE)
    assert said.startswith("no answer to a Test Request within the heartbeat interval; ")
    assert "not a whole message" in said


def test_a_check_sum_of_two_digits_before_another_message_is_reported() -> None:
    async def script(stage: Stage) -> None:
        cut = altered(stage.logon(), "a CheckSum of two digits")
        peer = await stage.peer(cut, stage.logon(t108="31"))
        assert peer.kinds == ["A", "1"]

    assert play(script).told(Event.GARBLED) == ["CheckSum (10) must have 3 digits, such as 007"]


@pytest.mark.parametrize("separator", [b"|", b"^A"])
def test_a_wrong_separator_between_fields_is_reported(separator: bytes) -> None:
    async def script(stage: Stage) -> None:
        await stage.peer(stage.logon().replace(b"\x01", separator))

    said = play(script).told(Event.GARBLED)
    assert f"separated by '{separator.decode()}', not by SOH (0x01)" in said[0]


def test_without_incomplete_bytes_only_the_timeout_is_reported() -> None:
    async def script(stage: Stage) -> None:
        await stage.peer()
        await stage.peer(b"GET / HTTP/1.1\r\n")
        await asyncio.sleep(LOGON_TIMEOUT.total_seconds())

    assert play(script).told(Event.CLOSE) == ["no Logon within 60 seconds"] * 2
    assert Framer().unfinished is None
