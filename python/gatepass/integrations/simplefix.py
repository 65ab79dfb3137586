"""Sign a Logon built with simplefix (PyPI ``simplefix``)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from gatepass._native import scan
from gatepass.fix import LogonSigner

#: 98, 95 and 96 are not allowed in a CME Logon; the others are replaced.
_REPLACED = (98, 95, 96, 354, 355, 1400, 1401, 1402)
_CREDENTIALS = _REPLACED[3:]


class FixMessage(Protocol):
    """The used part of a ``simplefix.FixMessage``."""

    def append_pair(self, tag: int, value: bytes) -> None: ...  # noqa: D102
    def remove(self, tag: int, nth: int = 1) -> bytes | None: ...  # noqa: D102
    def encode(self) -> bytes: ...  # noqa: D102


def sign_logon(message: FixMessage, signer: LogonSigner, *, at: datetime | None = None) -> None:
    """Sign a Logon in place: remove 98, 95 and 96, append 354, 355, 1400, 1401 and 1402.

    ``message.encode()`` then gives the bytes to send. Do not change the message after that: a new
    value of a signed tag needs a new signature. `at` (default: now) decides which pair is valid.
    Raises what `LogonSigner.sign` raises, and then leaves the message unchanged.
    """
    signed = dict(scan(signer.sign(message.encode(), at=at)))
    for tag in _REPLACED:
        while message.remove(tag) is not None:
            pass
    for tag in _CREDENTIALS:
        message.append_pair(tag, signed[tag])
