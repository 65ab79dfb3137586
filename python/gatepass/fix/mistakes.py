"""Signatures that are right for a wrong string: the mistakes that clients make.

CME answers all of them with the same text. Each row here builds the string that a client with this
mistake signs; if the received signature matches it, the mistake is found. Nothing here ever makes
a Logon valid.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from gatepass._native import PROFILES, scan
from gatepass.keys import KeyPair

_FIELDS = PROFILES["fix-logon"]
_TAGS = tuple(tag for tag, _ in _FIELDS)


@dataclass(frozen=True, slots=True)
class SignedLogon:
    """The source of each row's string: the message and its eleven signed values."""

    message: bytes = field(repr=False)
    values: Sequence[bytes] = field(repr=False)

    def joined(self, delimiter: bytes) -> bytes:
        """The values with another delimiter."""
        return delimiter.join(self.values)

    def without(self, tag: int) -> bytes:
        """The canonical string with one field and its delimiter left out."""
        kept = (value for t, value in zip(_TAGS, self.values, strict=True) if t != tag)
        return b"\n".join(kept)

    def emptied(self, tag: int) -> bytes:
        """The canonical string with an empty line for one field."""
        pairs = zip(_TAGS, self.values, strict=True)
        return b"\n".join(b"" if t == tag else value for t, value in pairs)

    def changed(self, tag: int, value: bytes) -> bytes:
        """The canonical string with another value for one field."""
        pairs = zip(_TAGS, self.values, strict=True)
        return b"\n".join(value if t == tag else old for t, old in pairs)

    def with_target_comp_id(self) -> bytes:
        """The canonical string with 56 between 52 and 57."""
        found = dict(scan(self.message)).get(56, b"")
        split = _TAGS.index(57)
        return b"\n".join([*self.values[:split], found, *self.values[split:]])

    def in_message_order(self) -> bytes:
        """The values in the order of the message instead of ascending tags."""
        return b"\n".join(value for tag, value in scan(self.message) if tag in _TAGS)

    def with_tags(self) -> bytes:
        """``tag=value`` instead of the values."""
        pairs = zip(_TAGS, self.values, strict=True)
        return b"\n".join(b"%d=%s" % pair for pair in pairs)

    def value(self, tag: int) -> bytes:
        """One signed value."""
        return self.values[_TAGS.index(tag)]


_DELIMITERS = (
    (b"", "with nothing between the values"),
    (b"\\n", "with a backslash and an n between the values, instead of a line feed"),
    (b"\r\n", "with CR LF between the values"),
    (b"\x01", "with SOH between the values"),
    (b"|", "with | between the values"),
    (b" ", "with blanks between the values"),
    (b",", "with commas between the values"),
)

_MISTAKES: tuple[tuple[str, Callable[[SignedLogon], bytes]], ...] = (
    ("with a line feed after the last value", lambda logon: logon.joined(b"\n") + b"\n"),
    ("with a line feed before the first value", lambda logon: b"\n" + logon.joined(b"\n")),
    ("with the tag numbers in it (tag=value)", SignedLogon.with_tags),
    ("with TargetCompID (56) in it", SignedLogon.with_target_comp_id),
    ("in the order of the message instead of ascending tags", SignedLogon.in_message_order),
    (
        "with SenderCompID (49) cut to the Session ID",
        lambda logon: logon.changed(49, logon.value(49)[:3]),
    ),
    (
        "with SenderCompID (49) without its Fault Tolerance Indicator",
        lambda logon: logon.changed(49, logon.value(49)[:-1]),
    ),
    (
        "with SendingTime (52) without its milliseconds",
        lambda logon: logon.changed(52, logon.value(52).partition(b".")[0]),
    ),
    *((text, lambda logon, d=delimiter: logon.joined(d)) for delimiter, text in _DELIMITERS),
    *((f"without {name} ({tag})", lambda logon, t=tag: logon.without(t)) for tag, name in _FIELDS),
    *(
        (f"with an empty line for {name} ({tag})", lambda logon, t=tag: logon.emptied(t))
        for tag, name in _FIELDS
    ),
)


def find_mistake(logon: SignedLogon, signature: bytes, pair: KeyPair) -> str | None:
    """Return what was signed instead of the canonical string, or how; ``None`` if unknown."""
    for described, signed in _candidates(logon):
        if pair.signing_key.verify(signed, signature):
            return f"the canonical string was built {described}"
        if pair.diagnosis_key is not None and pair.diagnosis_key.made(signed, signature):
            found = "the Secret Key was used as text: decode it from base64url first"
            return found if described == "" else f"{found}; and the string was built {described}"
    return None


def _candidates(logon: SignedLogon) -> Iterator[tuple[str, bytes]]:
    yield "", logon.joined(b"\n")
    for described, build in _MISTAKES:
        yield described, build(logon)


def read_foreign_signature(text: bytes) -> tuple[str, bytes] | None:
    """Recognise 32 bytes in another encoding than base64url without padding.

    Returns the name of the encoding and the bytes.
    """
    is_hexadecimal = len(text) == 64
    if is_hexadecimal:
        name = "hexadecimal"
    elif b"+" in text or b"/" in text:
        name = "standard base64"
    elif b"=" in text:
        name = "base64url with padding"
    else:
        return None
    try:
        signature = binascii.unhexlify(text) if is_hexadecimal else _base64(text)
    except (binascii.Error, ValueError):
        return None
    return (name, signature) if len(signature) == 32 else None


def _base64(text: bytes) -> bytes:
    standard = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    return base64.b64decode(standard + b"=" * (-len(standard) % 4), validate=True)
