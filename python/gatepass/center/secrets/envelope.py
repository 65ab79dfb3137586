"""Where the key is kept that wraps all others: the envelope key.

32 bytes, as 43 characters of base64url. A file or variable may hold several, one a line: the first
wraps from now on, the others still open what they wrapped. So a key is changed by putting a new
line on top, re-wrapping, and taking the old line away.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn, Protocol, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatepass.errors import VaultError
from gatepass.files import exposed, private_draft

#: Bytes of an envelope key, of a data key and of a nonce: AES-256-GCM (NIST SP 800-38D).
KEY_BYTES = 32
NONCE_BYTES = 12

_LABEL = b"gatepass envelope key id\0"
_FORMAT = "43 characters of base64url (32 bytes)"


class EnvelopeKeys(Protocol):
    """Whatever wraps data keys: a local key, or an external provider that never shows its own.

    ``subject`` is bound to what is wrapped: another one does not open it. Errors are
    `gatepass.errors.VaultError`.
    """

    @property
    def current(self) -> str:
        """Name the key that wraps now: at most 64 characters of ASCII."""

    def wrap(self, data_key: bytes, subject: bytes) -> bytes:
        """Wrap a data key with the current key."""

    def unwrap(self, wrapped: bytes, subject: bytes, envelope: str) -> bytes:
        """Open a data key that the key named ``envelope`` wrapped."""


@final
class LocalKeys:
    """Envelope keys in this process. The first wraps, all open; cannot be pickled."""

    __slots__ = ("_ciphers", "current")

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._ciphers = {_name(key): AESGCM(key) for key in keys}
        if not self._ciphers:
            raise VaultError(f"there is no envelope key: it is a line of {_FORMAT}")
        self.current = next(iter(self._ciphers))

    def wrap(self, data_key: bytes, subject: bytes) -> bytes:
        """Wrap a data key with the first key."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._ciphers[self.current].encrypt(nonce, data_key, subject)

    def unwrap(self, wrapped: bytes, subject: bytes, envelope: str) -> bytes:
        """Open a data key with the key that wrapped it; raise `VaultError` without it."""
        cipher = self._ciphers.get(envelope)
        if cipher is None:
            raise VaultError(
                f"this was sealed with the envelope key {envelope}, and at hand is"
                f" {', '.join(self._ciphers)}: give the Request Center that key as well"
            )
        try:
            return cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], subject)
        except InvalidTag:
            raise VaultError(TAMPERED) from None

    def __repr__(self) -> str:
        return f"<LocalKeys {', '.join(self._ciphers)} [redacted]>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("envelope keys cannot be pickled or copied")


#: The error for a seal that cannot be opened with this key and context.
TAMPERED = (
    "a sealed secret was changed or belongs to something else: restore it from a backup,"
    " and find out who writes to the database"
)


def from_file(path: str | os.PathLike[str]) -> LocalKeys:
    """Read the envelope keys of a file that only its owner can read, one a line.

    Raises `VaultError` where others may read it (not looked at on Windows), or it cannot be used.
    """
    place = Path(path)
    try:
        with place.open("rb") as file:
            problem = exposed(os.fstat(file.fileno()), place, "the envelope key")
            if problem:
                raise VaultError(f"{place}: {problem}")
            return LocalKeys(_read(file.read(), str(place)))
    except OSError as error:
        raise VaultError(
            f"{place}: the envelope key cannot be read: {error.strerror}: give the path of the file"
            " that the Request Center was begun with"
        ) from error


def from_environment(variable: str) -> LocalKeys:
    """Read the envelope keys of an environment variable, apart by blanks or lines."""
    text = os.environ.get(variable)
    if not text:
        raise VaultError(f"set {variable} to the envelope key: {_FORMAT}")
    return LocalKeys(_read(text.encode("utf-8", "replace"), variable))


def create_file(path: str | os.PathLike[str]) -> LocalKeys:
    """Write a new envelope key to a new file of mode 0600 and return it.

    Raises `VaultError` if there is a file already, or none can be made.
    """
    key = secrets.token_bytes(KEY_BYTES)
    place = Path(path)
    try:
        with private_draft(place, _line(key)) as draft:
            # Unlike a rename, this fails if a file is there; and no reader sees half a key.
            os.link(draft, place)
    except OSError as error:
        raise _not_written(place, error) from error
    return LocalKeys([key])


def add_to_file(path: str | os.PathLike[str]) -> None:
    """Put a new envelope key on top of a file, whole or not at all: it wraps from now on.

    Raises `VaultError` if the file cannot be used or replaced.
    """
    place = Path(path)
    from_file(place)
    try:
        keys = _line(secrets.token_bytes(KEY_BYTES)) + place.read_bytes()
        with private_draft(place, keys) as draft:
            draft.replace(place)
    except OSError as error:
        raise _not_written(place, error) from error


def _not_written(place: Path, error: OSError) -> VaultError:
    return VaultError(f"{place}: the envelope key cannot be written: {error.strerror}")


def _line(key: bytes) -> bytes:
    return base64.urlsafe_b64encode(key).rstrip(b"=") + b"\n"


def _read(text: bytes, place: str) -> list[bytes]:
    keys = []
    for number, word in enumerate(text.split(), start=1):
        try:
            key = base64.b64decode(word + b"=" * (-len(word) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            # Never quoted, and not chained: it may be a key with a slip of the pen.
            raise VaultError(f"{place}: envelope key {number} is not {_FORMAT}")
        keys.append(key)
    return keys


def _name(key: bytes) -> str:
    """Name a key by a hash of it, so that a name never stands for two keys."""
    return hashlib.sha256(_LABEL + key).hexdigest()[:16]
