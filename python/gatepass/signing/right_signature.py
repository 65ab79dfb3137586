"""Whether a Logon is signed with the right key, whatever else is wrong with it.

Who overhears it can make right what the signature does not cover: the other fields, their order,
BodyLength and CheckSum, and how the signature is written.
"""

from __future__ import annotations

from datetime import datetime

from gatepass._native import PROFILES, canonical_string
from gatepass.errors import FieldError
from gatepass.keys import KeyRing
from gatepass.signing.sending_time import parse_sending_time
from gatepass.signing.sent_secret import decoded_signature

_TAGS = tuple(tag for tag, _ in PROFILES["fix-logon"])
#: Of the longest tag that is signed.
_DIGITS = 4


def right_signature(logon: bytes, ring: KeyRing) -> tuple[bytes, datetime] | None:
    """Give a Logon's signature and SendingTime (52), if a pair of its session has signed it.

    ``None`` also where 52, which is signed, is no time: nobody can ever log on with it.
    """
    fields = []
    for field in logon.split(b"\x01"):
        tag, is_field, value = field.partition(b"=")
        if is_field and tag.isdigit() and len(tag) <= _DIGITS:
            fields.append((int(tag), value))
    # Of a tag that is there twice either value may be the one that was signed.
    last, first = dict(fields), dict(reversed(fields))
    for values in (first,) if first == last else (first, last):
        signature = decoded_signature(values.get(1402, b""))
        if signature is None:
            continue
        try:
            canonical = canonical_string("fix-logon", [values.get(tag) for tag in _TAGS])
            sending_time = parse_sending_time(values[52].decode("ascii"))
        except (FieldError, ValueError):
            continue
        for pair in ring.serving(values[49].decode("ascii")):
            if pair.signing_key.verify(canonical, signature):
                return signature, sending_time
    return None
