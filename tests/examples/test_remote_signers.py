"""The example signers against stubs of their services: both keep the same promises."""

from __future__ import annotations

import base64
import copy
import dataclasses
import hashlib
import hmac
import pickle
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from examples.google_kms_signer import GoogleKmsSigner, crc32c
from examples.https_json import MAX_ANSWER_BYTES, require_safe
from examples.vault_transit_signer import VaultTransitSigner
from gatepass import AccessKeyId, LogonSigner, LogonVerifier
from gatepass.errors import FieldError, SignerError
from tests import oracle
from tests.examples.stub_service import Answer, Request, Service, running
from tests.signing.samples import AT, FIELDS, KEY_ID, KEYS, RAW, SECRET, SIGNED

TOKEN = "s.CANARYcanary0123456789"
KEY = base64.urlsafe_b64decode(SECRET + "=")
KEY_VERSION = "projects/p/locations/us/keyRings/cme/cryptoKeys/b08/cryptoKeyVersions/3"
CANONICAL = oracle.canonical(FIELDS).encode()
MAC = hmac.digest(KEY, CANONICAL, hashlib.sha256)

Signer = VaultTransitSigner | GoogleKmsSigner


def vault(request: Request) -> Answer:
    """Answer as Vault does, from the documented request."""
    if request.headers.get("X-Vault-Token") != TOKEN:
        return Answer({"errors": ["permission denied"]}, 403)
    if request.path != "/v1/transit/hmac/cme-B08/sha2-256":
        return Answer({"errors": []}, 404)
    version = request.body.get("key_version")
    if version != 1:
        return Answer({"errors": ["invalid key version"]}, 400)
    mac = hmac.digest(KEY, base64.b64decode(request.body["input"], validate=True), hashlib.sha256)
    return Answer({"data": {"hmac": f"vault:v{version}:{base64.b64encode(mac).decode()}"}})


