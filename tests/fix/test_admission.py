"""Which numbers a refusal has, and whether it is stored. The rest is in tests/scenarios."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatepass.fix import LogonVerifier
from gatepass.fix.admission import Account, Admission, Refused
from gatepass.fix.message import Message, encode
from gatepass.fix.week import Week, numbers_of, trading_week
from gatepass.keys import KeyRing
from gatepass.session.numbers import Numbers
from gatepass.session.port import CLOSED_TEXT, Port
from gatepass.session.store import MemoryStore

START = datetime(2026, 1, 26, 15, 0, tzinfo=UTC)
WEEK = trading_week(START)
NOT_A_LOGON = Message.parse(encode([(35, "0"), (34, "9"), (49, "ABC123U")]))


@pytest.mark.parametrize(
    ("kept", "primary_on", "backup", "numbers", "counted"),
    [
        (numbers_of(Week(WEEK, begun=True), 30, 20), False, False, (30, 20), True),
        # Before the week begins nothing is stored: invented names fill no store.
        (Numbers(), False, False, (1, 1), False),
        (numbers_of(Week("2026-01-18", begun=True), 30, 20), False, False, (1, 1), False),
        (numbers_of(Week(WEEK, begun=True), 30, 20), True, False, (1, 20), False),
        (numbers_of(Week(WEEK, begun=True), 30, 20), True, True, (1, 9), False),
        (numbers_of(Week(WEEK, begun=True), 30, 20), False, True, (1, 9), False),
    ],
)
def test_the_numbers_of_a_refusal(
    kept: Numbers, primary_on: bool, backup: bool, numbers: tuple[int, int], counted: bool
) -> None:
    account = Account(MemoryStore(), Port(), primary_on=primary_on)
    account.store.save(kept)
    admission = Admission(LogonVerifier(KeyRing([])), "G", lambda _name: account)
    for nth in range(1, 7):  # the port closes at the fifth, and is closed at the sixth
        verdict = admission.judge(NOT_A_LOGON, START, backup=backup)
        assert isinstance(verdict, Refused)
        assert not verdict
        assert verdict.numbers is not None
        assert (verdict.numbers.next_out, verdict.numbers.next_in) == numbers
        assert verdict.counted is counted
        assert verdict.port_closed is (nth >= 5)
        assert verdict.was_judged is (nth < 6)


def test_a_secret_key_instead_of_a_message_type_is_not_in_the_reason() -> None:
    account = Account(MemoryStore(), Port())
    admission = Admission(LogonVerifier(KeyRing([])), "G", lambda _name: account)
    # In a sentence it would pass for a word.
    letters = "abcdefghijklmnopqrstuvwxyz"
    verdict = admission.judge(Message.parse(encode([(35, letters), (49, "ABC123U")])), START)
    assert isinstance(verdict, Refused)
    assert verdict.reason == "message type *** instead of a Logon"


def test_a_backups_refusal_of_what_has_no_number_begins_at_1() -> None:
    account = Account(MemoryStore(), Port(), primary_on=True)
    admission = Admission(LogonVerifier(KeyRing([])), "G", lambda _name: account)
    numberless = Message.parse(encode([(35, "0"), (49, "ABC123U")]))
    verdict = admission.judge(numberless, START, backup=True)
    assert isinstance(verdict, Refused)
    assert verdict.numbers is not None
    assert (verdict.numbers.next_out, verdict.numbers.next_in) == (1, 1)


def test_a_refusal_on_a_live_connection_has_its_numbers() -> None:
    account = Account(MemoryStore(), Port(), primary_on=True)
    admission = Admission(LogonVerifier(KeyRing([])), "G", lambda _name: account)
    verdict = admission.judge(NOT_A_LOGON, START, live="ABC123P")
    assert isinstance(verdict, Refused)
    assert verdict.text == "Non logon message received while not logged on."
    assert verdict.reason == "message type 0 instead of a Logon"
    assert verdict.numbers is None
    assert not verdict.counted


@pytest.mark.parametrize("sender", [[], [(49, "U")]])
@pytest.mark.parametrize("msg_type", ["A", "0"])
def test_a_message_that_names_no_session_closes_no_port(
    msg_type: str, sender: list[tuple[int, str]]
) -> None:
    accounts: dict[str, Account] = {}

    def account_of(name: str) -> Account:
        return accounts.setdefault(name, Account(MemoryStore(), Port()))

    admission = Admission(LogonVerifier(KeyRing([])), "G", account_of)
    nameless = Message.parse(encode([(35, msg_type), (34, "1"), *sender]))
    said = {admission.judge(nameless, START).text for _ in range(9)}  # type: ignore[union-attr]
    assert len(said) == 1
    assert CLOSED_TEXT not in said
    assert accounts == {}


def test_a_logon_without_a_name_counts_for_the_logged_on_session() -> None:
    account = Account(MemoryStore(), Port(), primary_on=True)
    admission = Admission(LogonVerifier(KeyRing([])), "G", lambda _name: account)
    nameless = Message.parse(encode([(35, "A"), (34, "1")]))
    for _ in range(5):
        admission.judge(nameless, START, live="ABC123P")
    assert account.port.closed
