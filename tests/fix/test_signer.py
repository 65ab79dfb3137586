"""`LogonSigner`: which pair signs, what a remote signer may do, and what is never signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from gatepass import AccessKeyId, KeyFile, KeyRing, LogonSigner
from gatepass._native import Logon
from gatepass.errors import (
    FieldError,
    GatepassError,
    KeyChoiceError,
    PairExpiredError,
    PairNotYetValidError,
    SignerError,
    UnknownAccessKeyError,
    UnknownSessionError,
)
from gatepass.fix import Credentials
from gatepass.keys import FixedKeys, IssuedPair, SecretKey, SessionId, write_key_file
from gatepass.signing import LocalSigner, Signer
from tests import oracle
from tests.fix.samples import (
    AT,
    CANONICAL,
    FIELDS,
    KEY,
    KEY_ID,
    KEYS,
    PAIR,
    RAW,
    SECRET,
    SIBLING_ID,
    SIBLING_SECRET,
    SIGNATURE_TEXT,
    SIGNED,
    STRANGER_ID,
    changed,
    pair,
    raw_logons,
    shown,
    without,
)

YEAR = timedelta(days=400)  # and some more
VALUES = {int(tag): value for tag, value in FIELDS.items()}

#: Both ways to sign with a `LogonSigner`; each returns the Access Key ID that it used.
WAYS: dict[str, Callable[[LogonSigner, datetime], str]] = {
    "sign": lambda signer, at: Logon(signer.sign(RAW, at=at)).access_key_id.decode(),
    "sign_fields": lambda signer, at: signer.sign_fields(VALUES, at=at).access_key_id,
}
BOTH = pytest.mark.parametrize("way", WAYS)


# --- which pair -------------------------------------------------------------------------------


@BOTH
def test_the_pair_created_last_signs(way: str) -> None:
    assert WAYS[way](LogonSigner(KEYS), AT) == KEY_ID
    assert WAYS[way](LogonSigner(FixedKeys(KEYS)), AT) == KEY_ID


@BOTH
def test_the_named_pair_signs(way: str) -> None:
    signer = LogonSigner(KEYS, access_key_id=AccessKeyId(SIBLING_ID))
    assert WAYS[way](signer, AT) == SIBLING_ID


@BOTH
def test_a_pair_that_is_not_valid_yet_does_not_sign_if_another_is_valid(way: str) -> None:
    keys = KeyRing(
        [pair(key_id=SIBLING_ID, created=date(2017, 1, 1)), pair(created=date(2017, 7, 1))]
    )
    assert WAYS[way](LogonSigner(keys), AT) == SIBLING_ID
    assert WAYS[way](LogonSigner(keys), AT + timedelta(days=30)) == KEY_ID


REFUSED: dict[str, tuple[KeyRing, datetime, str | None, type[KeyChoiceError], str]] = {
    "unknown session": (KeyRing([pair("XYZ")]), AT, None, UnknownSessionError, "'B08'"),
    "no pair at all": (KeyRing([]), AT, None, UnknownSessionError, "'B08'"),
    "expired": (KEYS, AT + YEAR, None, PairExpiredError, "generate a new pair"),
    "not valid yet": (KeyRing([PAIR]), AT - YEAR, None, PairNotYetValidError, "clock"),
    "no such pair": (KEYS, AT, "nobody", UnknownAccessKeyError, KEY_ID),
    "another session's pair": (KEYS, AT, STRANGER_ID, UnknownAccessKeyError, KEY_ID),
    "named and expired": (KEYS, AT + YEAR, KEY_ID, PairExpiredError, KEY_ID),
}


@BOTH
@pytest.mark.parametrize("name", REFUSED)
def test_without_a_valid_pair_nothing_is_signed(way: str, name: str) -> None:
    keys, at, named, error, says = REFUSED[name]
    signer = LogonSigner(keys, access_key_id=None if named is None else AccessKeyId(named))
    with pytest.raises(KeyChoiceError, match=says) as caught:
        WAYS[way](signer, at)
    assert type(caught.value) is error
    assert "1402" not in shown(caught.value)
    assert "US,NY" not in str(caught.value)


@BOTH
@pytest.mark.parametrize("tail", [timedelta(0), timedelta(microseconds=-1)])
def test_a_pair_ends_with_the_market_close_of_its_last_day(way: str, tail: timedelta) -> None:
    close = datetime(2018, 6, 23, 21, 0, tzinfo=UTC)  # 16:00 in Chicago, in summer
    signer = LogonSigner(KeyRing([PAIR]))
    if tail:
        assert WAYS[way](signer, close + tail) == KEY_ID
    else:
        with pytest.raises(PairExpiredError):
            WAYS[way](signer, close)


@BOTH
def test_a_time_needs_a_zone(way: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        WAYS[way](LogonSigner(KEYS), AT.replace(tzinfo=None))


@pytest.mark.parametrize("way", ["sign", "sign_fields"])
def test_the_default_time_is_now(way: str) -> None:
    signer = LogonSigner(KeyRing([pair(created=None, expires=date(2100, 1, 1))]))
    given_to = {"sign": RAW, "sign_fields": VALUES}[way]
    assert getattr(signer, way)(given_to)
    with pytest.raises(PairExpiredError):
        getattr(LogonSigner(KeyRing([PAIR])), way)(given_to)


def test_a_reloaded_key_file_takes_effect_at_the_next_logon(tmp_path: Path) -> None:
    def issued(key_id: str, secret: str, created: date) -> IssuedPair:
        named = (SessionId("B08"), AccessKeyId(key_id), SecretKey(secret))
        return IssuedPair(*named, created, date(2018, 1, 1))

    old, new = (
        issued(SIBLING_ID, SIBLING_SECRET, date(2017, 1, 1)),
        issued(KEY_ID, SECRET, date(2017, 6, 1)),
    )
    path = tmp_path / "keys.txt"
    write_key_file(path, [old])
    signer = LogonSigner(KeyFile(path))
    assert Logon(signer.sign(RAW, at=AT)).access_key_id == SIBLING_ID.encode()
    write_key_file(path, [old, new])
    assert signer.sign(RAW, at=AT) == SIGNED


# --- what is returned -------------------------------------------------------------------------


def test_field_values_need_no_message() -> None:
    credentials = LogonSigner(KEYS).sign_fields({**VALUES, 56: "CME", 98: "0"}, at=AT)
    assert credentials == Credentials(AccessKeyId(KEY_ID), SIGNATURE_TEXT)
    assert credentials.fields() == (
        (354, "20"),
        (355, KEY_ID),
        (1400, "CME-1-SHA-256"),
        (1401, "43"),
        (1402, SIGNATURE_TEXT),
    )


@given(raw_logons)
def test_signing_does_not_change_its_input(raw: bytes) -> None:
    before = bytes(bytearray(raw))
    LogonSigner.using(LocalSigner(PAIR)).sign(raw)
    assert raw == before


# --- remote signers ---------------------------------------------------------------------------


@dataclass
class Remote:
    """A signer with a fixed answer that remembers what it had to sign."""

    answer: Any = None
    access_key_id: AccessKeyId = PAIR.access_key_id
    asked: bytes = b""

    def sign(self, canonical: bytes, /) -> bytes:
        self.asked = canonical
        if isinstance(self.answer, Exception):
            raise self.answer
        return KEY.sign(canonical) if self.answer is None else self.answer


REMOTE_WAYS: dict[str, Callable[[Signer], Any]] = {
    "sign": lambda signer: LogonSigner.using(signer).sign(RAW),
    "sign_fields": lambda signer: LogonSigner.using(signer).sign_fields(VALUES),
}
REMOTE = pytest.mark.parametrize("way", REMOTE_WAYS)


def test_a_remote_signer_gets_only_the_canonical_string() -> None:
    remote = Remote()
    assert LogonSigner.using(remote).sign(RAW) == SIGNED
    assert remote.asked == CANONICAL
    assert LogonSigner.using(remote).sign_fields(VALUES).signature == SIGNATURE_TEXT


@REMOTE
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        KEY.sign(CANONICAL)[:31],
        KEY.sign(CANONICAL) + b"\0",
        SIGNATURE_TEXT.encode(),
        SIGNATURE_TEXT,
        KEY.sign(CANONICAL).hex().encode(),
        bytearray(32),
        [0] * 32,
        0,
        True,
    ],
    ids=["nothing", "31", "33", "base64", "text", "hex", "buffer", "list", "number", "yes"],
)
def test_a_remote_signer_must_return_32_bytes(way: str, answer: object) -> None:
    with pytest.raises(SignerError, match="not return a signature of 32 bytes") as caught:
        REMOTE_WAYS[way](Remote(answer))
    assert SIGNATURE_TEXT not in shown(caught.value)
    assert SIGNATURE_TEXT[:12] not in shown(caught.value)


@REMOTE
@pytest.mark.parametrize("error", [SignerError("sealed"), TimeoutError("slow"), KeyError("x")])
def test_an_error_of_a_remote_signer_is_passed_on(way: str, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        REMOTE_WAYS[way](Remote(error))
    assert caught.value is error


@pytest.mark.parametrize("bad", ["", "A" * 33, "A B", "A\x01355=B", "ü"])
def test_a_remote_signer_must_have_an_access_key_id(bad: str) -> None:
    remote = Remote()
    remote.access_key_id = bad  # type: ignore[assignment]
    with pytest.raises(FieldError, match=r"EncodedText \(355\)"):
        LogonSigner.using(remote).sign(RAW)


@REMOTE
def test_a_wrong_signature_of_32_bytes_is_left_to_the_verifier(way: str) -> None:
    assert REMOTE_WAYS[way](Remote(bytes(32)))


def test_a_remote_signer_is_not_called_for_a_bad_logon() -> None:
    remote = Remote()
    for bad in (RAW[:-1], without(RAW, "369"), changed(RAW, t50="")):
        with pytest.raises(GatepassError):
            LogonSigner.using(remote).sign(bad)
    with pytest.raises(FieldError):
        LogonSigner.using(remote).sign_fields({**VALUES, 49: "B08\n"})
    assert remote.asked == b""


def test_a_remote_signer_serves_any_session() -> None:
    raw = changed(RAW, t49="XYZ123N")
    assert LogonSigner.using(Remote()).sign(raw) == oracle.sign(SECRET, KEY_ID, raw)