def google(request: Request) -> Answer:
    """Answer as Cloud KMS does, from the documented request."""
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return Answer({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
    if request.path != f"/v1/{KEY_VERSION}:macSign":
        return Answer({"error": {"code": 404, "status": "NOT_FOUND"}}, 404)
    data = base64.b64decode(request.body["data"], validate=True)
    if request.body["dataCrc32c"] != str(crc32c(data)):
        return Answer({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, 400)
    mac = hmac.digest(KEY, data, hashlib.sha256)
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
    """One of the services: its stub, its signer, and its right answer with one thing changed."""

    answer: Callable[[Request], Answer]
    signer: Callable[..., Signer]

    def altered(self, change: Callable[[dict[str, Any]], None]) -> Callable[[Request], Answer]:
        def answer(request: Request) -> Answer:
            content = copy.deepcopy(self.answer(request).content)
            change(content)
            return Answer(content)

        return answer


VAULT, GOOGLE = Kind(vault, vault_signer), Kind(google, google_signer)
KINDS = pytest.mark.parametrize("kind", [VAULT, GOOGLE], ids=["vault", "google"])


@pytest.fixture
def service(kind: Kind) -> Iterator[Service]:
    with running(kind.answer) as stub:
        yield stub


def refusal(signer: Signer) -> SignerError:
    """Sign, be refused, and see that nothing of the token or of any MAC is shown."""
    with pytest.raises(SignerError) as caught:
        LogonSigner.using(signer).sign(RAW, at=AT)
    error = caught.value
    plain = "".join(traceback.format_exception(error))
    assert error.__traceback__ is not None
    within = traceback.TracebackException(
        type(error), error, error.__traceback__.tb_next, capture_locals=True
    )
    shown = plain + "".join(within.format())
    assert error.__context__ is None
    for part in ("CANARY", "canary0123"):
        assert part not in shown
    for text in (base64.b64encode(MAC).decode(), oracle.signature(SECRET, FIELDS)):
        assert text[:10] not in str(error)
    return error


# --- what works -------------------------------------------------------------------------------


@KINDS
def test_a_remote_signature_is_the_local_one(kind: Kind, service: Service) -> None:
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
def test_the_token_is_asked_for_anew_each_time(kind: Kind, service: Service) -> None:
    tokens = iter(["s.outdated", TOKEN])
    signer = kind.signer(service.address, token=lambda: next(tokens))
    assert "token" in str(refusal(signer))
    assert signer.sign(CANONICAL) == MAC


@KINDS
def test_threads_share_a_signer(kind: Kind, service: Service) -> None:
    signer = kind.signer(service.address)
    messages = [b"%d" % n for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        macs = list(pool.map(signer.sign, messages))
    assert macs == [hmac.digest(KEY, message, hashlib.sha256) for message in messages]


@KINDS
@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_request_to_this_machine_takes_no_proxy(
    kind: Kind, service: Service, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(lambda _: Answer({})) as proxy:
        monkeypatch.setenv(variable, proxy.address)
        monkeypatch.delenv("no_proxy", raising=False)
        assert kind.signer(service.address).sign(CANONICAL) == MAC
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


# --- what goes wrong --------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize(
    ("status", "says"),
    [
        (301, "redirects"),
        (302, "redirects"),
        (307, "redirects"),
        (308, "redirects"),
        (400, "key's name, its type"),
        (401, "renew"),
        (403, "renew the token, or grant"),
        (404, "imported"),
        (429, "wait"),
        (500, "operators"),
        (503, "sealed or down"),
        (204, "no JSON object"),
    ],
)
def test_a_status_says_what_to_do(kind: Kind, status: int, says: str) -> None:
    with running(lambda _: Answer({"errors": [TOKEN]}, status)) as stub:
        error = refusal(kind.signer(stub.address))
    assert says in str(error)
    assert stub.address.removeprefix("http://") in str(error)


@KINDS
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_takes_the_token_elsewhere(kind: Kind, status: int) -> None:
    with running(kind.answer) as other:
        there = {"Location": f"{other.address}/v1/elsewhere"}
        with running(lambda _: Answer({}, status, there)) as stub:
            assert f"HTTP status {status}" in str(refusal(kind.signer(stub.address)))
        assert other.requests == []


@KINDS
@pytest.mark.parametrize(
    "answer",
    [
        Answer(b""),
        Answer(b"{"),
        Answer(b"\xff\xfe"),
        Answer(b"[" * MAX_ANSWER_BYTES),
        Answer([]),
        Answer("text"),
        Answer(None),
    ],
    ids=["empty", "cut", "no UTF-8", "deep", "list", "text", "null"],
)
def test_an_answer_that_is_no_json_object_is_refused(kind: Kind, answer: Answer) -> None:
    with running(lambda _: answer) as stub:
        assert "no JSON object" in str(refusal(kind.signer(stub.address)))


@KINDS
def test_an_endless_answer_is_refused(kind: Kind) -> None:
    with running(lambda _: Answer(b" " * (MAX_ANSWER_BYTES + 1))) as stub:
        assert "more than 64 KiB" in str(refusal(kind.signer(stub.address)))


@KINDS
def test_an_answer_that_is_cut_off_is_refused(kind: Kind) -> None:
    def cut(request: Request) -> Answer:
        text = kind.answer(request).as_bytes()
        return Answer(text, declared_length=len(text) + 1)

    with running(cut) as stub:
        assert "broke off" in str(refusal(kind.signer(stub.address)))


@KINDS
def test_silence_is_waited_for_no_longer_than_allowed(kind: Kind) -> None:
    with running(lambda _: Answer(silent=True)) as stub:
        error = refusal(kind.signer(stub.address, timeout_seconds=0.05))
    assert "no answer within 0.05 s" in str(error)


@KINDS
def test_a_service_that_is_not_there_is_named(kind: Kind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = refusal(kind.signer(f"http://127.0.0.1:{port}"))
    assert f"127.0.0.1:{port}" in str(error)
    assert "cannot be reached" in str(error)
    assert "cannot be reached" in str(refusal(kind.signer("http://127.0.0.1:99999")))


@KINDS
def test_what_speaks_no_tls_is_refused(kind: Kind, service: Service) -> None:
    signer = kind.signer(service.address.replace("http:", "https:"))
    assert "certificate" in str(refusal(signer))
    assert service.requests == []


@KINDS
@pytest.mark.parametrize("tail", ["\n", " ", "\r\nX-Evil: 1", "\x00", "é", "\u2028"])
def test_a_token_that_no_header_may_hold_is_not_sent(
    kind: Kind, service: Service, tail: str
) -> None:
    error = refusal(kind.signer(service.address, token=lambda: TOKEN + tail))
    assert "strip it" in str(error)
    assert service.requests == []


@KINDS
def test_an_empty_token_is_not_sent(kind: Kind, service: Service) -> None:
    assert "empty" in str(refusal(kind.signer(service.address, token=lambda: "")))
    assert service.requests == []


@KINDS
def test_what_the_source_of_the_token_raises_comes_through(kind: Kind, service: Service) -> None:
    def missing() -> str:
        raise FileNotFoundError("/run/vault/token")

    with pytest.raises(FileNotFoundError, match="/run/vault/token"):
        kind.signer(service.address, token=missing).sign(CANONICAL)


@KINDS
def test_a_logon_that_cannot_be_signed_is_not_sent(kind: Kind, service: Service) -> None:
    broken = oracle.framed("FIX.4.2", [p for p in oracle.fields(RAW)[2:-1] if p[0] != "369"])
    with pytest.raises(FieldError, match="369"):
        LogonSigner.using(kind.signer(service.address)).sign(broken, at=AT)
    assert service.requests == []


def short(mac: bytes) -> list[str]:
    return [base64.b64encode(mac[:n]).decode() for n in (0, 16, 31)]


WRONG_MACS = [*short(MAC), base64.b64encode(MAC + b"\0").decode(), MAC.hex(), "", "=", 7, None, []]


@pytest.mark.parametrize("wrong", WRONG_MACS)
def test_vault_must_give_32_bytes(wrong: object) -> None:
    prefix = "vault:v1:" if isinstance(wrong, str) else ""
    changed = prefix + wrong if isinstance(wrong, str) else wrong
    with running(VAULT.altered(lambda a: a["data"].update(hmac=changed))) as stub:
        assert "no HMAC of 32 bytes" in str(refusal(vault_signer(stub.address)))


@pytest.mark.parametrize("data", [None, [], "text", {}, {"batch_results": [{"hmac": "x"}]}])
def test_vault_must_give_what_its_documentation_says(data: object) -> None:
    with running(VAULT.altered(lambda a: a.update(data=data))) as stub:
        assert "no HMAC of 32 bytes" in str(refusal(vault_signer(stub.address)))


def test_vault_must_use_the_version_asked_for() -> None:
    answer = {"data": {"hmac": f"vault:v2:{base64.b64encode(MAC).decode()}"}}
    with running(lambda _: Answer(answer)) as stub:
        assert "another version" in str(refusal(vault_signer(stub.address)))
        assert vault_signer(stub.address, key_version=2).sign(CANONICAL) == MAC


def mac_with_its_checksum(answer: dict[str, Any], mac: object) -> None:
    """What a service of another key type would send: consistent, and of no use."""
    answer["mac"] = mac
    if isinstance(mac, str):
        try:
            answer["macCrc32c"] = str(crc32c(base64.b64decode(mac)))
        except ValueError:
            answer["macCrc32c"] = "0"


@pytest.mark.parametrize("wrong", WRONG_MACS)
def test_google_must_give_32_bytes(wrong: object) -> None:
    with running(GOOGLE.altered(lambda a: mac_with_its_checksum(a, wrong))) as stub:
        assert "no MAC of 32 bytes" in str(refusal(google_signer(stub.address)))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", KEY_VERSION[:-1] + "4", "name the key version"),
        ("name", None, "name the key version"),
        ("verifiedDataCrc32c", False, "as they were sent"),
        ("verifiedDataCrc32c", None, "as they were sent"),
        ("verifiedDataCrc32c", "true", "as they were sent"),
        ("macCrc32c", "0", "altered on its way"),
        ("macCrc32c", None, "altered on its way"),
    ],
)
def test_what_google_asks_to_be_checked_is_checked(field: str, value: object, says: str) -> None:
    with running(GOOGLE.altered(lambda a: a.update({field: value}))) as stub:
        assert says in str(refusal(google_signer(stub.address)))


def test_google_may_give_its_checksum_as_a_number() -> None:
    with running(GOOGLE.altered(lambda a: a.update(macCrc32c=int(a["macCrc32c"])))) as stub:
        assert google_signer(stub.address).sign(CANONICAL) == MAC


# --- what cannot be made ----------------------------------------------------------------------


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
def test_an_address_is_a_host_and_no_more(kind: Kind, address: str) -> None:
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
def test_addresses_that_are_safe(address: str) -> None:
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


# --- what is shown ----------------------------------------------------------------------------


class TokenFile:
    """A source of tokens that shows too much of itself."""

    def __call__(self) -> str:
        return TOKEN

    def __repr__(self) -> str:
        return f"TokenFile({TOKEN})"


@KINDS
def test_the_token_is_shown_nowhere(kind: Kind) -> None:
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


def test_the_examples_need_nothing_but_the_standard_library() -> None:
    modules = [sys.modules[kind.__module__] for kind in (VaultTransitSigner, GoogleKmsSigner)]
    modules.append(sys.modules[require_safe.__module__])
    for module in modules:
        for value in vars(module).values():
            home = getattr(value, "__module__", None) or getattr(value, "__name__", "")
            root = str(home).partition(".")[0]
            assert root in {*sys.stdlib_module_names, "gatepass", "examples", "__future__"} or (
                isinstance(value, str | int | dict | list | None)
            )
