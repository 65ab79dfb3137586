"""The example signers if their service refuses, fails, gives false answers or is missing."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from examples.google_kms_signer import crc32c
from examples.https_json import MAX_ANSWER_BYTES
from gatepass import LogonSigner
from gatepass.errors import FieldError
from tests.examples.services import (
    CANONICAL,
    GOOGLE,
    KEY_VERSION,
    KINDS,
    TOKEN,
    VAULT,
    Kind,
    google_signer,
    refusal,
    vault_signer,
)
from tests.examples.stub_service import Answer, Service, running
from tests.fix.samples import AT, RAW, SIGNATURE, SIGNATURE_TEXT, without


@pytest.fixture
def service(kind: Kind) -> Iterator[Service]:
    with running(kind.answer) as stub:
        yield stub


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
        (204, "not a JSON object"),
    ],
)
def test_a_status_says_what_to_do(kind: Kind, status: int, says: str) -> None:
    with running(lambda _: Answer({"errors": [TOKEN]}, status)) as stub:
        error = refusal(kind.signer(stub.address))
    assert says in str(error)
    assert stub.address.removeprefix("http://") in str(error)


@KINDS
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_does_not_follow_a_redirect(kind: Kind, status: int) -> None:
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
def test_an_answer_that_is_not_a_json_object_is_refused(kind: Kind, answer: Answer) -> None:
    with running(lambda _: answer) as stub:
        assert "not a JSON object" in str(refusal(kind.signer(stub.address)))


@KINDS
def test_an_endless_answer_is_refused(kind: Kind) -> None:
    with running(lambda _: Answer(b" " * (MAX_ANSWER_BYTES + 1))) as stub:
        assert "more than 64 KiB" in str(refusal(kind.signer(stub.address)))


@KINDS
def test_an_answer_that_is_cut_off_is_refused(kind: Kind) -> None:
    cuts = iter(range(0, 60, 7))
    with running(lambda request: Answer(kind.answer(request).as_bytes()[: next(cuts)])) as stub:
        for _ in range(0, 60, 7):
            signer = kind.signer(stub.address)
            assert "not a JSON object" in str(refusal(signer))


@KINDS
def test_a_service_that_hangs_up_is_named(kind: Kind) -> None:
    with running(lambda _: Answer(hangs_up=True)) as stub:
        assert "the connection broke (RemoteDisconnected)" in str(
            refusal(kind.signer(stub.address))
        )


@KINDS
def test_a_service_without_http_is_named(kind: Kind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            client, _ = server.accept()
            with client:
                client.recv(65_536)
                client.sendall(f"220 {SIGNATURE_TEXT}\r\n".encode())

        thread = threading.Thread(target=greet)
        thread.start()
        error = refusal(kind.signer(f"http://127.0.0.1:{server.getsockname()[1]}"))
        thread.join()
    assert "the connection broke (BadStatusLine)" in str(error)


@KINDS
def test_a_silent_service_is_given_up_after_the_time_limit(kind: Kind) -> None:
    with running(lambda _: Answer(silent=True)) as stub:
        error = refusal(kind.signer(stub.address, timeout_seconds=0.05))
    assert "no answer within 0.05 s" in str(error)


@KINDS
def test_a_missing_service_is_named(kind: Kind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = refusal(kind.signer(f"http://127.0.0.1:{port}"))
    assert f"127.0.0.1:{port}" in str(error)
    assert "cannot be reached" in str(error)
    assert "cannot be reached" in str(refusal(kind.signer("http://127.0.0.1:99999")))


@KINDS
def test_a_service_without_tls_is_refused(kind: Kind, service: Service) -> None:
    signer = kind.signer(service.address.replace("http:", "https:"))
    assert "certificate" in str(refusal(signer))
    assert service.requests == []


@KINDS
@pytest.mark.parametrize("tail", ["\n", " ", "\r\nX-Evil: 1", "\x00", "é", "\u2028"])
def test_a_token_that_is_invalid_in_a_header_is_not_sent(
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
def test_errors_of_the_token_source_are_not_caught(kind: Kind, service: Service) -> None:
    def missing() -> str:
        raise FileNotFoundError("/run/vault/token")

    with pytest.raises(FileNotFoundError, match="/run/vault/token"):
        kind.signer(service.address, token=missing).sign(CANONICAL)


@KINDS
def test_a_logon_that_cannot_be_signed_is_not_sent(kind: Kind, service: Service) -> None:
    with pytest.raises(FieldError, match="369"):
        LogonSigner.using(kind.signer(service.address)).sign(without(RAW, "369"), at=AT)
    assert service.requests == []


def short(mac: bytes) -> list[str]:
    return [base64.b64encode(mac[:n]).decode() for n in (0, 16, 31)]


WRONG_MACS = [
    *short(SIGNATURE),
    base64.b64encode(SIGNATURE + b"\0").decode(),
    SIGNATURE.hex(),
    "",
    "=",
    7,
    None,
    [],
]


@pytest.mark.parametrize("wrong", WRONG_MACS)
def test_vault_must_give_32_bytes(wrong: object) -> None:
    prefix = "vault:v1:" if isinstance(wrong, str) else ""
    changed = prefix + wrong if isinstance(wrong, str) else wrong
    with running(VAULT.altered(lambda a: a["data"].update(hmac=changed))) as stub:
        assert "no HMAC of 32 bytes" in str(refusal(vault_signer(stub.address)))


@pytest.mark.parametrize("data", [None, [], "text", {}, {"batch_results": [{"hmac": "x"}]}])
def test_vault_must_answer_as_documented(data: object) -> None:
    with running(VAULT.altered(lambda a: a.update(data=data))) as stub:
        assert "no HMAC of 32 bytes" in str(refusal(vault_signer(stub.address)))


def test_vault_must_use_the_requested_version() -> None:
    answer = {"data": {"hmac": f"vault:v2:{base64.b64encode(SIGNATURE).decode()}"}}
    with running(lambda _: Answer(answer)) as stub:
        assert "did not sign with version 1" in str(refusal(vault_signer(stub.address)))
        assert vault_signer(stub.address, key_version=2).sign(CANONICAL) == SIGNATURE


def mac_with_its_checksum(answer: dict[str, Any], mac: object) -> None:
    """Return what a service with another key type would send: consistent, but useless."""
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
        ("name", KEY_VERSION[:-1] + "4", "signed with another key version"),
        ("name", None, "signed with another key version"),
        ("verifiedDataCrc32c", False, "altered on their way to Cloud KMS"),
        ("verifiedDataCrc32c", None, "altered on their way to Cloud KMS"),
        ("verifiedDataCrc32c", "true", "altered on their way to Cloud KMS"),
        ("macCrc32c", "0", "altered on its way"),
        ("macCrc32c", None, "altered on its way"),
    ],
)
def test_every_check_that_google_asks_for_is_made(field: str, value: object, says: str) -> None:
    with running(GOOGLE.altered(lambda a: a.update({field: value}))) as stub:
        assert says in str(refusal(google_signer(stub.address)))


def test_google_may_give_its_checksum_as_a_number() -> None:
    with running(GOOGLE.altered(lambda a: a.update(macCrc32c=int(a["macCrc32c"])))) as stub:
        assert google_signer(stub.address).sign(CANONICAL) == SIGNATURE
