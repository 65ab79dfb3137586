"""The oracle must give every known answer, because other tests compare with it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests import oracle

VECTORS = Path(__file__).parent / "vectors"
ILINK3 = ("RequestTimestamp", "UUID", "Session", "Firm")
ORDERS = {
    "fix-logon": oracle.ORDER,
    "ilink3-negotiate": ILINK3,
    "ilink3-establish": (
        *ILINK3,
        "TradingSystemName",
        "TradingSystemVersion",
        "TradingSystemVendor",
        "NextSeqNo",
        "KeepAliveInterval",
    ),
}


def load(name: str) -> dict[str, Any]:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


RFC4231 = load("rfc4231.json")["cases"]
WYCHEPROOF = load("wycheproof_hmac_sha256.json")["tests"]
LOGONS = {vector["id"]: vector for vector in load("logon_vectors.json")["vectors"]}


def wire(text: str) -> bytes:
    return text.replace("|", "\x01").encode("ascii")


def tag_of(vector: dict[str, Any]) -> bytes:
    """Return the oracle's tag of a MAC vector; the message is a canonical string of one value."""
    secret = base64.urlsafe_b64encode(bytes.fromhex(vector["key"])).decode().rstrip("=")
    message = bytes.fromhex(vector["msg"]).decode("latin-1")
    text = oracle.signature(secret, {"message": message}, order=("message",))
    return base64.urlsafe_b64decode(text + "=")


def secret_of(vector: dict[str, Any]) -> str:
    secret = vector["secret_key"]
    assert isinstance(secret, str)
    return secret


def test_the_sets_of_vectors_are_complete() -> None:
    assert [vector["case"] for vector in RFC4231] == [1, 2, 3, 4, 5, 6, 7]
    assert [vector["tcId"] for vector in WYCHEPROOF] == list(range(1, 175))
    assert list(LOGONS) == ["E1", "R1", "R2", "R5"]
    assert [vector["tagBits"] for vector in RFC4231] == [256, 256, 256, 256, 128, 256, 256]
    assert sum(vector["tagSize"] == 128 for vector in WYCHEPROOF) == 87
    assert sum(vector["result"] == "valid" for vector in WYCHEPROOF) == 66


@pytest.mark.parametrize("name", sorted(path.name for path in VECTORS.glob("*.json")))
def test_every_file_says_where_it_is_from(name: str) -> None:
    held = load(name)
    assert held["origin"]
    assert held["note"]


@pytest.mark.parametrize("vector", RFC4231, ids=lambda vector: f"case{vector['case']}")
def test_the_oracle_gives_the_tags_of_rfc_4231(vector: dict[str, Any]) -> None:
    tag = bytes.fromhex(vector["tag"])
    assert len(tag) * 8 == vector["tagBits"]
    assert tag_of(vector)[: len(tag)] == tag
    assert (tag_of(vector) == tag) is (vector["case"] != 5)


@pytest.mark.parametrize("vector", WYCHEPROOF, ids=lambda vector: f"tc{vector['tcId']}")
def test_the_oracle_gives_the_tags_of_wycheproof(vector: dict[str, Any]) -> None:
    tag = bytes.fromhex(vector["tag"])
    assert len(tag) * 8 == vector["tagSize"]
    assert (tag_of(vector)[: len(tag)] == tag) is (vector["result"] == "valid")


@pytest.mark.parametrize("vector", LOGONS.values(), ids=LOGONS)
def test_the_oracle_signs_the_logon_vectors(vector: dict[str, Any]) -> None:
    order = ORDERS[vector["profile"]]
    assert oracle.canonical(vector["fields"], order) == vector["canonical"]
    text = oracle.signature(secret_of(vector), vector["fields"], order)
    assert text == vector["signature_base64url"]
    assert base64.urlsafe_b64decode(text + "=").hex() == vector["signature_hex"]


def test_a_logon_is_signed_exactly() -> None:
    vector = LOGONS["E1"]
    raw, signed = wire(vector["raw"]), wire(vector["signed"])
    assert oracle.sign(secret_of(vector), vector["access_key_id"], raw) == signed
    assert oracle.verify(secret_of(vector), signed)


def test_signing_again_replaces_the_credentials() -> None:
    vector = LOGONS["E1"]
    signed = wire(vector["signed"])
    assert oracle.sign(secret_of(vector), vector["access_key_id"], signed) == signed


def test_fields_that_a_signer_must_leave_out_are_left_out() -> None:
    vector = LOGONS["E1"]
    body = [pair for pair in oracle.fields(wire(vector["raw"])) if pair[0] not in ("8", "9", "10")]
    password = "pass\x01354=word"
    old = [("98", "0"), ("95", str(len(password))), ("96", password)]
    raw = oracle.framed("FIX.4.2", body[:9] + old + body[9:])
    signed = oracle.sign(secret_of(vector), vector["access_key_id"], raw)
    assert signed == wire(vector["signed"])


@pytest.mark.parametrize("bit", range(256))
def test_no_bit_of_the_signature_may_differ(bit: int) -> None:
    vector = LOGONS["E1"]
    mac = bytearray.fromhex(vector["signature_hex"])
    mac[bit // 8] ^= 1 << bit % 8
    forged = base64.urlsafe_b64encode(mac).decode().rstrip("=")
    body = oracle.fields(wire(vector["signed"]))[2:-1]
    body[-1] = ("1402", forged)
    assert not oracle.verify(secret_of(vector), oracle.framed("FIX.4.2", body))


def test_no_byte_of_a_signed_logon_may_differ() -> None:
    # A byte that is not signed is still part of the CheckSum.
    vector = LOGONS["E1"]
    signed = wire(vector["signed"])
    at = signed.index(b"56=CME") + 3
    assert not oracle.verify(secret_of(vector), signed[:at] + b"D" + signed[at + 1 :])


def test_the_oracle_shares_no_code_with_the_package() -> None:
    source = Path(oracle.__file__).read_text(encoding="utf-8")
    assert "gatepass" not in source
    assert len([line for line in source.splitlines() if line.strip()]) <= 30
