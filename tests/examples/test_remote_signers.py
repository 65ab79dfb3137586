"""The example signers with stubs of their services: results, and no secret shown."""

from __future__ import annotations

import ast
import base64
import dataclasses
import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from examples import https_json
from examples.google_kms_signer import crc32c
from examples.https_json import require_safe
from gatepass import LogonSigner, LogonVerifier
from gatepass.errors import SignerError
from tests import oracle
from tests.examples.services import (
    CANONICAL,
    KEY_VERSION,
    KINDS,
    TOKEN,
    VAULT,
    Kind,
    google_signer,
    mac_of,
    refusal,
    vault_signer,
)
from tests.examples.stub_service import Answer, Service, running
from tests.fix.samples import AT, FIELDS, KEY_ID, KEYS, RAW, SECRET, SIGNATURE, SIGNED

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*_signer.py"))


@pytest.fixture
def service(kind: Kind) -> Iterator[Service]:
    with running(kind.answer) as stub:
        yield stub


@KINDS
def test_a_remote_signature_equals_the_local_one(kind: Kind, service: Service) -> None:
    signed = LogonSigner.using(kind.signer(service.address)).sign(RAW, at=AT)
    assert signed == SIGNED
    assert LogonVerifier(KEYS).verify(signed, at=AT).valid


@KINDS
def test_field_values_are_signed_remotely(kind: Kind, service: Service) -> None:
    values = {int(tag): value for tag, value in FIELDS.items()}
    credentials = LogonSigner.using(kind.signer(service.address)).sign_fields(values)
    assert credentials.signature == oracle.signature(SECRET, FIELDS)
    assert credentials.access_key_id == KEY_ID


@KINDS
def test_only_the_canonical_string_is_sent(kind: Kind, service: Service) -> None:
    kind.signer(service.address).sign(CANONICAL)
    (request,) = service.requests
    sent = base64.b64encode(CANONICAL).decode()
    assert request.body == (
        {"input": sent, "key_version": 1}
        if kind is VAULT
        else {"data": sent, "dataCrc32c": str(crc32c(CANONICAL))}
    )
    assert request.headers["Content-Type"] == "application/json"


@KINDS
def test_the_token_is_requested_for_each_signature(kind: Kind, service: Service) -> None:
    tokens = iter(["s.outdated", TOKEN])
    signer = kind.signer(service.address, token=lambda: next(tokens))
    assert "token" in str(refusal(signer))
    assert signer.sign(CANONICAL) == SIGNATURE


@KINDS
def test_threads_share_a_signer(kind: Kind, service: Service) -> None:
    signer = kind.signer(service.address)
    messages = [b"%d" % n for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        macs = list(pool.map(signer.sign, messages))
    assert macs == [mac_of(message) for message in messages]


@KINDS
@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_request_to_this_machine_uses_no_proxy(
    kind: Kind, service: Service, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    https_json._opener.cache_clear()
    with running(lambda _: Answer({})) as proxy:
        monkeypatch.setenv(variable, proxy.address)
        monkeypatch.delenv("no_proxy", raising=False)
        assert kind.signer(service.address).sign(CANONICAL) == SIGNATURE
        assert proxy.requests == []


def test_a_key_of_any_name_stays_one_segment_of_the_path() -> None:
    with running(lambda _: Answer({}, 404)) as stub:
        refusal(vault_signer(stub.address, key_name="a/../b?c#d e", mount="team/transit"))
        assert stub.requests[0].path == "/v1/team/transit/hmac/a%2F..%2Fb%3Fc%23d%20e/sha2-256"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_crc32c_gives_the_values_of_rfc_3720(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@KINDS
@pytest.mark.parametrize(
    "address",
    [
        "http://vault.example.com:8200",
        "http://10.0.0.1",
        "http://[2001:db8::1]:8200",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
    ],
)
def test_plain_http_is_for_this_machine_only(kind: Kind, address: str) -> None:
    with pytest.raises(SignerError, match="must begin with https://"):
        kind.signer(address)


@KINDS
@pytest.mark.parametrize(
    "address",
    [
        "",
        "vault.example.com",
        "ftp://vault.example.com",
        "file:///etc/passwd",
        "https://",
        "https://user:password@vault.example.com",
        "https://vault.example.com/v1",
        "https://vault.example.com?x",
        "https://vault.example.com#x",
        "https://vault.example.com\r\nX: 1",
        "https://[::1",
    ],
)
def test_an_address_has_no_path(kind: Kind, address: str) -> None:
    with pytest.raises(SignerError, match="https://HOST") as caught:
        kind.signer(address)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://vault.example.com",
        "https://vault.example.com:8200/",
        "https://10.0.0.1",
        "http://127.0.0.1:8200",
        "http://127.9.9.9",
        "http://localhost:8200",
        "http://[::1]:8200",
    ],
)
def test_safe_addresses_are_accepted(address: str) -> None:
    assert require_safe(address) == address.rstrip("/")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "b08",
        KEY_VERSION.rpartition("/")[0],
        KEY_VERSION + ":destroy",
        KEY_VERSION + "?x",
        "projects/p/../x/locations/us/keyRings/cme/cryptoKeys/b08/cryptoKeyVersions/3",
        KEY_VERSION + "\n",
    ],
)
def test_google_needs_the_name_of_one_version(name: str) -> None:
    with pytest.raises(SignerError, match="cryptoKeyVersions/N"):
        google_signer("https://kms.example.com", key_version=name)


class TokenFile:
    """A token source whose repr shows the token."""

    def __call__(self) -> str:
        return TOKEN

    def __repr__(self) -> str:
        return f"TokenFile({TOKEN})"


@KINDS
def test_the_token_is_never_shown(kind: Kind) -> None:
    signer = kind.signer("https://kms.example.com", token=TokenFile())
    shown = [repr(signer), str(signer), f"{signer}", repr([signer]), repr(dir(signer))]
    shown.append(repr(LogonSigner.using(signer)))
    shown.append(repr(dataclasses.replace(signer, timeout_seconds=1)))
    assert not any("CANARY" in text for text in shown)
    assert signer.access_key_id in repr(signer)


@KINDS
def test_a_signer_pickles_no_token(kind: Kind) -> None:
    signer = kind.signer("https://kms.example.com", token=lambda: TOKEN)
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(signer)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_need_only_the_standard_library(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    modules = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    modules += [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    roots = {str(module).partition(".")[0] for module in modules}
    assert roots <= {*sys.stdlib_module_names, "gatepass", "examples"}
