"""Secrets at rest: sealed when written, opened for a download or a check, and for nothing else.

Each secret has a data key of its own, which the envelope key wraps::

    1 | length, name of the envelope key | length, wrapped data key | nonce | AES-256-GCM

What a secret belongs to (``pair:`` and the Access Key ID, ``totp:`` and the user's id) is bound to
both layers: a seal copied into another row does not open.

The keys of the audit chain and of code hashes come from one root secret, which is sealed like the
rest. So changing the envelope key re-wraps the root and breaks no chain.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, insert, select

from gatepass.center.secrets.envelope import KEY_BYTES, NONCE_BYTES, TAMPERED, EnvelopeKeys
from gatepass.center.store.database import Database
from gatepass.center.store.schema import audit, root
from gatepass.errors import VaultError

_FORMAT = b"\x01"
#: What the root secret is sealed for.
ROOT = "root"


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed secret, as it is stored, and the name of the envelope key that wraps it."""

    blob: bytes
    envelope: str


class Vault:
    """Seals and opens secrets. Threads may share it; cannot be pickled.

    Errors are `gatepass.errors.VaultError`: the envelope key is another, or a seal was tampered
    with. No message holds a secret.
    """

    __slots__ = ("_keys", "_mac_keys", "_root")

    def __init__(self, keys: EnvelopeKeys) -> None:
        self._keys = keys
        self._root: bytes | None = None
        self._mac_keys: dict[tuple[bytes, str], bytes] = {}

    @property
    def envelope(self) -> str:
        """The name of the envelope key that wraps now."""
        return self._keys.current

    def prepare(self, database: Database) -> None:
        """Read the store's root secret, and make it if the store is new.

        Do so once, before anything else: it is where a wrong envelope key shows.
        """
        with database.read() as connection:
            known = self.load(connection)
        if not known:
            self._root = self._open(database.write(self._make_root, again=True), ROOT)

    def load(self, connection: Connection) -> bool:
        """Read the root secret of the store that a connection sees; tell whether there is one."""
        found = _read_root(connection)
        if found is None:
            return False
        self._root = self._open(found, ROOT)
        return True

    def mac_key(self, purpose: str) -> bytes:
        """Derive the 32 bytes of a key for HMAC from the root secret (RFC 5869).

        One purpose, one key; the envelope key has no part in it.
        """
        if self._root is None:
            raise VaultError("the vault has no root secret yet: prepare it with the database first")
        # Each entry of the audit log asks for two: derived once for a root.
        known = self._mac_keys.get((self._root, purpose))
        if known is None:
            label = f"gatepass {purpose}".encode()
            known = HKDF(SHA256(), length=32, salt=None, info=label).derive(self._root)
            self._mac_keys[self._root, purpose] = known
        return known

    def seal(self, secret: str, subject: str) -> Seal:
        """Seal a secret text for what ``subject`` names."""
        return self._seal(secret.encode(), subject)

    def open(self, blob: bytes, subject: str) -> str:
        """Return the secret text of a seal made for the same ``subject``."""
        return self._open(blob, subject).decode()

    def rewrap(self, blob: bytes, subject: str) -> Seal:
        """Wrap a seal's data key with the envelope key of now; the secret itself is not opened."""
        envelope, wrapped, rest = _split(blob)
        data_key = self._keys.unwrap(wrapped, subject.encode(), envelope)
        current = self._keys.current
        return Seal(_join(current, self._keys.wrap(data_key, subject.encode()), rest), current)

    def __repr__(self) -> str:
        return f"<Vault {self._keys.current} [redacted]>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a vault cannot be pickled or copied")

    def _seal(self, secret: bytes, subject: str) -> Seal:
        data_key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
        bound = subject.encode()
        sealed = nonce + AESGCM(data_key).encrypt(nonce, secret, _FORMAT + bound)
        envelope = self._keys.current
        return Seal(_join(envelope, self._keys.wrap(data_key, bound), sealed), envelope)

    def _open(self, blob: bytes, subject: str) -> bytes:
        envelope, wrapped, sealed = _split(blob)
        bound = subject.encode()
        data_key = self._keys.unwrap(wrapped, bound, envelope)
        try:
            cipher = AESGCM(data_key)
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _FORMAT + bound)
        except (InvalidTag, ValueError):
            raise VaultError(TAMPERED) from None

    def _make_root(self, connection: Connection) -> bytes:
        # Nothing is logged without a root secret, so a log without one has lost it.
        used = connection.execute(select(audit.c.id).limit(1)).first() is not None
        # Another process may have made it since: then its own is the one.
        there = _read_root(connection)
        if there is not None:
            return there
        if used:
            raise VaultError("the store has lost its root secret: restore it from a backup")
        made = self._seal(secrets.token_bytes(KEY_BYTES), ROOT)
        connection.execute(insert(root).values(id=1, sealed=made.blob, envelope=made.envelope))
        return made.blob


def envelope_of(blob: bytes) -> str:
    """Name the envelope key that wraps a seal; raise `VaultError` for what is none."""
    return _split(blob)[0]


def _read_root(connection: Connection) -> bytes | None:
    return connection.execute(select(root.c.sealed)).scalar_one_or_none()


def _join(envelope: str, wrapped: bytes, sealed: bytes) -> bytes:
    name = envelope.encode("ascii")
    return b"".join(
        (_FORMAT, bytes([len(name)]), name, len(wrapped).to_bytes(2, "big"), wrapped, sealed)
    )


def _split(blob: bytes) -> tuple[str, bytes, bytes]:
    """Take a seal apart; lengths that do not fit give parts that do not open."""
    if blob[:1] != _FORMAT or len(blob) < 2:
        raise VaultError(TAMPERED)
    at = 2 + blob[1]
    size = int.from_bytes(blob[at : at + 2], "big")
    name = blob[2:at].decode("ascii", "replace")
    wrapped, sealed = blob[at + 2 : at + 2 + size], blob[at + 2 + size :]
    if len(sealed) < NONCE_BYTES or len(wrapped) < NONCE_BYTES:
        raise VaultError(TAMPERED)
    return name, wrapped, sealed
