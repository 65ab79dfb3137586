"""A Logon as a log may show it: as it came, with its signature, without any secret."""

from __future__ import annotations

from collections.abc import Sequence

from gatepass._native import complete_draft, scan
from gatepass.fix.message import Message
from gatepass.fix.sent_secret import shown_signature
from gatepass.keys import KeyPair
from gatepass.keys.likely_secret import starred

_SIGNATURE = 1402
#: Tags that contain the password of an old client, or of a client of another exchange.
_PASSWORDS = frozenset({91, 96, 554, 925})


def written(logon: Message, pairs: Sequence[KeyPair]) -> str:
    """Write a Logon with ``|`` for SOH, or with SOH if a value contains a ``|``.

    A signature (1402) stays, unless it is the Secret Key of one of `pairs`: clients have sent that.
    Passwords, and values that could be a secret or a canonical string, are replaced by as many
    asterisks, and CheckSum (10) is corrected for these, so that the rest can still be read.
    """
    whole = scan(logon.wire)
    safe = [(tag, _safe(tag, value, pairs)) for tag, value in whole]
    wire = b"".join(b"%d=%s\x01" % field for field in safe)
    if safe != whole:
        wire = complete_draft(wire)
    text = wire.decode("latin-1")
    return text if "|" in text else text.replace("\x01", "|")


def _safe(tag: int, value: bytes, pairs: Sequence[KeyPair]) -> bytes:
    if tag in _PASSWORDS or b"\n" in value:
        return b"*" * len(value)
    return shown_signature(value, pairs) if tag == _SIGNATURE else starred(value, tag)
