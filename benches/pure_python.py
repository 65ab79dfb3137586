"""The fastest pure-Python ways found to do what the native module does.

They exist to be measured against, so each was kept only after its rivals had been
timed and had lost; ``benches/README.md`` says which. They use the standard library
alone, check as much as the native code where a check costs time, and raise
ValueError for a message that cannot be read.

Two things make them faster than the code most people would write:

* HMAC is two SHA-256 states, and copying two ``hashlib`` objects is cheaper than
  copying one ``hmac.HMAC``.
* A client writes its Logon's fields in one order. ``USUAL`` is one regular expression
  for that whole message; other orders go the general way, which is right for all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from binascii import b2a_base64
from functools import lru_cache
from operator import itemgetter
from typing import Protocol
from zlib import adler32


class Hash(Protocol):
    """The part of a ``hashlib`` or ``hmac`` object that is used here."""

    def copy(self) -> Hash: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


Pair = tuple[Hash, Hash]  # SHA-256 that has taken in the inner pad, and the outer pad

SOH = b"\x01"
SIGNED = (b"34", b"49", b"50", b"52", b"57", b"108", b"142", b"369", b"1603", b"1604", b"1605")
CREDENTIALS = (b"354", b"355", b"1400", b"1401", b"1402")
DROPPED = frozenset((b"98", b"95", b"96", *CREDENTIALS))
# Data fields and the length field that stands right before each.
LENGTHS = {
    b"96": b"95",
    b"355": b"354",
    b"1402": b"1401",
    b"91": b"90",
    b"89": b"93",
    b"213": b"212",
}
DATA = frozenset((*LENGTHS, *LENGTHS.values()))
ONCE = (b"8", b"9", b"35", b"10", *SIGNED, *DROPPED)
METHOD = b"CME-1-SHA-256"

URLSAFE = bytes.maketrans(b"+/", b"-_")
PRINTABLE = bytes(range(0x20, 0x7F))
NO_EQUALS = PRINTABLE.replace(b"=", b"")
SEPARATORS = b"=\x01" * 512
TRAILERS = tuple(b"10=%03d\x01" % total for total in range(256))
HEADS = tuple(b"8=FIX.4.2\x019=%d\x01" % length for length in range(1024))

signed_values = itemgetter(*SIGNED)

_FRONT = (
    rb"8=FIX\.4\.2\x019=[1-9]\d*\x01("
    rb"35=A\x0134=([ -~]+)\x0149=([ -~]+)\x0150=([ -~]+)\x0152=([ -~]+)\x01"
    rb"56=[ -~]+\x0157=([ -~]+)\x01142=([ -~]+)\x01369=([ -~]+)\x01(98=[ -~]+\x01)?"
    rb"108=([ -~]+)\x01(?:141=[YN]\x01)?1603=([ -~]+)\x011604=([ -~]+)\x011605=([ -~]+)\x01"
)
_CREDENTIALS = rb"354=(\d{1,6})\x01355=([ -~]+)\x011400=CME-1-SHA-256\x011401=43\x011402=([\w-]{42}[AEIMQUYcgkosw048])\x01"
_TRAILER = rb")10=\d{3}\x01"
SIGNATURE = re.compile(rb"[\w-]{42}[AEIMQUYcgkosw048]").fullmatch
USUAL = re.compile(_FRONT + _TRAILER).fullmatch
USUAL_SIGNED = re.compile(_FRONT + _CREDENTIALS + _TRAILER).fullmatch


def prepare(secret: str) -> Hash:
    """One HMAC object, keyed once, to be copied per logon."""
    return hmac.new(base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4)), None, "sha256")


def prepare_pair(secret: str) -> Pair:
    """The same key as two SHA-256 objects, each one pad ahead."""
    key = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    return (
        hashlib.sha256(bytes(byte ^ 0x36 for byte in block)),
        hashlib.sha256(bytes(byte ^ 0x5C for byte in block)),
    )


def sign_copied(prepared: Hash, *values: str) -> str:
    """Sign eleven values with a prepared HMAC object copied per logon; no checks at all."""
    mac = prepared.copy()
    mac.update("\n".join(values).encode())
    return b2a_base64(mac.digest())[:43].translate(URLSAFE).decode()


def sign_pair(prepared: Pair, *values: str) -> str:
    """The same with two copied SHA-256 objects: the fastest found; no checks at all."""
    return _mac(prepared, "\n".join(values).encode()).decode()


def sign_decoding(secret: str, *values: str) -> str:
    """Decode the key at each logon, as most code does; no checks at all."""
    key = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    mac = hmac.new(key, "\n".join(values).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()


def sign_raw(prepared: Pair, access_key_id: str, logon: bytes) -> bytes:
    """Raw Logon bytes to signed Logon bytes; the usual order of fields goes faster."""
    usual = USUAL(logon)
    if usual is None:
        return sign_raw_any_order(prepared, access_key_id, logon)
    body, v34, v49, v50, v52, v57, v142, v369, v98, v108, v1603, v1604, v1605 = usual.groups()
    _check_frame(logon, len(body))
    if v98:
        body = body.replace(b"\x01" + v98, SOH, 1)
    canonical = b"\n".join((v34, v49, v50, v52, v57, v108, v142, v369, v1603, v1604, v1605))
    return _sealed(body, access_key_id, _mac(prepared, canonical))


def sign_raw_any_order(prepared: Pair, access_key_id: str, logon: bytes) -> bytes:
    """Raw Logon bytes to signed Logon bytes, one way for every order of fields."""
    tags, values, fields = _read(logon)
    if fields.keys().isdisjoint(DROPPED):
        body = logon[13 + len(values[1]) : -7]
    else:
        kept = zip(tags[2:-1], values[2:-1])
        body = b"".join([tag + b"=" + value + SOH for tag, value in kept if tag not in DROPPED])
    return _sealed(body, access_key_id, _mac(prepared, _canonical(fields)))


def verify_raw(prepared: Pair, logon: bytes) -> bool:
    """Whether signed Logon bytes carry the right signature; the usual order goes faster."""
    usual = USUAL_SIGNED(logon)
    if usual is None:
        return verify_raw_any_order(prepared, logon)
    (
        body,
        v34,
        v49,
        v50,
        v52,
        v57,
        v142,
        v369,
        _,
        v108,
        v1603,
        v1604,
        v1605,
        length,
        key_id,
        mac,
    ) = usual.groups()
    if int(length) != len(key_id):
        raise ValueError("EncodedText (355) is not as long as EncodedTextLen (354) says")
    _check_frame(logon, len(body))
    canonical = b"\n".join((v34, v49, v50, v52, v57, v108, v142, v369, v1603, v1604, v1605))
    return hmac.compare_digest(_mac(prepared, canonical), mac)


def verify_raw_any_order(prepared: Pair, logon: bytes) -> bool:
    """Whether signed Logon bytes carry the right signature, one way for every order."""
    _, _, fields = _read(logon)
    canonical = _canonical(fields)
    mac = fields.get(b"1402", b"")
    if fields.get(b"1400") != METHOD or not fields.get(b"355") or SIGNATURE(mac) is None:
        raise ValueError("355, 1400 or 1402 is missing or malformed")
    return hmac.compare_digest(_mac(prepared, canonical), mac)


def _mac(prepared: Pair, canonical: bytes) -> bytes:
    inner, outer = prepared
    inside = inner.copy()
    inside.update(canonical)
    outside = outer.copy()
    outside.update(inside.digest())
    return b2a_base64(outside.digest())[:43].translate(URLSAFE)


def _checksum(message: bytes) -> int:
    # Adler-32's low half is 1 + the sum of the bytes, modulo 65521, computed in C: as long
    # as the sum stays below that, it is five times as fast as sum().
    if len(message) < 256:
        return (adler32(message) - 1) & 255
    return sum([adler32(message[at : at + 255]) - 1 for at in range(0, len(message), 255)]) & 255


def _check_sum(message: bytes) -> None:
    if not message.endswith(TRAILERS[_checksum(message[:-7])]):
        raise ValueError("CheckSum (10) is wrong")


def _check_frame(message: bytes, length: int) -> None:
    head = HEADS[length] if length < 1024 else b"8=FIX.4.2\x019=%d\x01" % length
    if not message.startswith(head):
        raise ValueError("BodyLength (9) is wrong")
    _check_sum(message)


@lru_cache(maxsize=64)
def _credentials(access_key_id: str) -> bytes:
    text = access_key_id.encode("ascii")
    if re.fullmatch(rb"[\w-]{1,32}", text) is None:
        raise ValueError("an Access Key ID is 1 to 32 letters, digits, '-' or '_'")
    return b"354=%d\x01355=%b\x011400=%b\x011401=43\x011402=" % (len(text), text, METHOD)


def _sealed(body: bytes, access_key_id: str, mac: bytes) -> bytes:
    body = b"".join((body, _credentials(access_key_id), mac, SOH))
    length = len(body)
    message = (HEADS[length] if length < 1024 else b"8=FIX.4.2\x019=%d\x01" % length) + body
    return message + TRAILERS[_checksum(message)]


def _canonical(fields: dict[bytes, bytes]) -> bytes:
    try:
        signed = signed_values(fields)
    except KeyError as missing:
        raise ValueError(f"signed tag {missing} is missing") from None
    canonical = b"\n".join(signed)
    if not all(signed) or canonical.translate(None, PRINTABLE) != b"\n" * 10:
        raise ValueError("a signed value is empty or not printable ASCII")
    return canonical


def _read(message: bytes) -> tuple[list[bytes], list[bytes], dict[bytes, bytes]]:
    """All tags and values in order, and the values by tag, of one whole and intact Logon."""
    # Without its printable characters a message whose every field holds exactly one "=" is
    # "=", SOH, "=", SOH ...: then both separators can be split at once. That reading holds
    # unless a tag is repeated (the rules are in _walk) or a data field disagrees with it.
    tags: list[bytes] = []
    shape = message.translate(None, NO_EQUALS)
    if shape == SEPARATORS[: len(shape)] and shape.endswith(SOH):
        flat = message.replace(b"=", SOH).split(SOH)
        tags, values = flat[:-1:2], flat[1::2]
        fields = dict(zip(tags, values))
    if not tags or len(fields) != len(tags) or not _data_agrees(tags, values, fields):
        tags, values = _walk(message)
        fields = dict(zip(tags, values))
        if len(fields) != len(tags) and any(tags.count(tag) > 1 for tag in ONCE):
            raise ValueError("a tag is repeated")
    if tags[:3] != [b"8", b"9", b"35"] or tags[-1] != b"10":
        raise ValueError("not a message that begins with 8, 9, 35 and ends with 10")
    if values[0] != b"FIX.4.2" or values[2] != b"A":
        raise ValueError("not a FIX.4.2 Logon")
    if not b"".join(tags).isdigit() or b"" in fields or min(tags) < b"1":
        raise ValueError("a tag is not a number without leading zeros")
    if not values[1].isdigit() or int(values[1]) != len(message) - 20 - len(values[1]):
        raise ValueError("BodyLength (9) is wrong")
    _check_sum(message)
    return tags, values, fields


def _data_agrees(tags: list[bytes], values: list[bytes], fields: dict[bytes, bytes]) -> bool:
    """Whether each data field is right behind its length field and as long as that says."""
    if fields.keys().isdisjoint(DATA):
        return True
    for data, length in LENGTHS.items():
        if data in fields or length in fields:
            at = tags.index(data) if data in fields else 0
            if tags[at - 1] != length or values[at - 1] != b"%d" % len(values[at]):
                return False
    return True


def _walk(message: bytes) -> tuple[list[bytes], list[bytes]]:
    """Field by field: for values that hold "=", and data fields that hold a separator."""
    tags: list[bytes] = []
    values: list[bytes] = []
    at = 0
    while at < len(message):
        equals = message.index(b"=", at)
        tag = message[at:equals]
        before = tags[-1] if tags else b""
        if (tag in LENGTHS or before in LENGTHS.values()) and LENGTHS.get(tag) != before:
            raise ValueError("a data field and its length field belong together")
        end = equals + 1 + int(values[-1]) if tag in LENGTHS else message.index(SOH, equals)
        if message[end : end + 1] != SOH:
            raise ValueError("a data field is not as long as its length field says")
        tags.append(tag)
        values.append(message[equals + 1 : end])
        at = end + 1
    return tags, values
