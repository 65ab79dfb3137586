"""The measured data: one published test key, one Logon, and many signed ones."""

from __future__ import annotations

from dataclasses import dataclass

from gatepass._native import PROFILES, SigningKey

#: A published test key that expired in 2018, and its Access Key ID.
SECRET = "2HlZ7exg8jTKltXnURjKvm3GS5iF5n4ClzHiEm_ocv4"  # noqa: S105
ACCESS_KEY_ID = "oNDxM33uE81ohWuVRtWT"

#: The eleven signed values of that key's published Logon.
VALUES = (
    "1", "B08004N", "MSG", "20170623-14:48:42.855", "92", "60", "US,NY", "0", "BRIO", "8.0", "ABC",
)  # fmt: skip

#: The order in which engines write a Logon: header, then body.
_LAYOUT = (35, 34, 49, 50, 52, 56, 57, 142, 369, 98, 108, 1603, 1604, 1605)


@dataclass(frozen=True)
class Samples:
    """A key, and a Logon before and after signing."""

    key: SigningKey
    raw: bytes
    signed: bytes


def raw_logon(msg_seq_num: int) -> bytes:
    """Write the Logon with this MsgSeqNum, unsigned."""
    values = dict(zip((tag for tag, _ in PROFILES["fix-logon"]), VALUES, strict=True))
    values |= {34: str(msg_seq_num), 35: "A", 56: "CME", 98: "0"}
    body = "".join(f"{tag}={values[tag]}\x01" for tag in _LAYOUT).encode()
    message = b"8=FIX.4.2\x019=%d\x01%s" % (len(body), body)
    return message + b"10=%03d\x01" % (sum(message) % 256)


def make_samples() -> Samples:
    """Make the one Logon that every path is measured with."""
    key = SigningKey(SECRET)
    raw = raw_logon(1)
    return Samples(key, raw, key.sign_logon(ACCESS_KEY_ID, raw))


def make_batch(key: SigningKey, count: int) -> list[bytes]:
    """Make `count` different signed Logons."""
    return [key.sign_logon(ACCESS_KEY_ID, raw_logon(number)) for number in range(1, count + 1)]
