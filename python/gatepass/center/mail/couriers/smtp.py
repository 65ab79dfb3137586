"""Mails and codes by SMTP; a code goes to a mail-to-SMS gateway as ``number@gateway``."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from gatepass.center.mail.couriers import Mail
from gatepass.center.mail.couriers.breaking import Breaker
from gatepass.center.mail.couriers.message import mail_message, plain_message
from gatepass.center.secrets.hidden import Hidden
from gatepass.errors import CenterError, DeliveryError

#: Seconds for each answer of the server, and for connecting and sending one message.
ANSWER_WITHIN = 20
SENT_WITHIN = 60
#: Seconds for the answer to the message itself: a server may scan a mail for ten minutes before it
#: accepts it (RFC 5321, 4.5.3.2.6). If we gave up earlier, the mail would be sent again.
TAKEN_WITHIN = 600
#: Seconds that the server gets to finish a mail when the process ends.
ENDS_WITHIN = 3

#: How a connection is protected: TLS from the first byte, TLS after STARTTLS, or not at all.
_SECURITY = ("tls", "starttls", "none")
NOT_ONE_LINE = "the sender of mails is one line of printable text, such as center@example.com"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


#: What may be behind the @ of an address; also an address in brackets.
_DOMAIN = re.compile(r"[A-Za-z0-9._:\[\]-]+")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server. ``sender`` is the From address, on one line.

    ``security`` is ``tls``, ``starttls`` or ``none``; ``none`` is accepted only for a server on
    this machine, because the mails contain codes. Raises `gatepass.errors.CenterError`.
    """

    host: str
    port: int
    sender: str
    security: str = "starttls"
    username: str = ""
    password: Hidden | None = None

    def __post_init__(self) -> None:
        if self.security not in _SECURITY:
            raise CenterError(f"mail server security must be one of {', '.join(_SECURITY)}")
        if not self.sender.isprintable():
            # No mail and no code could be written.
            raise CenterError(NOT_ONE_LINE)
        if self.security == "none" and self.host not in _LOOPBACK:
            raise CenterError(
                f"the mail server {self.host} would get codes and mails unencrypted: use tls or"
                " starttls, or a relay on this machine"
            )
        if not (self.username + (self.password or Hidden("")).reveal()).isascii():
            raise CenterError(
                f"the user name or password for mail server {self.host} has non-ASCII characters,"
                " which servers read differently: have it changed there"
            )


class SmtpCourier:
    """Sends codes to ``number@gateway``: the digits of the mobile, country code first.

    Raises `gatepass.errors.CenterError` for a gateway that is not a domain.
    """

    def __init__(self, server: SmtpServer, gateway: str) -> None:
        if not _DOMAIN.fullmatch(gateway):
            raise CenterError("a mail-to-SMS gateway is a domain, such as sms.example.com")
        self._server = server
        self._gateway = gateway

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        """Give a text to the gateway's mail server."""
        recipient = f"{re.sub('[^0-9]', '', mobile)}@{self._gateway}"
        # The user is waiting for it, and it expires after ten minutes.
        with _line(self._server, ANSWER_WITHIN) as line:
            line.send(plain_message(recipient, self._server.sender, text.reveal()))


