"""A Secret Key in the place of a signature: clients have sent that."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from gatepass._native import SigningKey
from gatepass.fix.mistakes import read_foreign_signature
from gatepass.keys import KeyPair
from gatepass.keys.likely_secret import starred

_SIGNATURE = 1402
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]{43}")
#: Any bytes: two keys that sign them alike are one.
_PROBE = b"which key is this?"

#: A secret that was on a wire is none any more.
KEY_SENT = (
    "EncryptedPassword (1402) is the Secret Key itself: sign with it, never send it, and generate a"
    " new pair"
)


def is_sent_secret(value: bytes, pairs: Iterable[KeyPair]) -> bool:
    """Tell whether EncryptedPassword (1402) is the Secret Key of one of `pairs`."""
    decoded = decoded_signature(value)
    return decoded is not None and _is_secret(decoded, pairs)


def shown_signature(value: bytes, pairs: Iterable[KeyPair]) -> bytes:
    """Give EncryptedPassword (1402) as it may be shown, as long as it came.

    A signature is no secret. The Secret Key of one of `pairs`, and what may be a part of one, is.
    """
    decoded = decoded_signature(value)
    if decoded is None:
        return starred(value, _SIGNATURE)
    return b"*" * len(value) if _is_secret(decoded, pairs) else value


def decoded_signature(value: bytes) -> bytes | None:
    """Give the 32 bytes of a signature, however it is written; ``None`` if it is none."""
    if _BASE64URL.fullmatch(value):
        return base64.urlsafe_b64decode(value + b"=")
    foreign = read_foreign_signature(value)
    return None if foreign is None else foreign[1]


def _is_secret(decoded: bytes, pairs: Iterable[KeyPair]) -> bool:
    text = base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii")
    probe = SigningKey(text).sign(_PROBE)
    return any(pair.signing_key.verify(_PROBE, probe) for pair in pairs)
