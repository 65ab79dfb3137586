"""`explain`: everything that is known of one Logon, good or bad, for people and for programs."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given

from gatepass import KeyRing, LogonVerifier, explain
from gatepass.fix import ExplainedField, Explanation, SendingTimeWindow
from gatepass.keys import FixedKeys
from gatepass.signing import Outcome
from tests import oracle
from tests.fix.samples import (
    AT,
    CANONICAL,
    E1,
    FIELDS,
    KEY_ID,
    KEYS,
    NAMES,
    RAW,
    SECRET,
    SIBLING_SECRET,
    SIGNATURE_TEXT,
    SIGNED,
    STRANGER_ID,
    STRANGER_SECRET,
    body_of,
    changed,
    message,
    raw_logons,
    signed_with,
    without,
)

VISIBLE = E1["canonical"].replace("\n", "\\n")


def rows(explanation: Explanation) -> dict[str, tuple[str | None, str | None]]:
    return {str(field.tag): (field.value, field.problem) for field in explanation.fields}


def test_a_right_logon_is_explained_whole() -> None:
    explanation = explain(SIGNED, KEYS, at=AT)
    assert explanation.verdict == LogonVerifier(KEYS).verify(SIGNED, at=AT)
    assert explanation.fields == tuple(
        ExplainedField(int(tag), NAMES[tag], value) for tag, value in FIELDS.items()
    )
    assert explanation.canonical == VISIBLE
    assert explanation.expected == explanation.received == SIGNATURE_TEXT
    assert explanation.cause is None


def test_a_wrong_signature_is_shown_beside_the_right_one() -> None:
    logon = changed(SIGNED, t34="2")
    explanation = explain(logon, KEYS, at=AT)
    assert [check.name for check in explanation.verdict.failed] == ["signature"]
    assert explanation.received == SIGNATURE_TEXT
    assert explanation.expected == oracle.signature(SECRET, {**FIELDS, "34": "2"})
    assert explanation.canonical == VISIBLE.replace("1", "2", 1)


@pytest.mark.parametrize("tag", NAMES)
@pytest.mark.parametrize(
    ("value", "visible", "problem"),
    [
        (None, None, "missing"),
        ("", "", "empty"),
        ("A\nB", "A\\x0aB", "illegal"),
        ("\x1b[2J", "\\x1b[2J", "illegal"),
        ("\xe9\x00", "\\xe9\\x00", "illegal"),
    ],
)
def test_a_broken_field_is_marked(
    tag: str, value: str | None, visible: str | None, problem: str
) -> None:
    logon = without(SIGNED, tag) if value is None else changed(SIGNED, **{f"t{tag}": value})
    explanation = explain(logon, KEYS, at=AT)
    found = rows(explanation)
    assert found.pop(tag) == (visible, problem)
    assert found == {name: (text, None) for name, text in FIELDS.items() if name != tag}
    assert (explanation.canonical, explanation.expected) == (None, None)
    assert explanation.received == SIGNATURE_TEXT


@pytest.mark.parametrize("tag", NAMES)
def test_a_repeated_field_is_marked(tag: str) -> None:
    explanation = explain(message([*body_of(SIGNED), (tag, "again")]), KEYS, at=AT)
    found = rows(explanation)
    assert found.pop(tag) == (FIELDS[tag], "repeated")
    assert found == {name: (text, None) for name, text in FIELDS.items() if name != tag}
    assert [check.name for check in explanation.verdict.failed] == ["message"]


def test_several_broken_fields_are_all_marked() -> None:
    logon = changed(without(SIGNED, "369", "1605"), t50="", t142="\x07")
    problems = {tag: problem for tag, (_, problem) in rows(explain(logon, KEYS)).items() if problem}
    assert problems == {"50": "empty", "142": "illegal", "369": "missing", "1605": "missing"}


def test_a_message_that_is_not_a_logon_is_explained_as_far_as_possible() -> None:
    explanation = explain(changed(SIGNED, t35="0"), KEYS, at=AT)
    assert rows(explanation) == {tag: (value, None) for tag, value in FIELDS.items()}
    assert explanation.canonical is None


def test_bytes_that_are_not_a_message_have_no_fields() -> None:
    assert explain(SIGNED[:-1], KEYS, at=AT).fields == ()
    assert explain(b"", KEYS, at=AT).fields == ()


def test_values_that_are_too_long_together_are_explained() -> None:
    explanation = explain(changed(SIGNED, t50="x" * 300), KEYS, at=AT)
    assert "too long" in explanation.verdict.failed[0].detail
    assert rows(explanation)["50"] == ("x" * 300, "too long")


@pytest.mark.parametrize(
    "logon",
    [oracle.sign(SECRET, "nobody", RAW), oracle.sign(STRANGER_SECRET, STRANGER_ID, RAW), RAW],
    ids=["unknown access key", "another session's", "unsigned"],
)
def test_without_a_pair_nothing_is_expected(logon: bytes) -> None:
    explanation = explain(logon, KEYS, at=AT)
    assert explanation.expected is None
    assert explanation.canonical == VISIBLE
    assert explanation.verdict.access_key_id is None


@pytest.mark.parametrize("text", ["", "\x1b[2J", "x" * 99, SIGNATURE_TEXT + "=", "\xff"])
def test_a_received_signature_is_shown_unchanged(text: str) -> None:
    received = explain(signed_with(text), KEYS, at=AT).received
    assert received == text.replace("\x1b", "\\x1b").replace("\xff", "\\xff")


def test_the_time_is_that_of_the_verdict() -> None:
    late = AT + timedelta(seconds=9)
    assert [c.name for c in explain(SIGNED, KEYS, at=late).verdict.failed] == ["sending time"]
    assert explain(SIGNED, KEYS, any_time=True).verdict.valid
    patient = LogonVerifier(KEYS, window=SendingTimeWindow(max_age=timedelta(minutes=1)))
    assert explain(SIGNED, KEYS, at=late, verifier=patient).verdict.valid
    with pytest.raises(ValueError, match="time zone"):
        explain(SIGNED, KEYS, at=AT.replace(tzinfo=None))


def test_any_source_of_keys_is_accepted() -> None:
    expected = explain(SIGNED, KEYS, at=AT)
    assert explain(SIGNED, FixedKeys(KEYS), at=AT) == expected
    assert explain(SIGNED, SimpleNamespace(ring=KEYS), at=AT) == expected
    assert explain(SIGNED, KeyRing([]), at=AT).expected is None


@pytest.mark.parametrize(
    "logon",
    [SIGNED, RAW, b"", changed(SIGNED, t50="\xff\x00"), signed_with("\x07" * 43)],
    ids=["right", "unsigned", "nothing", "illegal", "garbled"],
)
def test_an_explanation_is_plain_data(logon: bytes) -> None:
    explanation = explain(logon, KEYS, at=AT)
    plain = json.loads(json.dumps(explanation.as_dict()))
    assert plain == {
        **explanation.verdict.as_dict(),
        "signed_fields": [
            {"tag": int(tag), "name": NAMES[tag], "value": value, "problem": problem}
            for tag, (value, problem) in rows(explanation).items()
        ],
        "canonical": explanation.canonical,
        "expected_signature": explanation.expected,
        "received_signature": explanation.received,
        "cause": explanation.cause,
        "untried": explanation.untried,
    }


def test_a_printed_explanation_shows_neither_string_nor_signature() -> None:
    for logon in (SIGNED, changed(SIGNED, t34="2"), changed(SIGNED, t50="A\nB")):
        shown = repr(explain(logon, KEYS, at=AT))
        for part in (VISIBLE, SIGNATURE_TEXT, CANONICAL.decode(), "US,NY", "BRIO"):
            assert part not in shown


@given(raw_logons)
def test_no_explanation_contains_a_secret(raw: bytes) -> None:
    raw = changed(raw, t49="B08XXXN")
    for secret in (SECRET, SIBLING_SECRET):
        explanation = explain(oracle.sign(secret, KEY_ID, raw), KEYS, any_time=True)
        shown = json.dumps(explanation.as_dict()) + repr(explanation) + str(explanation)
        for part in (SECRET[:8], SECRET[-8:], SIBLING_SECRET[:8], SIBLING_SECRET[-8:]):
            assert part not in shown
        made = {check.name: check.outcome for check in explanation.verdict.checks}["signature"]
        assert (made is Outcome.PASSED) is (secret == SECRET)
