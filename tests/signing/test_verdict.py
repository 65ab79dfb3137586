"""`LogonVerifier`: how each check fails, the order of the checks, and which are not done."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from gatepass import KeyRing, LogonVerifier, explain
from gatepass.fix import checks, format_sending_time
from gatepass.fix.right_signature import Signed
from gatepass.signing import Check, Outcome, Verdict
from tests import oracle
from tests.fix.samples import (
    AT,
    KEY_ID,
    KEYS,
    RAW,
    SECRET,
    SIBLING_ID,
    SIGNATURE,
    SIGNED,
    STRANGER_ID,
    STRANGER_SECRET,
    as_text,
    changed,
    signed_with,
    without,
)

CHECKS = (
    "message",
    "signed fields",
    "field values",
    "credentials",
    "session",
    "access key",
    "key validity",
    "sending time",
    "signature",
)
OUTCOMES = {"+": Outcome.PASSED, "-": Outcome.FAILED, ".": Outcome.NOT_CHECKED}
LATER = AT + timedelta(days=400)


@dataclass(frozen=True)
class Case:
    """A Logon, how its checks must end (``+`` passed, ``-`` failed, ``.`` not checked), and why."""

    logon: bytes
    outcomes: str
    says: dict[str, str] = field(default_factory=dict)
    at: datetime = AT
    keys: KeyRing = KEYS


def sign(raw: bytes, secret: str = SECRET, key_id: str = KEY_ID) -> bytes:
    return oracle.sign(secret, key_id, raw)


def sent_at(moment: datetime) -> bytes:
    return sign(changed(RAW, t52=format_sending_time(moment)))


WRONG = as_text(bytes([SIGNATURE[0] ^ 1]) + SIGNATURE[1:])

CASES = {
    "right": Case(
        SIGNED,
        "+++++++++",
        {
            "message": "one whole, intact Logon",
            "signed fields": "all 11",
            "session": "Session ID B08 has 2 key pairs",
            "access key": f"{KEY_ID} is a pair of B08",
            "key validity": "is active, expires 2018-06-23",
            "sending time": "0.000 s old",
            "signature": f"secret key of {KEY_ID}",
        },
    ),
    "no message": Case(b"x", "-........", {"message": "8=FIX"}),
    "no logon": Case(changed(SIGNED, t35="0"), "-........", {"message": "MsgType (35)"}),
    "369 missing": Case(
        without(SIGNED, "369"),
        "+-++++++.",
        {"signed fields": "LastMsgSeqNumProcessed (369) is missing: add it to the logon"},
    ),
    "50 not printable": Case(
        changed(SIGNED, t50="A\nB"), "+--+++++.", {"signed fields": "illegal byte 0x0A"}
    ),
    "49 missing": Case(without(SIGNED, "49"), "+--+...+.", {"signed fields": "SenderCompID (49)"}),
    "49 empty": Case(changed(SIGNED, t49=""), "+--+...+.", {"signed fields": "is empty"}),
    "52 missing": Case(without(SIGNED, "52"), "+--++++..", {"signed fields": "SendingTime (52)"}),
    "no credentials": Case(RAW, "+++-+..+.", {"credentials": "EncodedText (355) is missing"}),
    "355 missing": Case(
        without(SIGNED, "354", "355"), "+++-+..+.", {"credentials": "EncodedText (355) is missing"}
    ),
    "355 empty": Case(
        changed(SIGNED, t354="0", t355=""),
        "+++-+..+.",
        {"credentials": "EncodedText (355) is empty"},
    ),
    "1400 missing": Case(
        without(SIGNED, "1400"), "+++-++++.", {"credentials": "EncryptedPasswordMethod (1400)"}
    ),
    "1400 wrong": Case(
        changed(SIGNED, t1400="HMAC-SHA256"),
        "+++-++++.",
        {"credentials": "EncryptedPasswordMethod (1400) has an unexpected value: it must be CME-1"},
    ),
    "1402 missing": Case(
        without(SIGNED, "1401", "1402"),
        "+++-++++.",
        {"credentials": "EncryptedPassword (1402) is missing"},
    ),
    "1402 with padding": Case(
        signed_with(as_text(SIGNATURE) + "="),
        "+++-++++.",
        {"credentials": "must be 43 characters of base64url without padding"},
    ),
    "1402 in hexadecimal": Case(
        signed_with(SIGNATURE.hex()), "+++-++++.", {"credentials": "EncryptedPassword (1402)"}
    ),
    "1402 in standard base64": Case(
        signed_with(as_text(SIGNATURE).replace("-", "+")),
        "+++-++++.",
        {"credentials": "EncryptedPassword (1402)"},
    ),
    "1402 cut": Case(
        signed_with(as_text(SIGNATURE)[:22]), "+++-++++.", {"credentials": "43 characters"}
    ),
    "unknown session": Case(
        sign(changed(RAW, t49="QQQ123N")),
        "++++-..+.",
        {"session": "Session ID QQQ of SenderCompID (49) has no key pair here"},
    ),
    "no pairs at all": Case(SIGNED, "++++-..+.", {"session": "B08"}, keys=KeyRing([])),
    "unknown access key": Case(
        sign(RAW, key_id="mistyped"),
        "+++++-.+.",
        {"access key": "EncodedText (355) names no Access Key ID of session B08: mistyped, or"},
    ),
    "access key cut": Case(sign(RAW, key_id=KEY_ID[:-1]), "+++++-.+."),
    "access key too long": Case(sign(RAW, key_id=KEY_ID + "x"), "+++++-.+."),
    "access key in capitals": Case(sign(RAW, key_id=KEY_ID.upper()), "+++++-.+."),
    "access key of another session": Case(
        sign(RAW, STRANGER_SECRET, STRANGER_ID),
        "+++++-.+.",
        {"access key": "names an Access Key ID of session XYZ, not of B08"},
    ),
    "expired pair": Case(
        sent_at(LATER),
        "++++++-++",
        {"key validity": f"{KEY_ID} expired 2018-06-23: use the session's other pair, or make"},
        at=LATER,
    ),
    "pair not valid yet": Case(
        sent_at(AT - timedelta(days=2)),
        "++++++-++",
        {"key validity": f"{KEY_ID} is not valid before 2017-06-23"},
        at=AT - timedelta(days=2),
    ),
    "stale": Case(
        SIGNED,
        "+++++++-+",
        {"sending time": "5.001 s old, more than 5 s: check the clock"},
        at=AT + timedelta(seconds=5.001),
    ),
    "weeks late": Case(
        SIGNED,
        "+++++++-+",
        {"sending time": "SendingTime (52) is 20 days old, more than 5 s: check the clock"},
        at=AT + timedelta(days=20, hours=3),
    ),
    "from the future": Case(
        SIGNED,
        "+++++++-+",
        {"sending time": "in the future, more than 5 s: check the clock and that 52 is UTC"},
        at=AT - timedelta(seconds=5.001),
    ),
    "hours late": Case(
        SIGNED,
        "+++++++-+",
        {"sending time": "more than 5 s: is 52 in local time, 6:00 h behind UTC"},
        at=AT + timedelta(hours=6),
    ),
    "52 no time": Case(
        sign(changed(RAW, t52="2017-06-23T14:48:42.855Z")),
        "++-++++-+",
        {"sending time": "must look like YYYYMMDD-HH:MM:SS.sss, in UTC"},
    ),
    "52 impossible": Case(
        sign(changed(RAW, t52="20170631-14:48:42.855")), "++-++++-+", {"sending time": "not exist"}
    ),
    "wrong signature": Case(
        signed_with(WRONG),
        "++++++++-",
        {"signature": "EncryptedPassword (1402) is not the signature"},
    ),
    "field changed after signing": Case(
        changed(SIGNED, t34="2"), "++++++++-", {"signature": "not the signature of this Logon"}
    ),
    "sibling's name": Case(
        sign(RAW, SECRET, SIBLING_ID), "++++++++-", {"signature": "with this secret key"}
    ),
    "all at once": Case(
        changed(SIGNED, t34="2"),
        "++++++---",
        at=LATER,
    ),
    "all but the message": Case(
        changed(without(SIGNED, "369"), t1400="x", t49="QQQ123N"),
        "+-+--..-.",
        at=LATER,
    ),
}


def outcomes(verdict: Verdict) -> list[Outcome]:
    assert tuple(check.name for check in verdict.checks) == CHECKS == checks.CHECKS
    return [check.outcome for check in verdict.checks]


@pytest.mark.parametrize("name", CASES)
def test_a_verdict_has_every_check_with_its_outcome(name: str) -> None:
    case = CASES[name]
    verdict = LogonVerifier(case.keys).verify(case.logon, at=case.at)
    assert outcomes(verdict) == [OUTCOMES[mark] for mark in case.outcomes]
    assert verdict.valid is (case.outcomes == "+++++++++")
    details = {check.name: check.detail for check in verdict.checks}
    for check, says in case.says.items():
        assert says in details[check]
    for check in verdict.checks:
        assert bool(check.detail) is (check.outcome is not Outcome.NOT_CHECKED)
        assert check.detail.isprintable()
    assert verdict.failed == tuple(c for c in verdict.checks if c.outcome is Outcome.FAILED)


@pytest.mark.parametrize("name", CASES)
def test_a_verdict_and_its_explanation_are_true_only_for_a_good_logon(name: str) -> None:
    case = CASES[name]
    good = case.outcomes == "+++++++++"
    assert bool(LogonVerifier(case.keys).verify(case.logon, at=case.at)) is good
    assert bool(explain(case.logon, case.keys, at=case.at)) is good


@pytest.mark.parametrize("name", CASES)
def test_a_gateway_gets_the_signature_of_a_good_logon_and_the_verdict_of_any_other(
    name: str,
) -> None:
    case = CASES[name]
    verifier = LogonVerifier(case.keys)
    found = verifier.examine(case.logon, case.at)
    others = [mark for place, mark in enumerate(case.outcomes) if CHECKS[place] != "field values"]
    assert isinstance(found, Signed) is (set(others) == {"+"})
    if isinstance(found, Verdict):
        marks = (
            [*case.outcomes[:2], "+", *case.outcomes[3:]]
            if case.outcomes[0] == "+"
            else case.outcomes
        )
        assert outcomes(found) == [OUTCOMES[mark] for mark in marks]


@pytest.mark.parametrize("logon", [b"", b"garbage", b"8=FIX.4.2", b"\x00" * 99, SIGNED[:-1]])
def test_bytes_that_are_not_a_logon_give_a_false_verdict(logon: bytes) -> None:
    assert not LogonVerifier(KEYS).verify(logon)
    assert not explain(logon, KEYS)


def test_a_check_is_true_exactly_when_it_passed() -> None:
    assert [bool(Check("signature", outcome, "")) for outcome in Outcome] == [True, False, False]


@pytest.mark.parametrize("name", CASES)
def test_without_a_time_the_checks_of_time_are_not_done(name: str) -> None:
    case = CASES[name]
    verdict = LogonVerifier(case.keys).verify(case.logon, any_time=True)
    marks = case.outcomes[:6] + ".." + case.outcomes[8]
    assert outcomes(verdict) == [OUTCOMES[mark] for mark in marks]
    assert verdict.valid is (marks == "++++++..+")
    assert verdict == LogonVerifier(case.keys).verify(case.logon, at=case.at, any_time=True)


@pytest.mark.parametrize("name", CASES)
def test_a_verdict_is_plain_data(name: str) -> None:
    case = CASES[name]
    verdict = LogonVerifier(case.keys).verify(case.logon, at=case.at)
    plain = json.loads(json.dumps(verdict.as_dict()))
    assert plain["valid"] is verdict.valid
    assert [check["name"] for check in plain["checks"]] == list(CHECKS)
    assert [check["outcome"] for check in plain["checks"]] == [
        check.outcome.value for check in verdict.checks
    ]
    assert plain["access_key_id"] == verdict.access_key_id
    assert plain["sender_comp_id"] == verdict.sender_comp_id


def test_a_verdict_names_the_sender_and_its_access_key() -> None:
    verdict = LogonVerifier(KEYS).verify(SIGNED, at=AT)
    assert (verdict.sender_comp_id, verdict.access_key_id) == ("B08004N", KEY_ID)
    unknown = LogonVerifier(KEYS).verify(sign(RAW, key_id="nobodynobodynobody"), at=AT)
    # The name that was sent may be a secret in the wrong place.
    assert (unknown.sender_comp_id, unknown.access_key_id) == ("B08004N", None)
    assert "nobody" not in repr(unknown)
    empty = LogonVerifier(KEYS).verify(b"", at=AT)
    assert (empty.sender_comp_id, empty.access_key_id) == (None, None)


def test_control_characters_of_a_logon_are_not_shown() -> None:
    evil = "\x1b]0;owned\x07\r\n\x7f\x9b2J"
    for logon in (
        changed(SIGNED, t49=evil),
        changed(SIGNED, t49="B08" + evil),
        changed(SIGNED, t354=str(len(evil)), t355=evil),
        changed(SIGNED, t52=evil),
        changed(SIGNED, t1400=evil),
        signed_with(evil),
    ):
        verdict = LogonVerifier(KEYS).verify(logon, at=AT)
        assert not verdict.valid
        assert all(check.detail.isprintable() for check in verdict.checks)
        assert verdict.sender_comp_id is not None
        assert verdict.sender_comp_id.isprintable()


def test_nothing_but_the_signature_makes_a_verdict_valid() -> None:
    assert not Verdict(()).valid
    passed = [Check(name, Outcome.PASSED, "") for name in CHECKS]
    assert Verdict(tuple(passed)).valid
    assert not Verdict(tuple(passed[:-1])).valid
    assert not Verdict((*passed[:-1], Check("signature", Outcome.NOT_CHECKED, ""))).valid
    for index in range(len(CHECKS)):
        spoiled = list(passed)
        spoiled[index] = Check(CHECKS[index], Outcome.FAILED, "")
        assert not Verdict(tuple(spoiled)).valid
