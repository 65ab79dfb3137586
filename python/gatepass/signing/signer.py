"""Who signs: a key pair in this process, or a service that has the key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gatepass.arguments import refuse, refuse_type
from gatepass.keys import AccessKeyId, KeyPair


class Signer(Protocol):
    """Something that has a secret key and signs with it: a process, Vault, a cloud KMS.

    ``sign`` takes the canonical bytes and returns the 32 bytes of HMAC-SHA-256, or raises
    `gatepass.errors.SignerError`.
    """

    @property
    def access_key_id(self) -> AccessKeyId:
        """The Access Key ID that belongs to the secret key."""

    def sign(self, canonical: bytes, /) -> bytes:
        """Sign the canonical bytes: 32 bytes."""


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """Signs with a pair that this process has."""

    pair: KeyPair

    def __post_init__(self) -> None:
        if not isinstance(self.pair, KeyPair):
            raise refuse("pair", self.pair, "a KeyPair")

    @property
    def access_key_id(self) -> AccessKeyId:
        """The pair's Access Key ID."""
        return self.pair.access_key_id

    def sign(self, canonical: bytes, /) -> bytes:
        """Sign the canonical bytes: 32 bytes."""
        if not isinstance(canonical, bytes):
            raise refuse_type("canonical", type(canonical), "bytes")
        return self.pair.signing_key.sign(canonical)
