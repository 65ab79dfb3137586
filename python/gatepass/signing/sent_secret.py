"""A secret key that was sent where the signature belongs: clients have done that.

It is not shown, and it is named: what was on a wire is no secret any more.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from gatepass._native import SigningKey, decode_signature
from gatepass.errors import LogonError, SecretKeyError
from gatepass.keys import KeyPair
from gatepass.keys.likely_secret import may_be_secret
from gatepass.signing.mistakes import read_foreign_signature
from gatepass.signing.notation import visible

#: What to say of it.
WORDS = (
    "EncryptedPassword (1402) is the Secret Key itself: sign with it, never send it, and generate a"
    " new pair, for this one is known now to all who saw the Logon"
)
#: How what is not shown begins.
HIDDEN = "***"
#: Any bytes: two keys that sign them alike are one.
_PROBE = b"which key is this?"


def is_secret(decoded: bytes, pairs: Iterable[KeyPair]) -> bool:
    """Tell whether the bytes of a signature are the secret key of one of these pairs."""
    text = base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii")
    try:
        probe = SigningKey(text).sign(_PROBE)
    except SecretKeyError:
        return False
    return any(pair.signing_key.verify(_PROBE, probe) for pair in pairs)


def bytes_of(signature: bytes) -> bytes | None:
    """Give the 32 bytes of a signature, however it is written; ``None`` if it has not so many."""
    try:
        return decode_signature(signature)
    except LogonError:
        foreign = read_foreign_signature(signature)
        return None if foreign is None else foreign[1]


def shown(signature: bytes, expected: str | None, pairs: Iterable[KeyPair]) -> str:
    """Write a signature for people; what may be a secret key, or a part of one, is not shown."""
    text = visible(signature)
    decoded = bytes_of(signature)
    if decoded is None:
        # A part of the right signature may be shown, and so may what is no secret's look.
        hidden = may_be_secret(text) and not (expected and text in expected)
    else:
        hidden = is_secret(decoded, pairs)
    return f"{HIDDEN} ({len(text)} characters)" if hidden else text
