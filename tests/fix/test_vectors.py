"""Every known answer through every path in Python, with each bit of each signature flipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gatepass import AccessKeyId, LogonSigner, LogonVerifier, SigningKey, explain
from gatepass._native import (
    ALGORITHM,
    PROFILES,
    Logon,
    canonical_string,
    decode_signature,
    encode_signature,
    scan,
    verify_batch,
)
from gatepass.errors import FieldError, SecretKeyError
from gatepass.signing import LocalSigner
from tests import oracle
from tests.fix.samples import (
    AT,
    CANONICAL,
    CREDENTIALS,
    FIELDS,
    KEY,
    KEY_ID,
    KEYS,
    LOGON_VECTORS,
    PAIR,
    RAW,
    SECRET,
    SIGNATURE,
    SIGNATURE_TEXT,
    SIGNED,
    as_text,
    changed,
    load,
    outcome,
    signed_with,
    without,
)

MACS = [
    *((f"rfc4231-{case['case']}", case) for case in load("rfc4231.json")["cases"]),
    *((f"wycheproof-{t['tcId']}", t) for t in load("wycheproof_hmac_sha256.json")["tests"]),
]
VALID = [vector for vector in LOGON_VECTORS.values() if vector["valid"]]
BITS = range(256)

SIGNERS: dict[str, Callable[[], bytes]] = {
    "SigningKey.sign_logon": lambda: KEY.sign_logon(KEY_ID, RAW),
    "Logon.with_credentials": lambda: Logon(RAW).with_credentials(KEY_ID, KEY.sign(CANONICAL)),
    "LogonSigner": lambda: LogonSigner(KEYS).sign(RAW, at=AT),
    "LogonSigner, pair named": lambda: LogonSigner(KEYS, access_key_id=AccessKeyId(KEY_ID)).sign(
        RAW, at=AT
    ),
    "LogonSigner.using": lambda: LogonSigner.using(LocalSigner(PAIR)).sign(RAW),
    "LogonSigner.sign_fields, spliced": lambda: spliced(
        LogonSigner(KEYS).sign_fields({int(t): v for t, v in FIELDS.items()}, at=AT).fields()
    ),
}
#: Each returns whether a signed message is right; a message that it cannot read is not.
VERIFIERS: dict[str, Callable[[bytes], bool]] = {
    "SigningKey.verify_logon": lambda signed: outcome(KEY.verify_logon, signed) is True,
    "SigningKey.verify": lambda signed: outcome(verify_parts, signed) is True,
    "LogonVerifier": lambda signed: LogonVerifier(KEYS).verify(signed, at=AT).valid,
    "LogonVerifier, any time": lambda signed: (
        LogonVerifier(KEYS).verify(signed, any_time=True).valid
    ),
    "explain": lambda signed: explain(signed, KEYS, at=AT).verdict.valid,
    "verify_batch": lambda signed: verify_batch({KEY_ID: KEY}, [signed], 1) == b"\0",
}


def spliced(credentials: tuple[tuple[int, str], ...]) -> bytes:
    added = [(str(tag), value) for tag, value in credentials]
    return oracle.framed("FIX.4.2", oracle.fields(RAW)[2:-1] + added)


def verify_parts(signed: bytes) -> bool:
    logon = Logon(signed)
    return logon.access_key_id == KEY_ID.encode() and KEY.verify(logon.canonical, logon.signature)


def key_of(vector: dict[str, Any]) -> SigningKey:
    return SigningKey(as_text(bytes.fromhex(vector["key"])))


def is_a_key(vector: dict[str, Any]) -> bool:
    return 16 <= len(vector["key"]) // 2 <= 128


def values_of(vector: dict[str, Any]) -> list[str]:
    return list(vector["fields"].values())


# --- HMAC-SHA-256 -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "vector",
    [vector for _, vector in MACS if is_a_key(vector)],
    ids=[name for name, vector in MACS if is_a_key(vector)],
)
def test_a_mac_vector(vector: dict[str, Any]) -> None:
    key, tag = key_of(vector), bytes.fromhex(vector["tag"])
    text = bytes.fromhex(vector["msg"])
    right = vector.get("result", "valid") == "valid"
    assert (key.sign(text)[: len(tag)] == tag) is right
    # A tag cut to 128 bits is never accepted, right or wrong.
    assert key.verify(text, tag) is (right and len(tag) == 32)


@pytest.mark.parametrize(
    "vector",
    [vector for _, vector in MACS if not is_a_key(vector)],
    ids=[name for name, vector in MACS if not is_a_key(vector)],
)
def test_a_mac_vector_whose_key_no_pair_can_have(vector: dict[str, Any]) -> None:
    with pytest.raises(SecretKeyError, match=r"too (short|long): at (least 16|most 128) bytes"):
        key_of(vector)


def test_few_vectors_are_left_out() -> None:
    assert sum(is_a_key(vector) for _, vector in MACS) >= 170


@pytest.mark.parametrize(
    "vector",
    [
        vector
        for _, vector in MACS
        if is_a_key(vector) and vector.get("result") == "valid" and vector["tagSize"] == 256
    ],
    ids=lambda vector: f"tc{vector['tcId']}",
)
def test_no_bit_and_no_length_of_a_mac_may_differ(vector: dict[str, Any]) -> None:
    key, tag = key_of(vector), bytes.fromhex(vector["tag"])
    text = bytes.fromhex(vector["msg"])
    assert key.verify(text, tag)
    assert not any(key.verify(text, flipped(tag, bit)) for bit in BITS)
    assert not any(key.verify(text, tag[:length]) for length in range(32))
    assert not any(key.verify(text, tag + bytes(more)) for more in range(1, 33))


def flipped(tag: bytes, bit: int) -> bytes:
    number = int.from_bytes(tag, "big") ^ 1 << bit
    return number.to_bytes(len(tag), "big")


# --- the three profiles -----------------------------------------------------------------------


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["id"])
def test_a_logon_vector(vector: dict[str, Any]) -> None:
    key, signature = SigningKey(vector["secret_key"]), bytes.fromhex(vector["signature_hex"])
    canonical = canonical_string(vector["profile"], values_of(vector))
    assert canonical == vector["canonical"].encode("ascii")
    assert canonical_string(vector["profile"], [v.encode() for v in values_of(vector)]) == canonical
    assert key.sign(canonical) == signature
    assert key.verify(canonical, signature)
    assert encode_signature(signature) == vector["signature_base64url"]
    assert decode_signature(vector["signature_base64url"]) == signature
    assert decode_signature(vector["signature_base64url"].encode()) == signature


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["id"])
def test_no_bit_and_no_length_of_a_logon_signature_may_differ(vector: dict[str, Any]) -> None:
    key, signature = SigningKey(vector["secret_key"]), bytes.fromhex(vector["signature_hex"])
    canonical = canonical_string(vector["profile"], values_of(vector))
    assert not any(key.verify(canonical, flipped(signature, bit)) for bit in BITS)
    assert not any(key.verify(canonical, signature[:length]) for length in range(32))
    assert not any(key.verify(canonical, signature + bytes(more)) for more in range(1, 33))
    assert not key.verify(canonical + b"\n", signature)
    assert not key.verify(canonical[:-1], signature)


def test_a_vector_that_correct_tools_must_not_produce_is_refused() -> None:
    vector = LOGON_VECTORS["R5"]
    assert vector["valid"] is False
    with pytest.raises(FieldError, match=r"TradingSystemName \(1603\) is empty") as caught:
        canonical_string(vector["profile"], values_of(vector))
    assert (caught.value.tag, caught.value.rule) == (1603, "empty")


def test_the_signature_of_the_invalid_vector_matches_its_string() -> None:
    vector = LOGON_VECTORS["R5"]
    key = SigningKey(vector["secret_key"])
    assert key.sign(vector["canonical"].encode()).hex() == vector["signature_hex"]


def test_the_profiles_are_those_of_the_vectors() -> None:
    assert set(PROFILES) == {"fix-logon", "ilink3-negotiate", "ilink3-establish"}
    assert [str(tag) for tag, _ in PROFILES["fix-logon"]] == list(FIELDS) == list(oracle.ORDER)
    for vector in LOGON_VECTORS.values():
        names = [name for _, name in PROFILES[vector["profile"]]]
        assert vector["profile"] == "fix-logon" or names == list(vector["fields"])


# --- E1, from raw bytes to a verdict ----------------------------------------------------------


@pytest.mark.parametrize("path", SIGNERS)
def test_e1_is_signed_to_the_byte(path: str) -> None:
    assert SIGNERS[path]() == SIGNED


def test_e1_is_signed_from_its_values() -> None:
    assert KEY.sign_fields(*FIELDS.values()) == SIGNATURE_TEXT
    credentials = LogonSigner(KEYS).sign_fields({int(t): v for t, v in FIELDS.items()}, at=AT)
    assert credentials.signature == SIGNATURE_TEXT
    assert [str(tag) for tag, _ in credentials.fields()] == list(CREDENTIALS)
    assert dict(credentials.fields())[1400] == ALGORITHM == "CME-1-SHA-256"


def test_e1_is_read_whole() -> None:
    logon = Logon(SIGNED)
    assert logon.message == SIGNED
    assert logon.canonical == CANONICAL == Logon(RAW).canonical
    assert logon.values == [value.encode() for value in FIELDS.values()]
    assert logon.access_key_id == KEY_ID.encode()
    assert logon.signature == SIGNATURE
    assert [(str(tag), value.decode()) for tag, value in scan(SIGNED)] == oracle.fields(SIGNED)


@pytest.mark.parametrize("path", VERIFIERS)
def test_e1_is_verified(path: str) -> None:
    assert VERIFIERS[path](SIGNED)


@pytest.mark.parametrize("path", VERIFIERS)
def test_no_bit_of_its_signature_may_differ(path: str) -> None:
    verify = VERIFIERS[path]
    assert not any(verify(signed_with(as_text(flipped(SIGNATURE, bit)))) for bit in BITS)


@pytest.mark.parametrize("path", VERIFIERS)
def test_no_signature_of_another_length_is_accepted(path: str) -> None:
    verify = VERIFIERS[path]
    assert not any(verify(signed_with(as_text(SIGNATURE[:length]))) for length in range(32))
    assert not any(verify(signed_with(SIGNATURE_TEXT[:length])) for length in range(43))
    assert not any(verify(signed_with(as_text(SIGNATURE + bytes(n)))) for n in (1, 2, 16, 32))


@pytest.mark.parametrize("path", VERIFIERS)
def test_no_other_encoding_of_its_signature_is_accepted(path: str) -> None:
    verify = VERIFIERS[path]
    spare = SIGNATURE_TEXT[:-1] + "t"  # differs from "s" in bits that 32 bytes do not have
    for text in (
        SIGNATURE_TEXT + "=",
        spare,
        SIGNATURE_TEXT.replace("-", "+"),
        SIGNATURE.hex(),
        SIGNATURE_TEXT + " ",
        SIGNATURE_TEXT + "\n",
        " " + SIGNATURE_TEXT,
        SIGNATURE_TEXT[:20] + "\n" + SIGNATURE_TEXT[20:],
        SIGNATURE.decode("latin-1"),
    ):
        assert not verify(signed_with(text)), text


@pytest.mark.parametrize("path", VERIFIERS)
@pytest.mark.parametrize("method", ["CME-1-SHA-255", "cme-1-sha-256", "CME-1-SHA-256 ", "none"])
def test_no_other_method_is_accepted(path: str, method: str) -> None:
    assert not VERIFIERS[path](changed(SIGNED, t1400=method))


@pytest.mark.parametrize("path", VERIFIERS)
@pytest.mark.parametrize("gone", [("1400",), ("354", "355"), ("1401", "1402"), CREDENTIALS])
def test_no_credential_may_be_missing(path: str, gone: tuple[str, ...]) -> None:
    assert not VERIFIERS[path](without(SIGNED, *gone))


def test_another_key_gives_another_signature() -> None:
    other = SigningKey(SECRET[:-2] + "vw")
    assert other.sign(CANONICAL) != SIGNATURE
    assert not other.verify(CANONICAL, SIGNATURE)
    assert not other.verify_logon(SIGNED)
