"""Differential: the package says the same about a Logon as the oracle, and the reverse."""

from __future__ import annotations

from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from gatepass import KeyRing, LogonSigner, LogonVerifier, SigningKey
from gatepass._native import Logon, canonical_string, logon_faults, scan, verify_batch
from gatepass.signing import Outcome
from tests import oracle
from tests.fix.samples import (
    AT,
    E1,
    FIELDS,
    KEY_ID,
    RAW,
    SECRET,
    SIGNED,
    Body,
    body_of,
    changed,
    groups,
    joined,
    key_ids,
    message,
    named_values,
    pair,
    raw_logons,
    secrets,
)

sessions = st.from_regex(r"[A-Za-z0-9]{3}|[A-Za-z0-9]{6}", fullmatch=True)


@given(secrets, named_values)
@example(SECRET, FIELDS)
def test_values_have_the_same_canonical_string_and_signature(
    secret: str, values: dict[str, str]
) -> None:
    canonical = oracle.canonical(values)
    assert canonical_string("fix-logon", list(values.values())) == canonical.encode()
    assert SigningKey(secret).sign_fields(*values.values()) == oracle.signature(secret, values)


@given(secrets, key_ids, raw_logons)
@example(SECRET, KEY_ID, RAW)
@example(SECRET, KEY_ID, SIGNED)
def test_a_logon_is_signed_to_the_same_bytes(secret: str, key_id: str, raw: bytes) -> None:
    key, expected = SigningKey(secret), oracle.sign(secret, key_id, raw)
    assert key.sign_logon(key_id, raw) == expected
    logon = Logon(raw)
    assert logon.with_credentials(key_id, key.sign(logon.canonical)) == expected


@given(secrets, key_ids, sessions, raw_logons)
@example(SECRET, KEY_ID, "B08", RAW)
def test_a_logon_is_signed_by_its_session_to_the_same_bytes(
    secret: str, key_id: str, session: str, raw: bytes
) -> None:
    raw = changed(raw, t49=session + dict(body_of(raw))["49"][:3])
    keys = KeyRing([pair(session, key_id, secret, date(2000, 1, 1), date(2100, 1, 1))])
    signed = LogonSigner(keys).sign(raw, at=AT)
    assert signed == oracle.sign(secret, key_id, raw)
    verdict = LogonVerifier(keys).verify(signed, any_time=True)
    assert verdict.valid is (logon_faults(signed) == []), verdict
    assert verdict.checks[-1].outcome is Outcome.PASSED
    values = {int(tag): value for tag, value in body_of(raw)}
    credentials = LogonSigner(keys).sign_fields(values, at=AT)
    assert [(str(tag), value) for tag, value in credentials.fields()] == body_of(signed)[-5:]


@given(secrets, secrets, key_ids, raw_logons)
def test_each_side_verifies_what_the_other_signs(
    secret: str, other: str, key_id: str, raw: bytes
) -> None:
    key = SigningKey(secret)
    assert oracle.verify(secret, key.sign_logon(key_id, raw))
    signed = oracle.sign(secret, key_id, raw)
    same = secret == other
    assert key.verify_logon(signed)
    assert SigningKey(other).verify_logon(signed) is oracle.verify(other, signed) is same
    assert verify_batch({key_id: key}, [signed], 1) == b"\0"
    assert verify_batch({key_id: SigningKey(other)}, [signed], 1) == (b"\0" if same else b"\3")


@given(groups(), st.randoms(use_true_random=False))
def test_credentials_may_be_anywhere(drawn: list[Body], random: st.Random) -> None:
    *kept, _, _, _, _, _ = body_of(oracle.sign(SECRET, KEY_ID, joined(drawn)))[1:]
    *_, length, name, method, size, signature = body_of(oracle.sign(SECRET, KEY_ID, joined(drawn)))
    mixed = [[length, name], [method], [size, signature], *[[field] for field in kept]]
    random.shuffle(mixed)
    assert SigningKey(SECRET).verify_logon(joined(mixed))


@given(raw_logons)
@example(SIGNED)
def test_both_read_the_same_fields(raw: bytes) -> None:
    assert [(str(tag), value.decode("latin-1")) for tag, value in scan(raw)] == oracle.fields(raw)
    named = dict(oracle.fields(raw))
    assert Logon(raw).values == [named[tag].encode() for tag in oracle.ORDER]


def test_the_oracle_agrees_with_the_vector() -> None:
    assert oracle.sign(SECRET, KEY_ID, RAW) == SIGNED == message(body_of(SIGNED))
    assert oracle.canonical(FIELDS) == E1["canonical"]
