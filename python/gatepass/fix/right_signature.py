"""Whether a Logon is signed with the right key, even if something else is wrong with it.

An attacker who captures it can correct what the signature does not cover: the other fields, their
order, BodyLength and CheckSum, and the encoding of the signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from gatepass._native import PROFILES, canonical_string, scan_unchecked
from gatepass.errors import FieldError, LogonError
from gatepass.fix.sending_time import parse_sending_time
from gatepass.fix.sent_secret import decoded_signature
from gatepass.keys import KeyRing
from gatepass.values import value

_TAGS = tuple(tag for tag, _ in PROFILES["fix-logon"])


@value
class Signed:
    """A signature and its SendingTime (52); whether it is right, or of a pair still unknown."""

    signature: bytes = field(repr=False)
    sending_time: datetime
    is_right: bool


def read_signed(logon: bytes, ring: KeyRing) -> Signed | None:
    """Read a Logon whose signature is right, or may be right once its pair is known.

    ``None`` also if 52, which is signed, is malformed: such a Logon can never be admitted.
    """
    try:
        fields = scan_unchecked(logon)
    except LogonError:
        return None
    # If a tag occurs twice, either value may be the signed one.
    last, first = dict(fields), dict(reversed(fields))
    found = [_read(first, ring)]
    if first != last:
        found.append(_read(last, ring))
    may_be = [signed for signed in found if signed is not None]
    return max(may_be, key=lambda signed: signed.is_right, default=None)


def _read(values: Mapping[int, bytes], ring: KeyRing) -> Signed | None:
    signature = decoded_signature(values.get(1402, b""))
    if signature is None:
        return None
    try:
        canonical = canonical_string("fix-logon", [values.get(tag) for tag in _TAGS])
        sending_time = parse_sending_time(values[52].decode("ascii"))
    except (FieldError, ValueError):
        return None
    for pair in ring.serving(values[49].decode("ascii")):
        if pair.signing_key.verify(canonical, signature):
            return Signed(signature, sending_time, is_right=True)
    named = values.get(355, b"").decode("latin-1")
    return None if ring.find(named) else Signed(signature, sending_time, is_right=False)
