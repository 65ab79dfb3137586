"""A signed field that breaks a rule: every path refuses it, names it, and signs nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass import LogonSigner, LogonVerifier
from gatepass._native import Logon, canonical_string, verify_batch
from gatepass.errors import FieldError, FramingError
from gatepass.signing import LocalSigner, Outcome
from tests import oracle
from tests.fix.samples import (
    AT,
    CANONICAL,
    FIELDS,
    KEY,
    KEY_ID,
    KEYS,
    NAMES,
    PAIR,
    RAW,
    SECRET,
    SIGNATURE_TEXT,
    SIGNED,
    body_of,
    changed,
    message,
    outcome,
    shown,
    without,
)


@dataclass(frozen=True)
class Broken:
    """A rule that a field breaks, the advice in the error, and how to break the rule."""

    rule: str
    remedy: str
    value: str | None = None
    says: str = ""


BROKEN = {
    "missing": Broken("missing", "add it"),
    "empty": Broken("empty", "give it a value", ""),
    "newline": Broken("illegal", "printable ASCII", "A\nB", "0x0A at position 2"),
    "newline behind": Broken("illegal", "printable ASCII", "A\n", "0x0A at position 2"),
    "newline before": Broken("illegal", "printable ASCII", "\nA", "0x0A at position 1"),
    "carriage return": Broken("illegal", "printable ASCII", "A\r", "0x0D at position 2"),
    "NUL": Broken("illegal", "printable ASCII", "AB\x00", "0x00 at position 3"),
    "tab": Broken("illegal", "printable ASCII", "A\tB", "0x09 at position 2"),
    "escape": Broken("illegal", "printable ASCII", "\x1b[2J", "0x1B at position 1"),
    "delete": Broken("illegal", "printable ASCII", "A\x7f", "0x7F at position 2"),
    "Latin-1": Broken("illegal", "printable ASCII", "M\xfcller", "at position 2"),
    "UTF-8": Broken("illegal", "printable ASCII", "M\xc3\xbcller", "at position 2"),
}
TAGS = pytest.mark.parametrize("tag", NAMES)
FAULTS = pytest.mark.parametrize("fault", BROKEN)

RawSigner = Callable[[bytes], bytes]
RAW_SIGNERS: dict[str, RawSigner] = {
    "SigningKey.sign_logon": lambda raw: KEY.sign_logon(KEY_ID, raw),
    "Logon.canonical": lambda raw: Logon(raw).canonical,
    "Logon.with_credentials": lambda raw: Logon(raw).with_credentials(KEY_ID, bytes(32)),
    "LogonSigner": lambda raw: LogonSigner(KEYS).sign(raw, at=AT),
    "LogonSigner.using": lambda raw: LogonSigner.using(LocalSigner(PAIR)).sign(raw),
}
ValueSigner = Callable[[dict[str, str]], Any]
VALUE_SIGNERS: dict[str, ValueSigner] = {
    "canonical_string": lambda values: canonical_string(
        "fix-logon", [values.get(tag) for tag in NAMES]
    ),
    "LogonSigner.sign_fields": lambda values: LogonSigner(KEYS).sign_fields(by_tag(values), at=AT),
    "LogonSigner.using": lambda values: LogonSigner.using(LocalSigner(PAIR)).sign_fields(
        by_tag(values)
    ),
}


def by_tag(values: dict[str, str]) -> dict[int, str]:
    return {int(tag): value for tag, value in values.items()}


def break_field(whole: bytes, tag: str, broken: Broken) -> bytes:
    if broken.value is None:
        return without(whole, tag)
    return changed(whole, **{f"t{tag}": broken.value})


def check(error: FieldError, tag: str, broken: Broken) -> None:
    """The error names the field and what to do, and contains nothing of the Logon."""
    assert (error.tag, error.name, error.rule) == (int(tag), NAMES[tag], broken.rule)
    text = str(error)
    assert text.startswith(f"{NAMES[tag]} ({tag}) ")
    assert broken.remedy in text
    assert broken.says in text
    for part in (SIGNATURE_TEXT, CANONICAL.decode(), "US,NY"):
        assert part not in shown(error)
    assert text.isascii()
    assert text.isprintable()


@TAGS
@FAULTS
def test_a_message_with_a_broken_field_is_not_signed(fault: str, tag: str) -> None:
    for sign in RAW_SIGNERS.values():
        with pytest.raises(FieldError) as caught:
            sign(break_field(RAW, tag, BROKEN[fault]))
        check(caught.value, tag, BROKEN[fault])


@TAGS
@pytest.mark.parametrize("fault", [fault for fault in BROKEN if fault != "UTF-8"])
def test_a_broken_value_is_not_signed(fault: str, tag: str) -> None:
    broken = BROKEN[fault]
    kept = {name: value for name, value in FIELDS.items() if name != tag}
    for sign in VALUE_SIGNERS.values():
        with pytest.raises(FieldError) as caught:
            sign(kept if broken.value is None else {**kept, tag: broken.value})
        check(caught.value, tag, broken)


@TAGS
@pytest.mark.parametrize("fault", [f for f in BROKEN if f not in {"missing", "UTF-8"}])
def test_a_broken_argument_is_not_signed(fault: str, tag: str) -> None:
    with pytest.raises(FieldError) as caught:
        KEY.sign_fields(*{**FIELDS, tag: str(BROKEN[fault].value)}.values())
    check(caught.value, tag, BROKEN[fault])


@TAGS
def test_a_value_with_soh_is_not_signed(tag: str) -> None:
    broken = Broken("illegal", "printable ASCII", "A\x01B", "0x01 at position 2")
    for sign in VALUE_SIGNERS.values():
        with pytest.raises(FieldError) as caught:
            sign({**FIELDS, tag: "A\x01B"})
        check(caught.value, tag, broken)
    with pytest.raises(FieldError) as caught:
        KEY.sign_fields(*{**FIELDS, tag: "A\x01B"}.values())
    check(caught.value, tag, broken)


@TAGS
def test_a_value_that_is_not_text_is_not_signed(tag: str) -> None:
    for sign in (*VALUE_SIGNERS.values(), lambda values: KEY.sign_fields(*values.values())):
        with pytest.raises(FieldError) as caught:
            sign({**FIELDS, tag: "A\ud800"})
        check(caught.value, tag, Broken("illegal", "printable ASCII"))


@TAGS
def test_a_message_with_soh_in_a_value_is_not_signed(tag: str) -> None:
    # Every reader takes the bytes after the SOH as a field: they must be a valid one.
    for sign in RAW_SIGNERS.values():
        with pytest.raises(FramingError, match="must be tag=value, closed by SOH"):
            sign(changed(RAW, **{f"t{tag}": "A\x01B"}))


@TAGS
@pytest.mark.parametrize("again", ["", "X", "same"])
def test_a_repeated_field_is_not_signed(tag: str, again: str) -> None:
    value = FIELDS[tag] if again == "same" else again
    for sign in RAW_SIGNERS.values():
        with pytest.raises(FieldError) as caught:
            sign(message([*body_of(RAW), (tag, value)]))
        check(caught.value, tag, Broken("repeated", "send it once"))


@pytest.mark.parametrize("tag", ["98", "354", "1400", "1401"])
def test_a_repeated_field_that_is_left_out_is_not_signed(tag: str) -> None:
    twice = [(tag, "1"), *([("355", "x")] if tag == "354" else [])] * 2
    if tag == "1401":
        twice = [("1401", "1"), ("1402", "x")] * 2
    with pytest.raises(FieldError, match=rf"\({tag}\) occurs more than once") as caught:
        KEY.sign_logon(KEY_ID, message([*body_of(RAW), *twice]))
    assert caught.value.rule == "repeated"


@TAGS
@FAULTS
def test_a_signed_message_with_a_broken_field_is_not_valid(fault: str, tag: str) -> None:
    broken = break_field(SIGNED, tag, BROKEN[fault])
    with pytest.raises(FieldError) as caught:
        KEY.verify_logon(broken)
    check(caught.value, tag, BROKEN[fault])
    assert verify_batch({KEY_ID: KEY}, [broken], 1) == b"\1"
    verdict = LogonVerifier(KEYS).verify(broken, at=AT)
    assert not verdict.valid
    failed = {found.name: found.detail for found in verdict.failed}
    assert failed["signed fields"] == str(caught.value)
    assert {c.name: c.outcome for c in verdict.checks}["signature"] is Outcome.NOT_CHECKED


@TAGS
def test_a_signed_message_with_a_repeated_field_is_not_valid(tag: str) -> None:
    repeated = message([*body_of(SIGNED), (tag, FIELDS[tag])])
    with pytest.raises(FieldError) as caught:
        KEY.verify_logon(repeated)
    check(caught.value, tag, Broken("repeated", "send it once"))
    assert verify_batch({KEY_ID: KEY}, [repeated], 1) == b"\1"
    (failed,) = LogonVerifier(KEYS).verify(repeated, at=AT).failed
    assert (failed.name, failed.detail) == ("message", str(caught.value))


@pytest.mark.parametrize("tag", NAMES)
@pytest.mark.parametrize("length", [257, 1000, 60_000])
def test_a_value_that_is_too_long_is_not_signed(tag: str, length: int) -> None:
    long = "x" * length
    for sign in (
        lambda: KEY.sign_fields(*{**FIELDS, tag: long}.values()),
        lambda: KEY.sign_logon(KEY_ID, changed(RAW, **{f"t{tag}": long})),
        lambda: canonical_string("fix-logon", list({**FIELDS, tag: long}.values())),
    ):
        with pytest.raises(FieldError, match="too long: all signed values together") as caught:
            sign()
        assert (caught.value.tag, caught.value.rule) == (int(tag), "too long")
        assert "256" in str(caught.value)


def test_the_longest_canonical_string() -> None:
    values = {**FIELDS, "1605": "x" * (256 - len(CANONICAL) + len(FIELDS["1605"]))}
    assert len(canonical_string("fix-logon", list(values.values()))) == 256
    assert KEY.sign_fields(*values.values()) == oracle.signature(SECRET, values)
    values["1605"] += "x"
    with pytest.raises(FieldError, match=r"ApplicationSystemVendor \(1605\) is too long"):
        KEY.sign_fields(*values.values())


def test_the_first_broken_field_is_named() -> None:
    with pytest.raises(FieldError, match="SenderSubID"):
        RAW_SIGNERS["Logon.canonical"](changed(without(RAW, "1605"), t50="", t369="\n"))
    with pytest.raises(FieldError, match="MsgSeqNum"):
        canonical_string("fix-logon", [None] * 11)


@pytest.mark.parametrize("tag", ["08", "5x", "", "-1", "1 ", "0", "1234567"])
def test_a_tag_that_is_not_a_number_is_refused(tag: str) -> None:
    for sign in RAW_SIGNERS.values():
        with pytest.raises(FramingError, match="must be tag=value"):
            sign(message([*body_of(RAW), (tag, "x")]))


@pytest.mark.parametrize("tag", ["034", "049", "0369"])
def test_a_signed_tag_spelled_otherwise_is_refused(tag: str) -> None:
    with pytest.raises(FramingError, match="must be tag=value"):
        KEY.sign_logon(KEY_ID, message([*without_tag(tag.lstrip("0")), (tag, "1")]))


def without_tag(tag: str) -> list[tuple[str, str]]:
    return [field for field in body_of(RAW) if field[0] != tag]


@given(st.sampled_from(list(NAMES)), st.text(max_size=12))
def test_any_text_is_signed_or_refused_by_name(tag: str, value: str) -> None:
    values = {**FIELDS, tag: value}
    signature = outcome(KEY.sign_fields, *values.values())
    if isinstance(signature, FieldError):
        assert signature.tag == int(tag)
        assert not value or not value.isascii() or not value.isprintable()
    else:
        assert signature == oracle.signature(SECRET, values)
