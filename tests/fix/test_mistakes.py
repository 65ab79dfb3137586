"""`explain` names the client's mistake: each row of the table, and no cause if there is none."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass import explain
from gatepass._native import Logon
from gatepass.fix import mistakes
from gatepass.keys import AccessKeyId, IssuedPair, SecretKey, SessionId, write_key_file
from tests import oracle
from tests.fix.mistaken import MISTAKEN, lines
from tests.fix.samples import (
    AT,
    CANONICAL,
    DIAGNOSIS_KEYS,
    KEY,
    KEY_ID,
    KEYS,
    RAW,
    SECRET,
    SIBLING_ID,
    SIBLING_SECRET,
    SIGNATURE,
    SIGNATURE_TEXT,
    SIGNED,
    STRANGER_ID,
    STRANGER_SECRET,
    as_text,
    body_of,
    changed,
    raw_logons,
    signed_with,
    without,
)

ROWS = [described for described, _ in mistakes._MISTAKES]
BODY = body_of(RAW)
#: Other encodings of 32 bytes, and their names.
SPELLINGS: dict[str, tuple[Callable[[bytes], str], str]] = {
    "hex": (bytes.hex, "hexadecimal"),
    "HEX": (lambda mac: mac.hex().upper(), "hexadecimal"),
    "base64url with padding": (lambda m: base64.urlsafe_b64encode(m).decode(), "with padding"),
    "base64": (lambda mac: base64.b64encode(mac).decode(), "standard base64"),
    "base64 without padding": (
        lambda mac: base64.b64encode(mac).decode().rstrip("="),
        "standard base64",
    ),
}


def mac(secret: str, text: str) -> bytes:
    """The signature of a client that decodes its secret key."""
    key = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    return hmac.digest(key, text.encode("latin-1"), hashlib.sha256)


def undecoded(secret: str, text: str) -> bytes:
    """The signature of a client that does not."""
    return hmac.digest(secret.encode(), text.encode("latin-1"), hashlib.sha256)


def cause(logon: bytes) -> str | None:
    explanation = explain(logon, DIAGNOSIS_KEYS, at=AT)
    assert not explanation.verdict.valid
    assert explanation.untried is None
    return explanation.cause


def carrying(signature: bytes, key_id: str = KEY_ID) -> bytes:
    return changed(signed_with(as_text(signature)), t354=str(len(key_id)), t355=key_id)


def test_every_row_of_the_table_is_tested() -> None:
    assert sorted(ROWS) == sorted(MISTAKEN)
    assert len(set(ROWS)) == len(ROWS)


def test_the_sample_distinguishes_all_rows() -> None:
    strings = [build(BODY) for build in MISTAKEN.values()]
    assert len({lines(BODY), *strings}) == len(MISTAKEN) + 1


@pytest.mark.parametrize(("described", "build"), mistakes._MISTAKES, ids=ROWS)
def test_a_row_builds_what_it_describes(
    described: str, build: Callable[[mistakes.SignedLogon], bytes]
) -> None:
    values = [value for value in Logon(SIGNED).values if value is not None]
    built = build(mistakes.SignedLogon(SIGNED, values))
    assert built == MISTAKEN[described](BODY).encode("latin-1")


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_recognised(row: str) -> None:
    signature = mac(SECRET, MISTAKEN[row](BODY))
    assert cause(carrying(signature)) == f"the canonical string was built {row}"


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_recognised_with_ordinary_pairs_too(row: str) -> None:
    explanation = explain(carrying(mac(SECRET, MISTAKEN[row](BODY))), KEYS, at=AT)
    assert explanation.cause == f"the canonical string was built {row}"
    assert explanation.untried is None


@pytest.mark.parametrize("build", [lines, *MISTAKEN.values()])
def test_with_ordinary_pairs_a_key_used_as_text_is_said_to_be_untried(
    build: Callable[[list[tuple[str, str]]], str],
) -> None:
    explanation = explain(carrying(undecoded(SECRET, build(BODY))), KEYS, at=AT)
    assert explanation.cause is None
    assert explanation.untried == explanation.as_dict()["untried"]
    assert explanation.untried == (
        "not tried: the Secret Key used as text, because the keys were read without diagnosis=True"
    )
    assert explanation.untried in repr(explanation)


def test_nothing_is_untried_where_the_signature_was_not_judged() -> None:
    for logon in (without(SIGNED, "1402"), changed(SIGNED, t355="nobody", t354="6"), RAW, b""):
        assert explain(logon, KEYS, at=AT).untried is None


def test_pairs_of_a_path_are_read_to_name_a_key_used_as_text(tmp_path: Path) -> None:
    dates = date(2017, 6, 23), date(2018, 6, 23)
    pair = IssuedPair(SessionId("B08"), AccessKeyId(KEY_ID), SecretKey(SECRET), *dates)
    write_key_file(tmp_path / "keys.txt", [pair])
    logon = carrying(undecoded(SECRET, CANONICAL.decode()))
    found = explain(logon, tmp_path / "keys.txt", at=AT).cause
    assert found == "the Secret Key was used as text: decode it from base64url first"


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_recognised_with_a_key_that_was_not_decoded(row: str) -> None:
    found = cause(carrying(undecoded(SECRET, MISTAKEN[row](BODY))))
    assert found == (
        "the Secret Key was used as text: decode it from base64url first;"
        f" and the string was built {row}"
    )


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_recognised_with_the_key_of_the_other_pair(row: str) -> None:
    found = cause(carrying(mac(SIBLING_SECRET, MISTAKEN[row](BODY))))
    assert found == (
        f"the canonical string was built {row};"
        f" and it was signed with the secret key of {SIBLING_ID}, but names {KEY_ID}"
    )


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_recognised_in_any_encoding(row: str) -> None:
    signature = mac(SECRET, MISTAKEN[row](BODY))
    for write, name in SPELLINGS.values():
        text = write(signature)
        if text == as_text(signature):
            continue  # by chance equal in both alphabets
        found = cause(signed_with(text))
        assert found is not None
        spelled, _, built = found.partition("; ")
        assert spelled.startswith("the signature is written as ")
        # Padded, and by chance equal in both alphabets: either name is right.
        assert name in spelled or ("base64" in name and not set(text) & set("+/-_"))
        assert built == f"the canonical string was built {row}"


def test_a_key_that_was_not_decoded_is_recognised() -> None:
    expected = "the Secret Key was used as text: decode it from base64url first"
    assert cause(carrying(undecoded(SECRET, CANONICAL.decode()))) == expected
    other = cause(carrying(undecoded(SIBLING_SECRET, CANONICAL.decode())))
    assert other is not None
    assert other.startswith(expected + "; and it was signed with the secret key of")


def test_the_key_of_the_other_pair_is_recognised() -> None:
    found = cause(carrying(mac(SIBLING_SECRET, CANONICAL.decode())))
    assert found == f"it was signed with the secret key of {SIBLING_ID}, but names {KEY_ID}"
    found = cause(carrying(SIGNATURE, SIBLING_ID))
    assert found == f"it was signed with the secret key of {KEY_ID}, but names {SIBLING_ID}"
    found = cause(carrying(SIGNATURE, "nobody"))
    assert (
        found == f"it was signed with the secret key of {KEY_ID}, but names another Access Key ID"
    )


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_right_signature_in_another_encoding_is_recognised(spelling: str) -> None:
    write, name = SPELLINGS[spelling]
    found = cause(signed_with(write(SIGNATURE)))
    assert found is not None
    assert found.startswith("the signature is written as ")
    assert found.endswith(", not as base64url without padding")
    assert name in found


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_random_signature_in_another_encoding_shows_only_its_encoding(spelling: str) -> None:
    write, _ = SPELLINGS[spelling]
    found = cause(signed_with(write(b"\xff\xfe" * 16)))
    assert found is not None
    assert found.startswith("the signature is written as ")
    assert ";" not in found


@pytest.mark.parametrize(
    "text",
    [
        SIGNATURE_TEXT[:-1] + "t",  # unused bits set: altered
        SIGNATURE_TEXT[:-1],
        SIGNATURE_TEXT[:22],
        SIGNATURE_TEXT + "A",
        SIGNATURE_TEXT + "AAAA",
        SIGNATURE.hex()[:-2],
        SIGNATURE.hex() + "00",
        "g" * 64,
        "0" * 63 + " ",
        "=",
        "====",
        "+/",
        "+" * 42 + "==",
        "",
        "\n" * 43,
        "é" * 43,
        " " + SIGNATURE_TEXT,
        "-" + "+" * 42 + " ",
    ],
)
def test_a_text_that_is_not_a_signature_has_no_cause(text: str) -> None:
    assert cause(signed_with(text)) is None


@given(st.binary(min_size=32, max_size=32), raw_logons)
def test_a_random_signature_has_no_cause(signature: bytes, raw: bytes) -> None:
    assert cause(carrying(signature)) is None
    logon = changed(
        oracle.sign(SECRET, KEY_ID, changed(raw, t49="B08XXXN")), t1402=as_text(signature)
    )
    assert explain(logon, DIAGNOSIS_KEYS, any_time=True).cause is None


@given(st.text(max_size=70).map(lambda text: text.encode().decode("latin-1")))
def test_a_random_text_has_no_cause(text: str) -> None:
    assert cause(signed_with(text)) is None


def test_a_key_that_is_not_in_the_ring_has_no_cause() -> None:
    assert cause(carrying(mac(STRANGER_SECRET, CANONICAL.decode()))) is None
    assert cause(oracle.sign(STRANGER_SECRET, STRANGER_ID, RAW)) is None


@pytest.mark.parametrize(
    "logon",
    [SIGNED[:-1], RAW, without(SIGNED, "369"), without(SIGNED, "1401", "1402"), b""],
    ids=["cut", "unsigned", "369 missing", "1402 missing", "nothing"],
)
def test_without_a_signature_there_is_no_cause(logon: bytes) -> None:
    assert cause(logon) is None


@given(raw_logons)
def test_a_right_signature_has_no_cause(raw: bytes) -> None:
    signed = KEY.sign_logon(KEY_ID, changed(raw, t49="B08XXXN"))
    for keys in (KEYS, DIAGNOSIS_KEYS):
        for explanation in (explain(signed, keys, any_time=True), explain(signed, keys, at=AT)):
            assert (explanation.cause, explanation.untried) == (None, None)


def test_no_mistake_makes_a_logon_valid() -> None:
    for build in MISTAKEN.values():
        for sign in (mac, undecoded):
            logon = carrying(sign(SECRET, build(BODY)))
            assert KEY.verify_logon(logon) is False
            assert not explain(logon, DIAGNOSIS_KEYS, at=AT).verdict.valid
