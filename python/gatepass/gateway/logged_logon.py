"""A Logon as a log may have it: as it came, with its signature, without anything secret."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from gatepass._native import SigningKey, complete_draft, scan
from gatepass.errors import SecretKeyError
from gatepass.keys import KeyPair
from gatepass.session.message import Message
from gatepass.signing.mistakes import read_foreign_signature

_SIGNATURE = 1402
#: What an old client, or one of another exchange, has its password in.
_PASSWORDS = frozenset({91, 96, 554, 925})
#: What may be a secret key where none belongs, in any form of base64 or in hexadecimal. A Logon's
#: own values are shorter: 355 has up to 32 characters, 1603 up to 30.
_LONG = re.compile(r"[A-Za-z0-9_+/=-]{33,}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{43}")
#: Any bytes: two keys that sign them alike are one.
_PROBE = b"which key is this?"


def written(logon: Message, pairs: Sequence[KeyPair]) -> str:
    """Write a Logon with ``|`` for SOH, or with SOH where a value has a ``|``.

    A signature (1402) stays, unless it is the Secret Key of one of `pairs`: clients have sent that.
    Passwords, and values that could be a secret or a canonical string, are replaced by as many
    asterisks, and CheckSum (10) is made right for these, so that the rest can still be read.
    """
    whole = [(tag, value.decode("latin-1")) for tag, value in scan(logon.wire)]
    safe = [(tag, _safe(tag, value, pairs)) for tag, value in whole]
    text = "".join(f"{tag}={value}\x01" for tag, value in safe)
    if safe != whole:
        text = complete_draft(text.encode("latin-1")).decode("latin-1")
    return text if "|" in text else text.replace("\x01", "|")


def has_secret_for_signature(logon: Message, pairs: Sequence[KeyPair]) -> bool:
    """Tell whether EncryptedPassword (1402) is the Secret Key of one of `pairs`."""
    decoded = _signature(logon.get(_SIGNATURE) or "")
    return decoded is not None and _is_secret(decoded, pairs)


def _safe(tag: int, value: str, pairs: Sequence[KeyPair]) -> str:
    if tag in _PASSWORDS or "\n" in value:
        return "*" * len(value)
    if tag == _SIGNATURE and (decoded := _signature(value)) is not None:
        return "*" * len(value) if _is_secret(decoded, pairs) else value
    return _LONG.sub(_stars, value)


def _stars(match: re.Match[str]) -> str:
    return "*" * len(match[0])


def _signature(value: str) -> bytes | None:
    """Give the 32 bytes of a signature, however it is written; ``None`` if it is none."""
    if _BASE64URL.fullmatch(value):
        return base64.urlsafe_b64decode(f"{value}=")
    try:
        foreign = read_foreign_signature(value.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        return None
    return None if foreign is None else foreign[1]


def _is_secret(decoded: bytes, pairs: Sequence[KeyPair]) -> bool:
    text = base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii")
    try:
        probe = SigningKey(text).sign(_PROBE)
    except SecretKeyError:
        return False
    return any(pair.signing_key.verify(_PROBE, probe) for pair in pairs)
