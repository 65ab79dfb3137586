"""A gateway reports each logon, refusal, Reject and answered Resend Request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.client import connect
from gatepass.errors import LogonRefusedError
from gatepass.fix import LogonVerifier
from gatepass.fix.admission import Account, Admission, Admitted, Refused
from gatepass.fix.answer import Answer
from gatepass.fix.message import Message, encode
from gatepass.fix.week import Scenario
from gatepass.gateway import Gateway, Kind, Report
from gatepass.gateway.connection import GatewayConnection
from gatepass.keys import KeyRing
from gatepass.rehearsal.alterations import Alterations
from gatepass.session.port import Port
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore
from tests.faults.test_injection import RING, SETTINGS, WEDNESDAY
from tests.faults.virtual import VirtualLoop, run_at
from tests.gateway.test_transports import Foreign

START = datetime(2026, 1, 26, 15, 0, tzinfo=UTC)
LOGON = {34: "1", 49: "ABC123N", 50: "OP", 52: "20260126-15:00:00.000", 56: "CME"}
LOGON |= {57: "G", 142: "US", 369: "0", 108: "30"}


@pytest.mark.parametrize(
    ("tag", "value", "reason"),
    [
        (122, "20260126-15:00:00.000", "OrigSendingTime (122) is on the Logon"),
        (95, "3\x0196=old", "RawDataLength (95) is on the Logon: it is the old password"),
        (98, "0", "EncryptMethod (98) must not be on the Logon"),
        (141, "y", "ResetSeqNumFlag (141) is y: it must be Y or N"),
        (57, "92", "TargetSubID (57) is 92: it must be G"),
    ],
)
def test_a_refusal_gives_the_reason_that_the_client_does_not_get(
    tag: int, value: str, reason: str
) -> None:
    fields = [(35, "A"), *(LOGON | {tag: value}).items()]
    account = Account(MemoryStore(), Port())
    admission = Admission(LogonVerifier(KeyRing([])), "G", lambda _name: account)
    verdict = admission.judge(Message.parse(encode(fields)), START)
    assert verdict.reason.startswith(reason)  # type: ignore[union-attr]
    if isinstance(verdict, Refused):
        assert verdict.text == "Invalid logon. Logout forced."


def rehearse(
    script: Callable[[Gateway, Callable[[], Any]], Coroutine[Any, Any, None]],
) -> list[str]:
    """Run a script with a gateway and a client; return the reports."""
    said: list[Report] = []
    store = MemoryStore()

    async def main(loop: VirtualLoop) -> None:
        gateway = Gateway(RING, Kind.parse("cgw"), report=said.append, clock=loop.clock)
        port = await gateway.listen("127.0.0.1", 0)

        def link() -> Any:
            return connect("127.0.0.1", port, SETTINGS, RING, store, clock=loop.clock)

        await script(gateway, link)

    run_at(WEDNESDAY, main)
    return [f"{report.what}: {report.detail}" for report in said]


def test_each_logon_is_reported_with_its_scenario() -> None:
    async def script(_: Gateway, link: Callable[[], Any]) -> None:
        async with link():
            await asyncio.sleep(1)
        async with link() as live:
            await asyncio.sleep(1)
            await live.log_on(Scenario.IN_SESSION)

    told = [line for line in rehearse(script) if line.startswith("logged on")]
    pair = f"as N, key pair {next(iter(RING)).access_key_id}"
    assert told == [
        f"logged on: beginning-of-week: 34=1 {pair}",
        f"logged on: mid-week: 34=4 {pair}",
        f"logged on: in-session: 34=1 {pair}",
    ]


def test_a_backup_logon_is_reported_as_one() -> None:
    account = Account(MemoryStore(), Port(), primary_on=True)
    pair = next(iter(RING))
    logon = encode([(35, "A"), *(LOGON | {49: "ABC123U", 1603: "S", 1604: "1", 1605: "V"}).items()])
    signed = pair.signing_key.sign_logon(pair.access_key_id, logon)
    admission = Admission(LogonVerifier(RING), "G", lambda _name: account)
    verdict = admission.judge(Message.parse(signed), START, backup=True)
    assert isinstance(verdict, Admitted)
    assert (verdict.scenario, verdict.role) == ("on the backup", Role.BACKUP)


def test_an_answered_resend_request_is_one_report() -> None:
    """Also for an answer in many pages; it counts the messages and the gap fills."""

    async def script(gateway: Gateway, link: Callable[[], Any]) -> None:
        async with link() as live:
            await asyncio.sleep(1)
            for number in range(120):
                gateway.send("ABC123", "n", [(58, str(number))])
                if number == 70:
                    await asyncio.sleep(31)  # a Heartbeat in between
            await asyncio.sleep(1)
            live.session._send("2", [(7, "1"), (16, "0")], WEDNESDAY)
            live.perform()
            await asyncio.sleep(1)

    told = [line for line in rehearse(script) if line.startswith("resent")]
    assert len(told) == 1
    assert "120 sent again" in told[0]


def test_a_rejected_message_is_reported_with_its_number_tag_and_text() -> None:
    async def script(_: Gateway, link: Callable[[], Any]) -> None:
        async with link() as live:
            await asyncio.sleep(1)
            for msg_type, fields in (
                ("zz", []),
                ("0", [(43, "Y")]),
                ("2", [(7, "99"), (16, "0")]),
                ("2", [(7, "1"), (16, "9999")]),
            ):
                live.session._send(msg_type, fields, WEDNESDAY)
                live.perform()
            await asyncio.sleep(1)
            with suppress(LogonRefusedError):
                live.session.writer = Alterations(((142, None),))
                await live.log_on(Scenario.IN_SESSION)

    said = rehearse(script)
    told = [line for line in said if line.startswith("rejected")]
    assert [line[: line.index(":", 10)] for line in told] == [
        "rejected: 35=zz 34=3",
        "rejected: 35=0 34=4",
        "rejected: 35=2 34=5",
        "rejected: 35=2 34=6",
    ]
    assert [line.split(": ")[2] for line in told] == ["tag 35", "tag 122", "tag 7", "tag 16"]
    assert told[3].endswith("Range of messages to resend is greater than maximum allowed")
    # A rejected Logon is reported once, with the reason.
    assert [line for line in said if "142" in line] == [
        "refused: SenderLocationID (142) is missing or blank"
    ]


@given(st.sets(st.integers(1, 30)), st.integers(1, 30), st.integers(0, 29))
def test_an_answer_counts_its_messages_and_gaps(kept: set[int], begin: int, more: int) -> None:
    end = begin + more
    answer = Answer(begin, end)
    wires: list[bytes] = []
    at = begin
    for number in [*sorted(n for n in kept if begin <= n <= end), end + 1]:
        if number > at:
            wires.append(encode([(35, "4"), (34, str(at)), (43, "Y"), (36, str(number))]))
        if number <= end:
            wires.append(encode([(35, "n"), (34, str(number)), (43, "Y")]))
        at = number + 1
    assert not answer.count(encode([(35, "n"), (34, str(end))]))  # a live one
    assert [answer.count(wire) for wire in wires] == [False] * (len(wires) - 1) + [True]
    assert answer.messages + answer.gaps == len(wires)
    assert answer.messages == len([n for n in kept if begin <= n <= end])


def test_a_client_that_uses_tls_on_a_port_without_tls_is_reported() -> None:
    async def script(gateway: Gateway, _: Callable[[], Any]) -> None:
        connection = GatewayConnection(gateway, backup=False)
        connection.connection_made(Foreign())  # type: ignore[arg-type]
        connection.data_received(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        connection.abort()
        connection.connection_lost(None)

    assert "garbled: the client speaks TLS, and this gateway listens without it" in rehearse(script)
