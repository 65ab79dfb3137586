"""Sign Logons with a key that stays in HashiCorp Vault (secrets engine ``transit``).

Import the secret once. Vault needs its 32 bytes in standard base64; the file from CME's Request
Center contains them as base64url text::

    umask 077
    python -c "
    import base64, getpass
    text = getpass.getpass('Secret Key: ')
    key = base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    print(base64.b64encode(key).decode(), end='')" > key.b64
    vault secrets enable transit
    vault transit import transit/keys/cme-B08-2026 @key.b64 type=hmac
    shred -u key.b64

``type=hmac`` matters: with any other type, Vault signs with a random key that it makes itself. Use
Vault 1.14 or later; earlier releases handled imported HMAC keys wrongly (hashicorp/vault, issue
20804). Give each Access Key ID a separate Vault key, and give the signing account only this
right::

    path "transit/hmac/cme-B08-2026/sha2-256" { capabilities = ["update"] }

Then::

    signer = VaultTransitSigner(
        address="https://vault.example.com:8200",
        key_name="cme-B08-2026",
        access_key_id=AccessKeyId("oNDxM33uE81ohWuVRtWT"),
        token=lambda: Path("/run/vault/token").read_text().strip(),
    )
    signed = LogonSigner.using(signer).sign(logon)

Verify one signed Logon with `gatepass verify` before you destroy the key file: that proves that
the import was correct. Vault's documentation describes the request and the answer:
https://developer.hashicorp.com/vault/api-docs/secret/transit#generate-hmac
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from examples.https_json import Token, bearing, post_json, require_safe
from gatepass import AccessKeyId
from gatepass.errors import SignerError

_HMAC = re.compile(r"vault:v([0-9]+):([A-Za-z0-9+/]{43}=)")


@dataclass(frozen=True, slots=True)
class VaultTransitSigner:
    """A `gatepass.signing.Signer` that asks Vault. Any number of threads may share one.

    ``token`` is called for each signature. ``mount`` is the path of the secrets engine, after its
    namespace if there is one. ``key_version`` stays 1 if each Access Key ID has a separate Vault
    key, so that a version imported later is not used by mistake. The default of
    ``timeout_seconds`` leaves time for the Logon, which is valid for 5 seconds.

    Raises `gatepass.errors.SignerError`, also for an address that is not HTTPS.
    """

    address: str
    key_name: str
    access_key_id: AccessKeyId
    token: Token = field(repr=False)
    mount: str = "transit"
    key_version: int = 1
    timeout_seconds: float = 2.0

    def __post_init__(self) -> None:
        require_safe(self.address)

    def sign(self, canonical: bytes, /) -> bytes:
        """Return the signature of the canonical bytes, which has 32 bytes."""
        answer = post_json(
            f"{require_safe(self.address)}/v1/{quote(self.mount)}"
            f"/hmac/{quote(self.key_name, safe='')}/sha2-256",
            {"input": base64.b64encode(canonical).decode("ascii"), "key_version": self.key_version},
            bearing(self.token, "X-Vault-Token"),
            self.timeout_seconds,
        )
        return _signature(answer, self.key_version)


def _signature(answer: dict[str, Any], key_version: int) -> bytes:
    """Read ``data.hmac``, which looks like ``vault:v1:BASE64``."""
    data = answer.get("data")
    text = data.get("hmac") if isinstance(data, dict) else None
    match = _HMAC.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise SignerError(
            "Vault's answer contains no HMAC of 32 bytes: check that the address is Vault's"
        )
    if match[1] != str(key_version):
        raise SignerError(
            f"Vault did not sign with version {key_version} of the key: import the secret of each"
            " Access Key ID as a separate key"
        )
    return base64.b64decode(match[2])
