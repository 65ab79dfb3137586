"""Which numbers a refusal has, and whether it is kept. The rest is in tests/scenarios."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from gatepass.gateway.admission import Account, Admission, Refused
from gatepass.gateway.port import Port
from gatepass.gateway.rules import header_rules
from gatepass.keys import KeyRing
from gatepass.session.message import Message, encode
from gatepass.session.numbers import Numbers
from gatepass.session.scenarios import trading_week
from gatepass.session.store import MemoryStore
from gatepass.signing import LogonVerifier

START = datetime(2026, 1, 26, 15, 0, tzinfo=timezone.utc)
WEEK = trading_week(START)
NOT_A_LOGON = Message.parse(encode([(35, "0"), (34, "9"), (49, "ABC123U")]))


@pytest.mark.parametrize(
    ("kept", "primary_on", "backup", "numbers", "counted"),
    [
        (Numbers(30, 20, WEEK, True), False, False, (30, 20), True),
        # Before the week has begun nothing is kept: whoever makes names up fills no store.
        (Numbers(), False, False, (1, 1), False),
        (Numbers(30, 20, "2026-01-18", True), False, False, (1, 1), False),
        (Numbers(30, 20, WEEK, True), True, False, (1, 20), False),
        (Numbers(30, 20, WEEK, True), True, True, (1, 9), False),
        (Numbers(30, 20, WEEK, True), False, True, (1, 9), False),
    ],
)
def test_the_numbers_of_a_refusal(
    kept: Numbers, primary_on: bool, backup: bool, numbers: tuple[int, int], counted: bool
) -> None:
    account = Account(MemoryStore(), Port(), primary_on=primary_on)
    account.store.save(kept)
    admission = Admission(LogonVerifier(KeyRing([])), header_rules("G"), lambda _name: account)
    for _ in range(6):  # the port closes at the fifth, and is closed at the sixth
        verdict = admission.judge(NOT_A_LOGON, START, backup=backup)
        assert isinstance(verdict, Refused)
        assert verdict.numbers is not None
        assert (verdict.numbers.next_out, verdict.numbers.next_in) == numbers
        assert verdict.counted is counted


def test_a_refusal_on_a_live_connection_has_its_numbers() -> None:
    account = Account(MemoryStore(), Port(), primary_on=True)
    admission = Admission(LogonVerifier(KeyRing([])), header_rules("G"), lambda _name: account)
    verdict = admission.judge(NOT_A_LOGON, START, live="ABC123P")
    assert isinstance(verdict, Refused)
    assert verdict.numbers is None
    assert not verdict.counted
