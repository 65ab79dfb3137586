"""Sending codes: by mail-to-SMS gateway, HTTP provider or folder. No error shows a code."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from gatepass.center.context import Courier
from gatepass.center.mail.couriers import Mail
from gatepass.center.mail.couriers.outbox import OutboxCourier, OutboxMailer
from gatepass.center.mail.couriers.smtp import SmtpCourier, SmtpMailer, SmtpServer
from gatepass.center.mail.couriers.watched import WatchedCourier
from gatepass.center.mail.couriers.webhook import WebhookCourier
from gatepass.center.secrets.hidden import Hidden
from gatepass.errors import CenterError, DeliveryError
from tests.center.certificate import make_certificate
from tests.center.mailserver import MailServer, free_port
from tests.leaks import everything_shown

MOBILE, EMAIL = "+13125550101", "maria@example.com"
TEXT = "314159 is your Request Center code"


class Provider(ThreadingHTTPServer):
    """An SMS provider. ``status`` is its answer; with 0 it hangs up without one."""

    daemon_threads = True

    def __init__(self) -> None:
        self.status = 202
        self.got: list[tuple[str, dict[str, str], Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), json.loads(body)))
        if not self.server.status:
            self.close_connection = True
            return
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *given: object) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer(free_port())
    with server.running():
        yield server


def webhook(provider: Provider) -> WebhookCourier:
    url = f"http://127.0.0.1:{provider.server_port}/sms?account=1"
    return WebhookCourier(url, Hidden("provider-token"))


def gateway(port: int) -> SmtpCourier:
    server = SmtpServer("127.0.0.1", port, "center@example.com", security="none")
    return SmtpCourier(server, "sms.example.net")


def failure(courier: Courier) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        courier.send_code(MOBILE, EMAIL, Hidden(TEXT))
    shown = everything_shown(caught.value)
    assert "314159" not in shown
    assert "provider-token" not in shown
    return caught.value


def test_a_provider_gets_the_text(provider: Provider) -> None:
    webhook(provider).send_code(MOBILE, EMAIL, Hidden(TEXT))
    ((path, headers, body),) = provider.got
    assert path == "/sms?account=1"
    assert headers["Authorization"] == "Bearer provider-token"
    assert headers["Content-Type"] == "application/json"
    assert body == {"to": MOBILE, "text": TEXT}


@pytest.mark.parametrize(
    ("status", "rule"),
    [(301, "refused"), (307, "refused"), (401, "refused"), (429, "refused"), (500, "in doubt")],
)
def test_a_provider_that_refuses_is_reported(provider: Provider, status: int, rule: str) -> None:
    provider.status = status
    assert failure(webhook(provider)).rule == rule
    assert len(provider.got) == 1, "no redirect is followed and nothing sent again"


def test_a_provider_that_hangs_up_is_reported(provider: Provider) -> None:
    provider.status = 0
    assert failure(webhook(provider)).rule == "in doubt"


def test_a_provider_that_cannot_be_reached_is_reported() -> None:
    courier = WebhookCourier(f"http://127.0.0.1:{free_port()}/", Hidden("provider-token"))
    assert failure(courier).rule == "unreachable"


def test_a_sender_or_a_gateway_that_no_mail_can_have_is_refused_at_once() -> None:
    with pytest.raises(CenterError, match="one line"):
        SmtpServer("localhost", 25, "center@example.com\nBcc: x@example.com")
    server = SmtpServer("localhost", 25, "Z\u00fcrich <center@example.com>")
    for name in ("", "sms.example.net\n", "number@sms.example.net", "two words"):
        with pytest.raises(CenterError, match="is a domain"):
            SmtpCourier(server, name)


@pytest.mark.parametrize(
    "url",
    [
        "http://sms.example.com/",
        "https://user:secret@sms.example.com/",
        "ftp://sms.example.com/",
        "sms.example.com",
        "",
    ],
)
def test_a_code_is_not_sent_unencrypted(url: str) -> None:
    with pytest.raises(CenterError) as caught:
        WebhookCourier(url)
    assert "secret" not in str(caught.value)


def test_a_gateway_gets_the_text(mail_server: MailServer) -> None:
    gateway(mail_server.port).send_code("+44 (20) 7946-0103", EMAIL, Hidden(TEXT))
    ((address, message),) = mail_server.got
    assert address == "442079460103@sms.example.net"
    assert message.get_content().strip() == TEXT


def test_a_gateway_that_refuses_is_reported(mail_server: MailServer) -> None:
    mail_server.refuse = {"13125550101@sms.example.net"}
    assert failure(gateway(mail_server.port)).rule == "refused"
    mail_server.refuse = set()
    mail_server.answer = "554 no"
    assert failure(gateway(mail_server.port)).rule == "refused"
    assert not mail_server.got


def test_a_gateway_that_hangs_up_is_reported(mail_server: MailServer) -> None:
    mail_server.hang_up = True
    assert failure(gateway(mail_server.port)).rule == "in doubt"


def test_a_gateway_that_cannot_be_reached_is_reported() -> None:
    assert failure(gateway(free_port())).rule == "unreachable"


def test_a_gateway_without_the_required_tls_gets_nothing(
    mail_server: MailServer,
) -> None:
    server = SmtpServer("127.0.0.1", mail_server.port, "center@example.com", security="starttls")
    assert failure(SmtpCourier(server, "sms.example.net")).rule == "unreachable"
    assert not mail_server.got


def who_may_log_on(
    server: object, session: object, envelope: object, how: str, data: object
) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"us", b"pass-word")
    return AuthResult(success=known, handled=False)


# It warns of this setup because TLS starts with the first byte.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_gateway_over_tls_gets_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    path, context = make_certificate(tmp_path)
    mail_server = MailServer(free_port())
    how = {
        "starttls": {"tls_context": context, "require_starttls": True},
        "tls": {"ssl_context": context, "auth_require_tls": False},
    }[security]
    with mail_server.running(authenticator=who_may_log_on, auth_required=True, **how):

        def courier(password: str) -> SmtpCourier:
            server = SmtpServer(
                "127.0.0.1",
                mail_server.port,
                "center@example.com",
                security,
                "us",
                Hidden(password),
            )
            return SmtpCourier(server, "sms.example.net")

        # No authority vouches for the certificate.
        assert failure(courier("pass-word")).rule == "unreachable"
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        error = failure(courier("wrong-word"))
        assert error.rule == "unreachable"
        assert "wrong-word" not in everything_shown(error)
        assert not mail_server.got
        courier("pass-word").send_code(MOBILE, EMAIL, Hidden(TEXT))
    assert mail_server.recipients == ["13125550101@sms.example.net"]


def test_a_provider_over_tls_gets_the_text(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, context = make_certificate(tmp_path)
    provider.socket = context.wrap_socket(provider.socket, server_side=True)
    courier = WebhookCourier(f"https://127.0.0.1:{provider.server_port}/", Hidden("provider-token"))
    # No authority vouches for the certificate.
    assert failure(courier).rule == "unreachable"
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    courier.send_code(MOBILE, EMAIL, Hidden(TEXT))
    ((_, _, body),) = provider.got
    assert body == {"to": MOBILE, "text": TEXT}


class Course:
    """A courier that sends or fails each code as the course says."""

    def __init__(self, *course: DeliveryError | None) -> None:
        self._course = list(course)

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        problem = self._course.pop(0)
        if problem is not None:
            raise problem


def test_the_log_contains_each_change_and_not_each_code(caplog: pytest.LogCaptureFixture) -> None:
    gone, no = DeliveryError("no answer", "unreachable"), DeliveryError("no", "refused")
    course = (None, gone, gone, no, None, None, gone)
    watched = WatchedCourier(Course(*course))
    for problem in course:
        if problem is None:
            watched.send_code(MOBILE, EMAIL, Hidden(TEXT))
        else:
            assert failure(watched) is problem
    assert [record.getMessage() for record in caplog.records] == [
        "verification codes: no answer",
        "verification codes: no",
        "verification codes: sending works again",
        "verification codes: no answer",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipient": "maria@example.com\nBcc: x@example.com"},
        {"recipient": "<"},
        {"recipient": "maria@["},
        {"subject": "Your key\r\nBcc: x@example.com"},
        {"body": "secret-text \ud800"},
    ],
)
def test_a_mail_that_cannot_be_written_is_reported(
    mail_server: MailServer, tmp_path: Path, wrong: dict[str, str]
) -> None:
    mail = replace(Mail("1", EMAIL, "Your key", "It expires."), **wrong)
    server = SmtpServer("127.0.0.1", mail_server.port, "center@example.com", "none")
    for mailer in (SmtpMailer(server), OutboxMailer(tmp_path, server.sender)):
        with mailer.open() as post:
            with pytest.raises(DeliveryError, match="no mail can be written") as caught:
                post(mail)
            post(Mail("2", EMAIL, "Your key", "It expires."))
        assert caught.value.rule == "refused"
        assert caught.value.__context__ is None
    assert len(mail_server.got) == 1


def test_a_remote_mail_server_needs_tls() -> None:
    with pytest.raises(CenterError, match="unencrypted"):
        SmtpServer("mail.example.com", 25, "center@example.com", security="none")
    with pytest.raises(CenterError, match="starttls"):
        SmtpServer("mail.example.com", 25, "center@example.com", security="ssl")


@pytest.mark.parametrize(("user", "password"), [("us", "w\u00f6rd-pass"), ("\u00fcs", "word-pass")])
def test_a_password_that_is_not_ascii_is_refused(user: str, password: str) -> None:
    with pytest.raises(CenterError, match="ASCII") as caught:
        SmtpServer("mail.example.com", 25, "c@example.com", "tls", user, Hidden(password))
    assert password not in everything_shown(caught.value)


def test_a_folder_gets_the_text(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "outbox"
    courier = OutboxCourier(folder)
    for number in range(3):
        courier.send_code(MOBILE, EMAIL, Hidden(f"{TEXT} {number}"))
    files = sorted(folder.iterdir())
    assert [file.read_text().split()[-1] for file in files] == ["0", "1", "2"]
    assert MOBILE in files[0].read_text()
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert failure(OutboxCourier(tmp_path / "file")).rule == "refused"
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - names alone
