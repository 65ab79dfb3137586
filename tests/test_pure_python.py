"""The pure-Python baseline of the benchmarks must be right: it is compared with the oracle."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gatepass.bench import pure_python
from tests import oracle

VECTORS = json.loads((Path(__file__).parent / "vectors/logon_vectors.json").read_text("utf-8"))
E1 = VECTORS["vectors"][0]
SECRET, KEY_ID = E1["secret_key"], E1["access_key_id"]
PAIR = pure_python.prepare_pair(SECRET)
RAW, SIGNED = (E1[name].replace("|", "\x01").encode("ascii") for name in ("raw", "signed"))
BODY = oracle.fields(RAW)[2:-1]

SIGNERS = [pure_python.sign_raw, pure_python.sign_raw_any_order]
VERIFIERS = [pure_python.verify_raw, pure_python.verify_raw_any_order]

values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)
eleven = st.tuples(*[values] * 11)
secrets = st.binary(min_size=16, max_size=128).map(
    lambda key: base64.urlsafe_b64encode(key).decode().rstrip("=")
)
key_ids = st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True)
passwords = st.binary(max_size=20).map(lambda data: data.decode("latin-1"))


@st.composite
def bodies(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Fields of a Logon in any order, with some that a signer must leave out."""
    pairs = [[(tag, draw(values))] for tag in oracle.ORDER]
    pairs.append([("56", "CME")])
    if draw(st.booleans()):
        pairs.append([("98", "0")])
    if draw(st.booleans()):
        password = draw(passwords)
        pairs.append([("95", str(len(password))), ("96", password)])
    if draw(st.booleans()):
        old = draw(passwords)
        pairs += [[("354", str(len(old))), ("355", old)], [("1400", "none")]]
    if draw(st.booleans()):
        pairs += [[("58", draw(values))], [("58", draw(values))]]
    shuffled = draw(st.permutations(pairs))
    return [("35", "A"), *[pair for group in shuffled for pair in group]]


def usual(signed_values: tuple[str, ...]) -> list[tuple[str, str]]:
    """Fields of a Logon in the order of the fast path."""
    named = dict(zip(oracle.ORDER, signed_values, strict=True))
    return [(tag, named.get(tag, value)) for tag, value in BODY]


def message(body: list[tuple[str, str]]) -> bytes:
    return oracle.framed("FIX.4.2", body)


def outcome(call: Any, *arguments: Any) -> Any:
    """Return the result of a call, or ``"refused"``."""
    try:
        return call(*arguments)
    except ValueError:
        return "refused"


@given(secrets, eleven)
@example(SECRET, tuple(E1["fields"][tag] for tag in oracle.ORDER))
def test_field_values_are_signed_as_by_the_oracle(
    secret: str, signed_values: tuple[str, ...]
) -> None:
    right = oracle.signature(secret, dict(zip(oracle.ORDER, signed_values, strict=True)))
    assert pure_python.sign_copied(pure_python.prepare(secret), *signed_values) == right
    assert pure_python.sign_pair(pure_python.prepare_pair(secret), *signed_values) == right
    assert pure_python.sign_decoding(secret, *signed_values) == right


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["id"])
def test_every_vector_is_signed_right(vector: dict[str, Any]) -> None:
    secret, given_values = vector["secret_key"], vector["fields"].values()
    right = vector["signature_base64url"]
    assert pure_python.sign_copied(pure_python.prepare(secret), *given_values) == right
    assert pure_python.sign_pair(pure_python.prepare_pair(secret), *given_values) == right
    assert pure_python.sign_decoding(secret, *given_values) == right


def test_the_fast_path_is_used() -> None:
    assert pure_python.USUAL(RAW)
    assert pure_python.USUAL_SIGNED(SIGNED)


@pytest.mark.parametrize("sign", SIGNERS)
def test_e1_is_signed_exactly(sign: Any) -> None:
    assert sign(PAIR, KEY_ID, RAW) == SIGNED


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize("verify", VERIFIERS)
@given(secret=secrets, key_id=key_ids, body=bodies())
def test_any_logon_is_signed_and_verified_as_by_the_oracle(
    sign: Any, verify: Any, secret: str, key_id: str, body: list[tuple[str, str]]
) -> None:
    prepared = pure_python.prepare_pair(secret)
    signed = sign(prepared, key_id, message(body))
    assert signed == oracle.sign(secret, key_id, message(body))
    assert oracle.verify(secret, signed)
    assert verify(prepared, signed) is True
    assert verify(PAIR, signed) is (secret == SECRET)


