"""A Secret Key in any field of a Logon: no verdict, explanation or error repeats it."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gatepass import LogonVerifier, explain
from gatepass._native import header_fault, hide_secrets, logon_faults
from gatepass.errors import GatepassError
from gatepass.fix import LogonSigner
from gatepass.fix.explain import NOT_SHOWN
from gatepass.fix.sent_secret import KEY_SENT
from gatepass.keys import KeyRing
from tests.fix.samples import AT, SECRET, SIGNED, changed, having, pair
from tests.leaks import TAGS, leaks

KEYS = KeyRing([pair(created=None, expires=None)])
RAW_SECRET = base64.urlsafe_b64decode(f"{SECRET}=")
FORMS = [
    SECRET,
    f"{SECRET}=",
    SECRET[:40],
    SECRET[4:],
    f"key:{SECRET}",
    f"ABC{SECRET}N",
    RAW_SECRET.hex(),
    base64.b64encode(RAW_SECRET).decode(),
]


def shown(logon: bytes) -> str:
    """All that the package says about a Logon."""
    said = []
    for any_time in (True, False):
        at = None if any_time else AT
        verdict = LogonVerifier(KEYS).verify(logon, at=at, any_time=any_time)
        explanation = explain(logon, KEYS, at=at, any_time=any_time)
        said += [json.dumps(verdict.as_dict()), repr(verdict)]
        said += [json.dumps(explanation.as_dict()), repr(explanation), str(explanation.fields)]
    try:
        for logged_on in (True, False, None):
            said += map(str, logon_faults(logon, logged_on=logged_on))
        said.append(str(header_fault(logon)))
        LogonSigner(KEYS).sign(logon)
    except GatepassError as error:
        said.append(str(error))
    return "\n".join(said)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tag", TAGS)
def test_no_tag_makes_a_text_repeat_the_secret(tag: int, form: str) -> None:
    assert leaks(shown(having(SIGNED, (tag, form))), SECRET) == []


@settings(max_examples=100, deadline=None)
@given(
    # Shorter ones are as long as the values of three tags, and are shown there.
    key=st.binary(min_size=25, max_size=64),
    tag=st.sampled_from(TAGS) | st.integers(1, 12000),
    before=st.text("abc :,", max_size=4),
)
def test_a_key_of_any_length_is_not_repeated_in_any_tag(key: bytes, tag: int, before: str) -> None:
    text = base64.urlsafe_b64encode(key).rstrip(b"=").decode()
    assume(tag not in (8, 9, 10) and len(set(text)) > 8)
    assert leaks(shown(having(SIGNED, (tag, before + text))), text) == []


@pytest.mark.parametrize("form", [SECRET, f"{SECRET}=", RAW_SECRET.hex(), SECRET[:40]])
def test_a_secret_sent_as_signature_is_not_shown(form: str) -> None:
    logon = changed(SIGNED, t1401=str(len(form)), t1402=form)
    assert leaks(shown(logon), SECRET) == []
    explanation = explain(logon, KEYS, at=AT)
    assert explanation.received == "*" * len(form)
    assert (explanation.cause == KEY_SENT) is (form != SECRET[:40])


def test_an_explanation_says_which_field_is_not_shown() -> None:
    explanation = explain(changed(SIGNED, t142=SECRET), KEYS, at=AT)
    (field,) = [field for field in explanation.fields if field.tag == 142]
    assert (field.value, field.problem) == ("*" * 43, NOT_SHOWN)
    assert explanation.canonical is not None
    assert "*" * 43 in explanation.canonical


def test_a_fault_says_that_something_is_not_shown() -> None:
    faults = {tag: reason for tag, *_, reason in logon_faults(changed(SIGNED, t108=SECRET))}
    words = "(the value looks like a Secret Key, which must never be sent)"
    assert faults[108] == f"HeartBtInt (108) is ***: it must be 5 to 60 seconds {words}"


def test_a_text_without_a_secret_does_not_change() -> None:
    for text in (b"", b"Invalid Logon. Logout Forced", b"\xff\x00 LastMsgSeqNumProcessed"):
        assert hide_secrets(text) == hide_secrets(text, keep_length=True) == text
