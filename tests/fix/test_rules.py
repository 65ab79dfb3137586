"""CME's tables of allowed values: verifier, explanation and gateway use the same rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass import LogonVerifier, explain
from gatepass._native import header_fault, logon_faults
from gatepass.errors import FramingError
from gatepass.fix.admission import Account, Admission, Admitted, Refused
from gatepass.fix.exchange import Finding
from gatepass.fix.message import Message
from gatepass.fix.rules import check_message
from gatepass.session.port import Port
from gatepass.session.store import MemoryStore
from gatepass.signing import Outcome
from tests import oracle
from tests.fix.samples import AT, KEYS, RAW, SECRET, SIGNED, body_of, load

RULES = load("logon_rules.json")
HEADER_TAGS = {"49", "50", "52", "56", "57", "142", "369"}
Change = dict[str, Any]


def logon(change: Change) -> bytes:
    """Change E1, then sign it, including fields that our signer leaves out."""
    fields = dict(body_of(RAW)) | {tag: value for tag, value in change.items() if tag != "8"}
    kept = [(tag, value) for tag, value in fields.items() if value is not None]
    return signed(kept, change.get("8", "FIX.4.2"))


def signed(fields: list[tuple[str, str]], begin: str = "FIX.4.2") -> bytes:
    credentials = body_of(SIGNED)[-5:-1]
    signature = ("1402", oracle.signature(SECRET, dict(fields)))
    return bytes(oracle.framed(begin, [*fields, *credentials, signature]))


def judged(message: bytes, *, live: str = "") -> Any:
    """Let a gateway of E1's MSGW segment judge it, at E1's time."""
    account = Account(MemoryStore(), Port())
    admission = Admission(LogonVerifier(KEYS), "92", lambda _name: account)
    return admission.judge(Message.parse(message), AT, live=live)


@pytest.mark.parametrize("case", RULES["bad"], ids=lambda case: str(case["set"])[:50])
def test_a_value_outside_the_tables_makes_a_logon_invalid_everywhere(case: Any) -> None:
    message = logon(case["set"])
    faults = logon_faults(message)
    assert [tag for tag, *_ in faults] == case["faults"]
    assert case["says"] in faults[0][3]
    for any_time in (False, True):
        for found in (
            LogonVerifier(KEYS).verify(message, at=AT, any_time=any_time),
            explain(message, KEYS, at=AT, any_time=any_time).verdict,
        ):
            assert not found.valid
            details = {check.name: check.detail for check in found.failed}
            assert case["says"] in details["field values"]
            assert details["field values"].isprintable()
    refused = judged(message, live="B08004P" if case["set"].get("141") == "Y" else "")
    assert not refused
    assert refused.reason == faults[0][3] or "57" in case["set"]


@pytest.mark.parametrize("case", RULES["good"], ids=lambda case: str(case["set"])[:50])
def test_a_value_within_the_tables_is_not_a_fault(case: Any) -> None:
    message = logon(case["set"])
    assert logon_faults(message) == []
    assert LogonVerifier(KEYS).verify(message, any_time=True).valid
    assert explain(message, KEYS, any_time=True)


def test_any_time_skips_only_the_age_of_52() -> None:
    late = AT + timedelta(hours=3)
    assert not LogonVerifier(KEYS).verify(SIGNED, at=late)
    assert LogonVerifier(KEYS).verify(SIGNED, at=late, any_time=True)


@pytest.mark.parametrize("tag", ["43", "56", "98", "122", "141"])
def test_a_repeated_tag_that_is_read_once_is_a_fault(tag: str) -> None:
    value = {"43": "N", "56": "CME", "98": "0", "122": "x", "141": "N"}[tag]
    fields = [*(one for one in body_of(RAW) if one[0] != tag), (tag, value), (tag, value)]
    message = signed(fields)
    assert (
        any(
            found[0] == int(tag) and "appears more than once" in found[3]
            for found in logon_faults(message)
        )
        or "occurs more than once" in LogonVerifier(KEYS).verify(message).failed[0].detail
    )
    assert not LogonVerifier(KEYS).verify(message, any_time=True)
    assert not judged(message)


def test_a_gateway_knows_its_own_57_and_whether_the_session_is_logged_on() -> None:
    assert logon_faults(SIGNED, "92") == []
    assert logon_faults(SIGNED, "64")[0][:3] == (
        57,
        "TargetSubId (57) tag has an incorrect value: (92), should be 64",
        False,
    )
    assert [tag for tag, *_ in logon_faults(SIGNED, logged_on=True)] == [141]
    assert [tag for tag, *_ in logon_faults(logon({"49": "B08004U"}), "92", "N")] == [49]


def test_every_header_is_checked_but_not_by_the_rules_for_logons() -> None:
    fields = [("35", "0"), *body_of(RAW)[1:], ("98", "0")]
    assert header_fault(oracle.framed("FIX.4.2", fields), "92") is None
    fault = header_fault(oracle.framed("FIX.4.4", fields))
    assert fault is not None
    assert fault[:3] == (8, "BeginString (8) tag has an incorrect value, should be FIX4.2", False)
    with pytest.raises(FramingError):
        header_fault(SIGNED[:-1])


@given(st.binary(max_size=60).filter(lambda value: b"\x01" not in value))
def test_no_value_puts_terminal_controls_into_a_reason(value: bytes) -> None:
    text = value.decode("latin-1")
    message = oracle.framed("FIX.4.2", [("35", "A"), ("56", text), ("57", text), ("141", text)])
    for _, _, _, reason in logon_faults(message):
        assert reason.isprintable()
        assert len(reason) < 400


def test_an_explanation_marks_the_wrong_signed_fields() -> None:
    explanation = explain(logon({"108": "61", "50": "A B", "98": "0"}), KEYS, at=AT)
    marked = {field.tag: field.problem for field in explanation.fields if field.problem}
    assert marked == {50: "not allowed", 108: "not allowed"}


def test_a_right_signature_does_not_hide_a_wrong_value() -> None:
    verdict = LogonVerifier(KEYS).verify(logon({"98": "0"}), at=AT)
    outcomes = {check.name: check.outcome for check in verdict.checks}
    assert outcomes["signature"] is Outcome.PASSED
    assert outcomes["field values"] is Outcome.FAILED


CHANGES = [case["set"] for case in RULES["good"] + RULES["bad"]]


@given(st.lists(st.sampled_from(CHANGES), max_size=4))
def test_verifier_and_gateway_agree_on_any_values(changes: list[Change]) -> None:
    change = {tag: value for one in changes for tag, value in one.items()}
    # What only the state of a session can tell is left out: its segment, numbers and role.
    if change.get("57") in ("G", "64") or change.get("141") == "Y":
        return
    if change.get("34") in ("2", "999999999", "0007"):
        return
    message = logon(change)
    verdict = LogonVerifier(KEYS).verify(message, at=AT)
    assert isinstance(judged(message), Admitted) is bool(verdict), (change, verdict.failed)


@pytest.mark.parametrize("case", RULES["good"], ids=lambda case: str(case["set"])[:50])
def test_a_gateway_admits_what_the_verifier_calls_valid(case: Any) -> None:
    # What only the state of a session can tell is left out: its segment, numbers and role.
    change = {tag: value for tag, value in case["set"].items() if tag not in ("57", "34", "52")}
    if change.get("141") == "Y":
        change.pop("141")
        change.pop("49", None)
    verdict = judged(logon(change))
    assert isinstance(verdict, Admitted), verdict
    assert not isinstance(verdict, Refused)


HEADER = [("34", "2"), *((tag, value) for tag, value in body_of(RAW) if tag in HEADER_TAGS)]


def checked(kind: str, *fields: tuple[str, str]) -> Finding | None:
    """Let a gateway check a message of a live session."""
    return check_message(
        Message.parse(oracle.framed("FIX.4.2", [("35", kind), *HEADER, *fields])), "92"
    )


def test_a_message_of_an_unknown_type_is_named_unless_it_may_be_a_secret() -> None:
    assert checked("ZZ") == Finding("UNKNOWN Message received. Message Type = (ZZ)", 35)
    for text in (SECRET, "AbCdEfGhIjKlMnOpQrStUvWx"):
        secret = checked(text)
        assert secret is not None
        assert text not in secret.text


def test_a_wrong_header_is_found_before_other_faults() -> None:
    message = Message.parse(oracle.framed("FIX.4.2", [("35", "0"), *HEADER, ("122", "x")]))
    found = check_message(message, "64")
    text = "TargetSubId (57) tag has an incorrect value: (92), should be 64"
    assert found == Finding(text, 57, logout=False)


def test_a_header_with_another_name_ends_the_session() -> None:
    header = [(tag, "B08004X" if tag == "49" else value) for tag, value in HEADER]
    found = check_message(Message.parse(oracle.framed("FIX.4.2", [("35", "0"), *header])), "92")
    text = "Received invalid fault tolerance indicator = (X) Logout forced."
    assert found == Finding(text, 49, logout=True)


@pytest.mark.parametrize("kind", ["0", "D", "2"])
def test_122_is_required_on_resent_messages_and_forbidden_on_new_ones(kind: str) -> None:
    again = [("43", "Y")]
    origin = [("122", "20170623-14:48:42.855")]
    required = None if kind == "2" else Finding("OrigSendingTime (122) tag is not present", 122)
    forbidden = "OrigSendingTime (122) tag must not be present on a new message"
    assert checked(kind) is None
    assert checked(kind, *again, *origin) is None
    assert checked(kind, *again) == required
    assert checked(kind, *origin) == Finding(forbidden, 122)