@pytest.mark.parametrize("encrypt_method", [[], [("98", "0")]])
@given(secret=secrets, key_id=key_ids, signed_values=eleven)
def test_a_logon_in_the_usual_order_takes_the_fast_path(
    encrypt_method: list[tuple[str, str]],
    secret: str,
    key_id: str,
    signed_values: tuple[str, ...],
) -> None:
    prepared = pure_python.prepare_pair(secret)
    body = usual(signed_values)
    raw = message(body[:9] + encrypt_method + body[9:])
    assert pure_python.USUAL(raw)
    signed = pure_python.sign_raw(prepared, key_id, raw)
    assert signed == oracle.sign(secret, key_id, raw)
    assert pure_python.USUAL_SIGNED(signed)
    assert pure_python.verify_raw(prepared, signed) is True


@given(bodies(), st.randoms(use_true_random=False))
def test_credentials_may_be_anywhere(body: list[tuple[str, str]], random: Any) -> None:
    signed = oracle.fields(oracle.sign(SECRET, KEY_ID, message(body)))[2:-1]
    kept, credentials = signed[1:-5], signed[-5:]
    groups = [credentials[:2], credentials[2:3], credentials[3:], *[[pair] for pair in kept]]
    random.shuffle(groups)
    moved = message([("35", "A"), *[pair for group in groups for pair in group]])
    assert pure_python.verify_raw(PAIR, moved) is True


@given(st.integers(0, len(SIGNED) - 1), st.integers(0, 255), st.booleans())
def test_both_paths_agree_on_a_changed_byte(at: int, byte: int, fix_sum: bool) -> None:
    changed = SIGNED[:at] + bytes([byte]) + SIGNED[at + 1 :]
    if fix_sum:  # so that more than the CheckSum is checked
        changed = changed[:-7] + b"10=%03d\x01" % (sum(changed[:-7]) % 256)
    fast, general = (outcome(verify, PAIR, changed) for verify in VERIFIERS)
    assert fast == general
    assert outcome(SIGNERS[0], PAIR, KEY_ID, changed) == outcome(SIGNERS[1], PAIR, KEY_ID, changed)
    if changed != SIGNED and not fix_sum:
        assert fast == "refused"


@given(st.binary(max_size=300), st.integers(0, 300))
def test_random_bytes_are_refused(noise: bytes, cut: int) -> None:
    for logon in (noise, SIGNED[:cut] + noise):
        assume(logon != SIGNED)
        for call, arguments in [(verify, (PAIR, logon)) for verify in VERIFIERS] + [
            (sign, (PAIR, KEY_ID, logon)) for sign in SIGNERS
        ]:
            with pytest.raises(ValueError, match=r".+"):
                call(*arguments)


