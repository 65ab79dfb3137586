"""What an operator learns about a refused Logon: the mistake, and the Logon without secrets."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass._native import Logon, SigningKey, encode_signature, scan
from gatepass.fix import complete_draft, explain
from gatepass.fix.explain import UNTRIED
from gatepass.fix.logged_logon import written
from gatepass.fix.message import Message
from gatepass.fix.refusals import KEY_SENT, NO_MISTAKE, Budget, Refusals
from gatepass.gateway import Event, Report
from gatepass.keys import FixedKeys, KeyRing
from tests.cli.samples import (
    ACCESS_KEY_ID,
    OTHER_SECRET,
    SECRET,
    SIGNATURE,
    SIGNED,
    pair,
    rewritten,
    signed_over,
)

RING = KeyRing([pair().key_pair(diagnosis=True)])
CANONICAL = Logon(SIGNED.replace("|", "\x01").encode()).canonical.decode()


def message(text: str) -> Message:
    return Message.parse(text.replace("|", "\x01").encode("latin-1"))


class Fixed:
    """A key source whose ring never changes."""

    ring = RING


MISTAKES = {
    CANONICAL + "\n": "cause: the canonical string was built with a line feed after the last value",
    CANONICAL.replace("\n", "|"): "cause: the canonical string was built with | between the values",
    "something else": NO_MISTAKE,
}


@pytest.mark.parametrize("signed", MISTAKES)
def test_the_line_of_a_refusal_names_the_mistake_in_signing(signed: str) -> None:
    refusal = Refusals(Fixed()).explain(message(signed_over(signed)), "signature: it is wrong")
    assert refusal.detail == f"signature: it is wrong; {MISTAKES[signed]}"


def test_with_ordinary_pairs_the_line_says_what_was_not_tried() -> None:
    keys = FixedKeys(KeyRing([pair().key_pair()]))
    refusal = Refusals(keys).explain(message(signed_over("something else")), "signature: wrong")
    assert refusal.detail == f"signature: wrong; {NO_MISTAKE}; {UNTRIED}"
    for signed in MISTAKES:
        if MISTAKES[signed] != NO_MISTAKE:
            refusal = Refusals(keys).explain(message(signed_over(signed)), "signature: wrong")
            assert refusal.detail == f"signature: wrong; {MISTAKES[signed]}"


def test_a_refusal_for_another_reason_is_reported_unchanged() -> None:
    refusal = Refusals(Fixed()).explain(message(SIGNED), "the port is closed")
    assert refusal.detail == "the port is closed"
    assert refusal.logon == SIGNED


def test_a_message_instead_of_a_logon_is_not_examined() -> None:
    heartbeat = complete_draft(b"8=FIX.4.2|35=0|34=1|49=B08004N|50=OP|56=CME|57=G|")
    refusal = Refusals(Fixed()).explain(Message.parse(heartbeat), "message type 0")
    assert (refusal.detail, refusal.logon) == ("message type 0", "")


@pytest.mark.parametrize("text", [SIGNED, *(signed_over(signed) for signed in MISTAKES)])
def test_explain_finds_the_same_in_the_logged_logon(text: str) -> None:
    kept = Refusals(Fixed()).explain(message(text), "refused").logon
    again = explain(kept.replace("|", "\x01").encode("latin-1"), RING, any_time=True)
    assert again == explain(text.replace("|", "\x01").encode(), RING, any_time=True)


def test_a_value_with_a_pipe_is_kept() -> None:
    text = rewritten(SIGNED, {"|1603=BRIO|": "|1603=A#B|"}).replace("|", "\x01").replace("#", "|")
    wire = complete_draft(text.encode())
    assert written(Message.parse(wire), []).encode() == wire


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


RAW_SECRET = base64.urlsafe_b64decode(f"{SECRET}=")
#: A client's secret key in a wrong place, in every form that a client may have.
FORMS = [
    SECRET,
    f"{SECRET}=",
    RAW_SECRET.hex(),
    RAW_SECRET.hex().upper(),
    base64.b64encode(RAW_SECRET).decode(),
    f"key:{SECRET}",
]
PLACES = {
    "the signature": {SIGNATURE: "{}", "|1401=43|": "|1401={length}|"},
    "EncodedText": {f"354=20|355={ACCESS_KEY_ID}": "354={length}|355={}"},
    "a signed field": {"|1603=BRIO|": "|1603={}|"},
    "the old password": {"|34=1|": "|95={length}|96={}|34=1|"},
    "an unknown field": {"|34=1|": "|34=1|9999={}|"},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_key_in_a_logon_is_not_kept(place: str, form: str) -> None:
    changes = {old: new.format(form, length=len(form)) for old, new in PLACES[place].items()}
    text = rewritten(SIGNED, changes)
    assert form in text
    refusal = Refusals(Fixed()).explain(message(text), "refused")
    for told in (refusal.logon, refusal.detail, repr(refusal)):
        assert form not in told
        assert SECRET not in told
        assert RAW_SECRET.hex() not in told.lower()
    # The rest is still a message, with the same length.
    assert len(scan(refusal.logon.replace("|", "\x01").encode())) == len(scan(message(text).wire))
    assert len(refusal.logon) == len(text)


@pytest.mark.parametrize("form", [SECRET, f"{SECRET}=", RAW_SECRET.hex()])
def test_a_client_that_sends_its_secret_as_signature_is_reported(form: str) -> None:
    changes = {SIGNATURE: form, "|1401=43|": f"|1401={len(form)}|"}
    refusal = Refusals(Fixed()).explain(message(rewritten(SIGNED, changes)), "signature")
    assert refusal.detail == f"signature; {KEY_SENT}"
    assert form not in refusal.logon


def test_a_canonical_string_or_an_old_password_in_a_logon_is_not_kept() -> None:
    for value in (CANONICAL, "hunter2"):
        tags = f"95={len(value)}|96={value}|"
        text = rewritten(SIGNED, {"|34=1|": f"|{tags}34=1|"})
        logon = message(text)
        kept = written(logon, [])
        assert value not in kept
        assert "\n" not in kept
    assert "A\nB" not in written(message(rewritten(SIGNED, {"|1603=BRIO|": "|1603=A\nB|"})), [])


@given(st.binary(min_size=32, max_size=32))
def test_a_signature_of_any_key_over_anything_is_kept(signature: bytes) -> None:
    text = rewritten(SIGNED, {SIGNATURE: encode_signature(signature)})
    if signature == RAW_SECRET:
        return
    assert written(message(text), [pair().key_pair()]) == text


def test_the_repr_of_a_report_shows_no_logon() -> None:
    refusal = Refusals(Fixed()).explain(message(SIGNED), "refused")
    report = Report(Event.REFUSED, "B08004N", refusal.detail, refusal.logon)
    assert report.logon == SIGNED
    assert SIGNATURE not in repr(refusal) + repr(report)


class Work:
    """A clock that only work advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_flood_of_bad_logons_is_examined_only_for_a_share_of_the_time() -> None:
    work = Work()
    budget = Budget(saved=1.0, share=0.1, clock=work)
    spent = 0.0
    for _ in range(10_000):
        if budget.allows():
            work.now += 0.05
            spent += 0.05
            budget.spend()
        work.now += 0.01
    assert work.now > 100
    assert spent < 1.0 + 0.05 + 0.1 * work.now
    # After a pause the whole budget is available again, but not more.
    work.now += 1000
    for _ in range(20):
        assert budget.allows()
        work.now += 0.05
        budget.spend()
    for _ in range(3):
        budget.allows()
        work.now += 0.05
        budget.spend()
    assert not budget.allows()


def test_a_logon_beyond_the_budget_is_still_logged() -> None:
    refusals = Refusals(Fixed(), Budget(saved=0.0, share=0.0))
    refusal = refusals.explain(message(signed_over(CANONICAL + "\n")), "signature: it is wrong")
    assert refusal.detail == "signature: it is wrong"
    assert refusal.logon


def test_only_the_pairs_distinguish_a_secret_from_a_signature() -> None:
    """Both are 32 bytes: a value of no known pair may be either, and counts as a signature."""
    assert SigningKey(OTHER_SECRET) is not None
    text = rewritten(SIGNED, {SIGNATURE: OTHER_SECRET})
    assert OTHER_SECRET in written(message(text), [pair().key_pair()])
    assert OTHER_SECRET not in written(message(text), [pair(secret=OTHER_SECRET).key_pair()])
