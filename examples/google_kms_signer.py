r"""Sign Logons with a key that stays in Google Cloud KMS.

Import the secret once. Cloud KMS needs its 32 decoded bytes; the file from CME's Request Center
contains them as base64url text::

    umask 077
    python -c "
    import base64, getpass, sys
    text = getpass.getpass('Secret Key: ')
    key = base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    sys.stdout.buffer.write(key)" > key.bin
    RING="--location=us-central1 --keyring=cme"
    gcloud kms keys create b08-2026 $RING --purpose=mac --default-algorithm=hmac-sha256 \
        --skip-initial-version-creation --import-only
    gcloud kms import-jobs create b08 $RING --protection-level=software \
        --import-method=rsa-oaep-3072-sha256-aes-256
    gcloud kms keys versions import $RING --key=b08-2026 --import-job=b08 \
        --algorithm=hmac-sha256 --target-key-file=key.bin
    shred -u key.bin

The signing account needs the permission ``cloudkms.cryptoKeyVersions.useToSign`` on that key, and
an OAuth access token with the scope ``https://www.googleapis.com/auth/cloudkms``. Then::

    signer = GoogleKmsSigner(
        key_version="projects/P/locations/us-central1/keyRings/cme/cryptoKeys/b08-2026"
        "/cryptoKeyVersions/1",
        access_key_id=AccessKeyId("oNDxM33uE81ohWuVRtWT"),
        token=fresh_access_token,
    )
    signed = LogonSigner.using(signer).sign(logon)

Verify one signed Logon with `gatepass verify` before you destroy the key file: that proves that
the import was correct. Google's documentation describes the request and the answer:
https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys.cryptoKeyVersions/macSign
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from examples.https_json import Token, bearing, post_json, require_safe
from gatepass import AccessKeyId
from gatepass.errors import SignerError

_NAME = re.compile(
    r"projects/[^/?#\s]+/locations/[^/?#\s]+/keyRings/[\w-]+/cryptoKeys/[\w-]+"
    r"/cryptoKeyVersions/[0-9]+",
    re.ASCII,
)
_CASTAGNOLI = 0x82F63B78


@dataclass(frozen=True, slots=True)
class GoogleKmsSigner:
    """A `gatepass.signing.Signer` that asks Cloud KMS. Any number of threads may share one.

    ``key_version`` is the resource name of one version of a MAC key. ``token`` is called for each
    signature. The default of ``timeout_seconds`` leaves time for the Logon, which is valid for 5
    seconds.

    Raises `gatepass.errors.SignerError`, also for an address that is not HTTPS.
    """

    key_version: str
    access_key_id: AccessKeyId
    token: Token = field(repr=False)
    address: str = "https://cloudkms.googleapis.com"
    timeout_seconds: float = 2.0

    def __post_init__(self) -> None:
        require_safe(self.address)
        if not _NAME.fullmatch(self.key_version):
            raise SignerError(
                "key_version must be projects/*/locations/*/keyRings/*/cryptoKeys/*"
                "/cryptoKeyVersions/N"
            )

    def sign(self, canonical: bytes, /) -> bytes:
        """Return the signature of the canonical bytes, which has 32 bytes."""
        answer = post_json(
            f"{require_safe(self.address)}/v1/{self.key_version}:macSign",
            {
                "data": base64.b64encode(canonical).decode("ascii"),
                # In JSON, Google writes 64-bit integers as text.
                "dataCrc32c": str(crc32c(canonical)),
            },
            bearing(self.token, "Authorization", "Bearer "),
            self.timeout_seconds,
        )
        return _signature(answer, self.key_version)


def _signature(answer: dict[str, Any], key_version: str) -> bytes:
    """Read ``mac`` and check all that Google asks its clients to check."""
    if answer.get("name") != key_version:
        raise SignerError("Cloud KMS signed with another key version: check key_version")
    if answer.get("verifiedDataCrc32c") is not True:
        raise SignerError("the data were altered on their way to Cloud KMS: try again")
    try:
        mac = base64.b64decode(answer["mac"], validate=True)
    except (KeyError, TypeError, ValueError):
        mac = b""
    if len(mac) != 32:
        raise SignerError(
            "Cloud KMS returned no MAC of 32 bytes: the key's algorithm must be HMAC_SHA256"
        )
    if str(answer.get("macCrc32c")) != str(crc32c(mac)):
        raise SignerError("the MAC was altered on its way from Cloud KMS: try again")
    return mac


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (RFC 3720, appendix B.4), bit by bit: the data are short."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_CASTAGNOLI if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
