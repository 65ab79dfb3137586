"""Both services of the examples: their stubs, their signers, and a check of refusals."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from examples.google_kms_signer import GoogleKmsSigner, crc32c
from examples.vault_transit_signer import VaultTransitSigner
from gatepass import AccessKeyId, LogonSigner
from gatepass.errors import SignerError
from tests import oracle
from tests.examples.stub_service import Answer, Request
from tests.fix.samples import AT, FIELDS, KEY_ID, RAW, SECRET, SIGNATURE, SIGNATURE_TEXT

TOKEN = "s.CANARYcanary0123456789"
KEY = base64.urlsafe_b64decode(SECRET + "=")
KEY_VERSION = "projects/p/locations/us/keyRings/cme/cryptoKeys/b08/cryptoKeyVersions/3"
CANONICAL = oracle.canonical(FIELDS).encode()

Signer = VaultTransitSigner | GoogleKmsSigner


def mac_of(message: bytes) -> bytes:
    return hmac.digest(KEY, message, hashlib.sha256)


def vault(request: Request) -> Answer:
    """Answer like Vault, for the documented request."""
    if request.headers.get("X-Vault-Token") != TOKEN:
        return Answer({"errors": ["permission denied"]}, 403)
    if request.path != "/v1/transit/hmac/cme-B08/sha2-256":
        return Answer({"errors": []}, 404)
    version = request.body.get("key_version")
    if version != 1:
        return Answer({"errors": ["invalid key version"]}, 400)
    mac = mac_of(base64.b64decode(request.body["input"], validate=True))
    return Answer({"data": {"hmac": f"vault:v{version}:{base64.b64encode(mac).decode()}"}})


def google(request: Request) -> Answer:
    """Answer like Cloud KMS, for the documented request."""
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return Answer({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
    if request.path != f"/v1/{KEY_VERSION}:macSign":
        return Answer({"error": {"code": 404, "status": "NOT_FOUND"}}, 404)
    data = base64.b64decode(request.body["data"], validate=True)
    if request.body["dataCrc32c"] != str(crc32c(data)):
        return Answer({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, 400)
    mac = mac_of(data)
    return Answer(
        {
            "name": KEY_VERSION,
            "mac": base64.b64encode(mac).decode(),
            "macCrc32c": str(crc32c(mac)),
            "verifiedDataCrc32c": True,
            "protectionLevel": "SOFTWARE",
        }
    )


def vault_signer(address: str, **changes: Any) -> VaultTransitSigner:
    settings = {"key_name": "cme-B08", "token": lambda: TOKEN, "timeout_seconds": 30, **changes}
    return VaultTransitSigner(address, access_key_id=AccessKeyId(KEY_ID), **settings)


def google_signer(address: str, **changes: Any) -> GoogleKmsSigner:
    settings = {"key_version": KEY_VERSION, "token": lambda: TOKEN, "timeout_seconds": 30}
    return GoogleKmsSigner(
        address=address, access_key_id=AccessKeyId(KEY_ID), **{**settings, **changes}
    )


@dataclass(frozen=True)
class Kind:
    """One of the services: its stub and its signer."""

    answer: Callable[[Request], Answer]
    signer: Callable[..., Signer]

    def altered(self, change: Callable[[dict[str, Any]], None]) -> Callable[[Request], Answer]:
        """Return the stub's correct answer with one change."""

        def answer(request: Request) -> Answer:
            content = copy.deepcopy(self.answer(request).content)
            change(content)
            return Answer(content)

        return answer


VAULT, GOOGLE = Kind(vault, vault_signer), Kind(google, google_signer)
KINDS = pytest.mark.parametrize("kind", [VAULT, GOOGLE], ids=["vault", "google"])


def refusal(signer: Signer) -> SignerError:
    """Sign, expect an error, and check that it shows nothing of the token or of a MAC."""
    with pytest.raises(SignerError) as caught:
        LogonSigner.using(signer).sign(RAW, at=AT)
    error = caught.value
    assert error.__context__ is None
    assert error.__traceback__ is not None
    # The frame of this function is left out: its modules contain the token.
    within = traceback.TracebackException(
        type(error), error, error.__traceback__.tb_next, capture_locals=True
    )
    shown = "".join([*traceback.format_exception(error), *within.format()])
    assert "CANARY" not in shown
    assert "canary0123" not in shown
    for text in (base64.b64encode(SIGNATURE).decode(), SIGNATURE_TEXT):
        assert text[:10] not in str(error)
    return error
