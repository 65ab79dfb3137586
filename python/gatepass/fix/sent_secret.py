"""A Secret Key sent instead of a signature: clients have done that."""

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
#: Any bytes: two keys with the same signature of them are the same key.
_PROBE = b"which key is this?"

#: A secret that was on a wire is no longer secret.
KEY_SENT = (
    "EncryptedPassword (1402) is the Secret Key itself: sign with it, never send it, and generate a"
    " new pair"
)


def is_sent_secret(value: bytes, pairs: Iterable[KeyPair]) -> bool:
    """Return whether EncryptedPassword (1402) is the Secret Key of one of `pairs`."""
    decoded = decoded_signature(value)
    return decoded is not None and _is_secret(decoded, pairs)


def shown_signature(value: bytes, pairs: Iterable[KeyPair]) -> bytes:
    """Return EncryptedPassword (1402) as it may be shown, with its length unchanged.

    A signature is not secret. The Secret Key of one of `pairs`, or what may be a part of one, is.
    """
    decoded = decoded_signature(value)
    if decoded is None:
        return starred(value, _SIGNATURE)
    return b"*" * len(value) if _is_secret(decoded, pairs) else value


def decoded_signature(value: bytes) -> bytes | None:
    """Return the 32 bytes of a signature in any encoding; ``None`` if it is not one."""
    if _BASE64URL.fullmatch(value):
        return base64.urlsafe_b64decode(value + b"=")
    foreign = read_foreign_signature(value)
    return None if foreign is None else foreign[1]


def _is_secret(decoded: bytes, pairs: Iterable[KeyPair]) -> bool:
    text = base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii")
    probe = SigningKey(text).sign(_PROBE)
    return any(pair.signing_key.verify(_PROBE, probe) for pair in pairs)