class SmtpMailer:
    """Sends mails; all mails of one `open` use one connection."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._lines: set[_Line] = set()

    @contextlib.contextmanager
    def open(self) -> Iterator[Callable[[Mail], None]]:
        """Give a function that sends one mail; the first one connects."""
        with _line(self._server, TAKEN_WITHIN) as line:
            with self._lock:
                self._lines.add(line)
            try:
                yield lambda mail: line.send(mail_message(mail, self._server.sender))
            finally:
                with self._lock:
                    self._lines.discard(line)

    def end(self) -> None:
        """Abort the mail in progress, unless the server accepts it within `ENDS_WITHIN`."""
        with self._lock:
            for line in self._lines:
                line.end()


@contextlib.contextmanager
def _line(server: SmtpServer, taken_within: float) -> Iterator[_Line]:
    """Give a connection that is closed afterwards."""
    line = _Line(server, taken_within)
    try:
        yield line
    finally:
        line.close()


#: The server's answers that it refuses a message or does not support it.
_REFUSALS = (
    *(smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError),
    smtplib.SMTPNotSupportedError,
)
#: A ValueError comes from a name or an address that SMTP cannot transport.
_FAILURES = (OSError, ValueError)


class _Client(smtplib.SMTP):
    """An SMTP client that can be aborted, and that waits longer for the answer to a message."""

    def __init__(self, server: SmtpServer, breaker: Breaker, taken_within: float) -> None:
        self._breaker = breaker
        self._taken_within = taken_within
        # The library's default context would accept any certificate.
        self._context = ssl.create_default_context()
        self._is_tls = server.security == "tls"
        super().__init__(server.host, server.port, timeout=ANSWER_WITHIN)
        try:
            self._introduce(server)
        except BaseException:
            self.close()
            raise

    def _introduce(self, server: SmtpServer) -> None:
        if server.security == "starttls":
            self.starttls(context=self._context)
        self.ehlo_or_helo_if_needed()
        if server.username:
            self.login(server.username, (server.password or Hidden("")).reveal())

    def connect(self, host: str = "", port: int = 0, source_address: Any = None) -> Any:
        """Connect, and return the greeting."""
        self.sock, self.file = self._connected(host, port), None
        return self.getreply()

    def data(self, msg: Any) -> Any:
        """Send a message, and return the answer."""
        self._wait(self._taken_within)
        try:
            return super().data(msg)
        finally:
            self._wait(ANSWER_WITHIN)

    def _connected(self, host: str, port: int) -> socket.socket:
        problem = OSError("it has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        ):
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(ANSWER_WITHIN)
                self._breaker.watch(opened)
                opened.connect(address)
                if self._is_tls:
                    return self._context.wrap_socket(opened, server_hostname=host)
            except OSError as error:
                opened.close()
                problem = error
            else:
                return opened
        raise problem

    def _wait(self, seconds: float) -> None:
        if self.sock is not None:
            self.sock.settimeout(seconds)


class _Line:
    """A connection to the mail server for one thread; `end` is for another thread."""

    def __init__(self, server: SmtpServer, taken_within: float) -> None:
        self._server = server
        self._taken_within = taken_within
        self._breaker = Breaker()
        self._client: _Client | None = None
        self._ends = False

    def send(self, message: EmailMessage) -> None:
        """Send a message; connect first if necessary."""
        problem = self._send(message)
        if problem is not None:
            # Raised here, without a context: the library's error may contain the message.
            raise problem

    def end(self) -> None:
        """Abort the mail in progress if it is not sent soon."""
        self._ends = True
        self._breaker.after(ENDS_WITHIN)

    def close(self) -> None:
        """Quit and close."""
        self._hang_up(politely=not self._ends)

    def _send(self, message: EmailMessage) -> DeliveryError | None:
        try:
            with self._breaker.within(SENT_WITHIN):
                client = self._connected()
        except _FAILURES as error:
            self._hang_up(politely=False)
            return self._problem("unreachable", error)
        try:
            with self._breaker.within(SENT_WITHIN + self._taken_within):
                client.send_message(message)
        except _REFUSALS as error:
            self._hang_up(politely=True)
            return self._problem("refused", error)
        except _FAILURES as error:
            # The server may have accepted it before the connection broke.
            self._hang_up(politely=False)
            return self._problem("in doubt", error)
        return None

    def _connected(self) -> _Client:
        if self._client is None:
            self._client = _Client(self._server, self._breaker, self._taken_within)
        return self._client

    def _hang_up(self, *, politely: bool) -> None:
        client, self._client = self._client, None
        if client is not None:
            if politely:
                with contextlib.suppress(OSError), self._breaker.within(ANSWER_WITHIN):
                    client.quit()
            client.close()
        self._breaker.release()

    def _problem(self, rule: str, error: Exception) -> DeliveryError:
        """Return what happened: the answer's number, not its text, which may quote the message."""
        answer = f" {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else ""
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            answer = f" {next(iter(error.recipients.values()))[0]}"
        place = f"mail server {self._server.host}:{self._server.port}"
        return DeliveryError(f"{place}: {rule} ({type(error).__name__}{answer})", rule)