@pytest.mark.parametrize("bit", range(256))
@pytest.mark.parametrize("verify", VERIFIERS)
def test_no_bit_of_the_signature_may_differ(verify: Any, bit: int) -> None:
    mac = bytearray.fromhex(E1["signature_hex"])
    mac[bit // 8] ^= 1 << bit % 8
    forged = base64.urlsafe_b64encode(mac).decode().rstrip("=")
    body = [*oracle.fields(SIGNED)[2:-2], ("1402", forged)]
    assert verify(PAIR, message(body)) is False


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize("length", [0, 22, 42, 44])
def test_a_signature_of_another_length_is_refused(verify: Any, length: int) -> None:
    text = (E1["signature_base64url"] + "A")[:length]
    body = [*oracle.fields(SIGNED)[2:-3], ("1401", str(length)), ("1402", text)]
    with pytest.raises(ValueError, match="1402"):
        verify(PAIR, message(body))


ILLEGAL = [
    *[(f"{tag} missing", [pair for pair in BODY if pair[0] != tag]) for tag in oracle.ORDER],
    *[(f"{tag} repeated", [*BODY, (tag, "X")]) for tag in (*oracle.ORDER, "8", "9", "35", "10")],
    *[
        (f"{tag} {name}", [(tag, bad) if pair[0] == tag else pair for pair in BODY])
        for tag in oracle.ORDER
        for name, bad in [("empty", ""), ("newline", "a\nb"), ("NUL", "a\0b"), ("Latin", "\xe9")]
    ],
    ("35 is not A", [("35", "0"), *BODY[1:]]),
    ("35 is not third", [BODY[1], BODY[0], *BODY[2:]]),
    ("tag with a leading zero", [*BODY, ("058", "X")]),
    ("tag that is not a number", [*BODY, ("5x", "X")]),
    ("empty tag", [*BODY, ("", "X")]),
    ("95 too short", [*BODY, ("95", "3"), ("96", "abcd")]),
    ("95 too long", [*BODY, ("95", "5"), ("96", "abcd")]),
    ("95 beyond the end", [*BODY, ("95", "9999"), ("96", "abcd")]),
    ("95 pointing back to itself", [*BODY, ("95", "-11"), ("96", "abcd")]),
    ("95 with a sign", [*BODY, ("95", "+4"), ("96", "abcd")]),
    ("95 and 354 crossed", [*BODY, ("95", "1"), ("355", "a"), ("354", "1"), ("96", "a")]),
    ("95 without 96", [*BODY, ("95", "4")]),
    ("96 without 95", [*BODY, ("96", "abcd")]),
    ("96 not directly after 95", [*BODY, ("95", "4"), ("58", "X"), ("96", "abcd")]),
]


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize("body", [body for _, body in ILLEGAL], ids=[name for name, _ in ILLEGAL])
def test_an_illegal_logon_is_refused(sign: Any, body: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        sign(PAIR, KEY_ID, message(body))


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_field_without_an_equals_sign_is_refused(sign: Any) -> None:
    # Together, "34=1=58" and "X" have as many separators as two fields.
    text = "".join(f"{tag}={value}\x01" for tag, value in BODY)
    text = text.replace("\x0134=1\x01", "\x0134=1=58\x01X\x01")
    head = f"8=FIX.4.2\x019={len(text)}\x01{text}".encode()
    with pytest.raises(ValueError, match="tags"):
        sign(PAIR, KEY_ID, head + b"10=%03d\x01" % (sum(head) % 256))


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("354", "19"),
        ("354", "21"),
        ("354", "34"),
        ("355", ""),
        ("1400", "CME-1-SHA-255"),
        ("1401", "42"),
        ("1401", "44"),
    ],
)
def test_wrong_credential_fields_are_refused(verify: Any, tag: str, value: str) -> None:
    body = [(tag, value) if pair[0] == tag else pair for pair in oracle.fields(SIGNED)[2:-1]]
    with pytest.raises(ValueError, match=r".+"):
        verify(PAIR, message(body))


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize("gone", [("1400",), ("354", "355"), ("1401", "1402")])
def test_missing_credential_fields_are_refused(verify: Any, gone: tuple[str, ...]) -> None:
    body = [pair for pair in oracle.fields(SIGNED)[2:-1] if pair[0] not in gone]
    with pytest.raises(ValueError, match="missing"):
        verify(PAIR, message(body))


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (RAW.replace(b"\x019=117", b"\x019=118"), "BodyLength"),
        (RAW.replace(b"10=098", b"10=099"), "CheckSum"),
        (RAW.replace(b"FIX.4.2", b"FIX.4.3"), "FIX.4.2"),
    ],
)
def test_a_wrong_frame_is_refused(sign: Any, broken: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        sign(PAIR, KEY_ID, broken)


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize("key_id", ["", "A" * 33, "A B", "A\x01B", "A\n", "\xe9"])
def test_a_bad_access_key_id_is_refused(sign: Any, key_id: str) -> None:
    with pytest.raises(ValueError, match="Access Key ID"):
        sign(PAIR, key_id, RAW)


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_long_logon_is_signed_right(sign: Any) -> None:
    # Too long for one exact Adler-32, and for the table of heads.
    raw = message([*BODY, ("58", "~" * 3000)])
    assert sign(PAIR, KEY_ID, raw) == oracle.sign(SECRET, KEY_ID, raw)
