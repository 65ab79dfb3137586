"""`SigningKey`: which texts it accepts as a key, and which it refuses, without quoting them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatepass import SigningKey
from gatepass._native import PROFILES, DiagnosisKey, decode_signature, encode_signature
from gatepass.errors import ArgumentError, FieldError, SecretKeyError
from tests.fix.samples import KEY, SECRET, SIGNATURE, SIGNATURE_TEXT, as_text, secrets, shown

MESSAGE = b"a message"


def pieces(text: str) -> list[str]:
    """Runs of 8 characters of a text."""
    return [text[at : at + 8] for at in range(len(text) - 7)]


#: Texts that are not a secret key, and what the error must say.
BAD = {
    "blank inside": (SECRET[:20] + " " + SECRET[20:], "white space: copy it again"),
    "blank before": (" " + SECRET, "white space: copy it again"),
    "blank after": (SECRET + " ", "white space: copy it again"),
    "line feed after": (SECRET + "\n", "white space: copy it again"),
    "tab inside": (SECRET[:20] + "\t" + SECRET[21:], "white space: copy it again"),
    "plus": ("+" + SECRET[1:], "contains '+' or '/': it must be base64url"),
    "slash": (SECRET[:-1] + "/", "contains '+' or '/': it must be base64url"),
    "standard base64": (
        base64.b64encode(b"\xff" * 32).decode(),
        "contains '+' or '/': it must be base64url",
    ),
    "two padding characters": (SECRET + "==", "wrongly padded: leave out '='"),
    "padding before": ("=" + SECRET, "wrongly padded: leave out '='"),
    "padding inside": (SECRET[:20] + "=" + SECRET[21:], "wrongly padded: leave out '='"),
    "padding where none is needed": (as_text(bytes(33)) + "=", "wrongly padded: leave out '='"),
    "padding only": ("====", "wrongly padded: leave out '='"),
    "spare bits": (SECRET[:-1] + "5", "ends in the middle of a byte"),
    "one character too many": (SECRET + "AA", "ends in the middle of a byte"),
    "one character too few": (SECRET[:-2], "ends in the middle of a byte"),
    "empty": ("", "too short: at least 16 bytes (22 characters)"),
    "15 bytes": (as_text(bytes(15)), "too short: at least 16 bytes (22 characters)"),
    "129 bytes": (as_text(bytes(129)), "too long: at most 128 bytes (171 characters)"),
    "huge": ("A" * 1_000_000, "too long: at most 128 bytes (171 characters)"),
    "quoted": (f'"{SECRET}"', "is not base64url: copy it again"),
    "dot": (SECRET[:10] + "." + SECRET[11:], "is not base64url: copy it again"),
    "NUL": (SECRET[:10] + "\0" + SECRET[11:], "is not base64url: copy it again"),
    "umlaut": (SECRET[:10] + "ü" + SECRET[11:], "is not base64url: copy it again"),
    "full-width letter": (SECRET[:-1] + "\uff33", "is not base64url: copy it again"),
    "lone surrogate": (SECRET[:-1] + "\udc73", "is not base64url: copy it again"),
    "hexadecimal, cut": ("2b" * 90, "too long"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("kind", [str, bytes, bytearray])
def test_the_error_for_an_unusable_key_names_the_check_that_failed(name: str, kind: type) -> None:
    text, says = BAD[name]
    given_text: Any = text if kind is str else kind(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SecretKeyError) as caught:
        SigningKey(given_text)
    assert str(caught.value).startswith("the secret key ")
    assert says in str(caught.value)
    visible = repr(caught.value) + repr(caught.value.args) + repr(vars(caught.value))
    assert not any(piece in visible for piece in pieces(SECRET))
    assert len(visible) < 500


@pytest.mark.parametrize("kind", [str, bytes, bytearray])
def test_a_key_is_made_of_text_bytes_or_a_buffer(kind: type) -> None:
    text: Any = SECRET if kind is str else kind(SECRET.encode())
    key = SigningKey(text)
    assert key.sign(MESSAGE) == KEY.sign(MESSAGE)
    assert text == (SECRET if kind is str else SECRET.encode())  # the caller wipes it


@pytest.mark.parametrize("wrong", [None, 5, 5.0, [SECRET], memoryview(SECRET.encode()), KEY])
def test_a_key_is_made_of_nothing_else(wrong: Any) -> None:
    with pytest.raises(TypeError, match="a secret key is str, bytes or bytearray") as caught:
        SigningKey(wrong)
    assert SECRET not in shown(caught.value)


@pytest.mark.parametrize("length", range(16, 129))
def test_a_key_of_every_allowed_length_signs(length: int) -> None:
    raw = bytes(range(length))
    text = base64.urlsafe_b64encode(raw).decode()
    expected = hmac.digest(raw, MESSAGE, hashlib.sha256)
    assert SigningKey(text).sign(MESSAGE) == expected  # with exactly the right padding
    assert SigningKey(text.rstrip("=")).sign(MESSAGE) == expected


@given(st.text(max_size=60) | st.text("ABCxyz019-_=", min_size=18, max_size=180))
@example(SECRET)
@example(SECRET + "=")
def test_any_text_is_a_key_or_is_refused(text: str) -> None:
    # One key has one text: the text of its bytes, with full padding or none.
    try:
        key = SigningKey(text)
    except SecretKeyError:
        return
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert text in (as_text(raw), base64.urlsafe_b64encode(raw).decode())
    assert key.sign(MESSAGE) == hmac.digest(raw, MESSAGE, hashlib.sha256)


@given(secrets, st.binary(max_size=300))
def test_any_message_is_signed_as_by_hmac(secret: str, text: bytes) -> None:
    raw = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    key, expected = SigningKey(secret), hmac.digest(raw, text, hashlib.sha256)
    assert key.sign(text) == expected
    assert key.verify(text, expected)
    assert not key.verify(text + b"\0", expected)
    undecoded = hmac.digest(secret.encode(), text, hashlib.sha256)
    assert DiagnosisKey(secret).made(text, undecoded)
    assert not key.verify(text, undecoded)
    assert not DiagnosisKey(secret).made(text, expected)


@pytest.mark.parametrize("text", [SECRET, SECRET.encode(), bytearray(SECRET, "ascii")])
def test_a_diagnosis_key_is_made_of_what_a_signing_key_is(text: str | bytes | bytearray) -> None:
    undecoded = hmac.digest(SECRET.encode(), MESSAGE, hashlib.sha256)
    assert DiagnosisKey(text).made(MESSAGE, undecoded)
    with pytest.raises(ArgumentError, match="a secret key is str, bytes or bytearray"):
        DiagnosisKey(5)  # type: ignore[arg-type]


@given(st.binary(max_size=70))
def test_other_bytes_are_not_a_signature(forged: bytes) -> None:
    assert not KEY.verify(MESSAGE, forged)
    assert not DiagnosisKey(SECRET).made(MESSAGE, forged)


@pytest.mark.parametrize("wrong", ["text", None, 5, [1]])
def test_only_bytes_are_signed(wrong: Any) -> None:
    for call in (KEY.sign, lambda text: KEY.verify(text, SIGNATURE)):
        with pytest.raises(TypeError):
            call(wrong)
    with pytest.raises(TypeError):
        KEY.verify(MESSAGE, wrong)


@pytest.mark.parametrize("wrong", [None, 5, 1.5, [1], {}, object(), True])
def test_an_argument_of_another_type_is_named(wrong: Any) -> None:
    for name, call in {
        "canonical": lambda: KEY.sign(wrong),
        "canonical ": lambda: KEY.verify(wrong, SIGNATURE),
        "signature": lambda: KEY.verify(MESSAGE, wrong),
        "canonical  ": lambda: DiagnosisKey(SECRET).made(wrong, SIGNATURE),
        "signature ": lambda: DiagnosisKey(SECRET).made(MESSAGE, wrong),
        "logon": lambda: KEY.sign_logon("A", wrong),
        "logon ": lambda: KEY.verify_logon(wrong),
    }.items():
        with pytest.raises(ArgumentError, match=rf"{name.strip()} is of type .*: give bytes"):
            call()
    with pytest.raises(FieldError, match=r"\(355\) is of type"):
        KEY.sign_logon(wrong, b"")


@pytest.mark.parametrize("wrong", [None, 5, b"1", ["1"]])
@pytest.mark.parametrize("index", range(11))
def test_a_value_that_is_not_text_is_named_by_its_tag(index: int, wrong: Any) -> None:
    values: list[Any] = ["1"] * 11
    values[index] = wrong
    tag, name = PROFILES["fix-logon"][index]
    with pytest.raises(FieldError, match=rf"^{name} \({tag}\) is of type") as caught:
        KEY.sign_fields(*values)
    assert (caught.value.tag, caught.value.rule) == (tag, "illegal")


# --- signatures as text -----------------------------------------------------------------------


@given(st.binary(min_size=32, max_size=32))
@example(SIGNATURE)
def test_a_signature_as_text_is_read_back(signature: bytes) -> None:
    text = encode_signature(signature)
    assert len(text) == 43
    assert text == as_text(signature)
    assert decode_signature(text) == decode_signature(text.encode()) == signature


@given(st.text(max_size=50) | st.text("ABCxyz019-_", min_size=43, max_size=43))
@example("\ud800" * 43)
@example(SIGNATURE_TEXT + "=")
def test_any_text_is_one_signature_or_is_refused(text: str) -> None:
    try:
        signature = decode_signature(text)
    except FieldError as error:
        refused = error
    else:
        assert encode_signature(signature) == text
        return
    assert (refused.tag, refused.rule) == (1402, "unexpected")
    assert "43 characters of base64url without padding" in str(refused)


@pytest.mark.parametrize("length", [0, 1, 16, 31, 33, 64])
def test_a_signature_has_32_bytes(length: int) -> None:
    with pytest.raises(FieldError, match=r"EncryptedPassword \(1402\).* must be 32 bytes"):
        encode_signature(bytes(length))
