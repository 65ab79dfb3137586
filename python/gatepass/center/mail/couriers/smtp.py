"""Mails and codes by SMTP; a code goes to a mail-to-SMS gateway as ``number@gateway``."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, TypeVar

import aiosmtplib

from gatepass.center.mail.couriers import Mail
from gatepass.center.mail.couriers.message import mail_message, plain_message
from gatepass.center.secrets.hidden import Hidden
from gatepass.errors import CenterError, DeliveryError

Result = TypeVar("Result")

#: Seconds for each answer of the server, to connect, and for one message without what follows.
ANSWER_WITHIN = 20
SENT_WITHIN = 60
#: Seconds for the answer to the message itself: a server that looks through a mail before it takes
#: it gets ten minutes (RFC 5321, 4.5.3.2.6). Giving up earlier would send the mail again.
TAKEN_WITHIN = 600
#: Seconds a server gets that is in the middle of a mail when the process is to end.
ENDS_WITHIN = 3

#: How a connection may be protected: TLS from the first byte, from STARTTLS on, or not.
_SECURITY = ("tls", "starttls", "none")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server. ``sender`` is the From address.

    ``security`` is ``tls``, ``starttls`` or ``none``; without any, only a server on this machine is
    accepted: codes travel in these mails. Raises `gatepass.errors.CenterError`.
    """

    host: str
    port: int
    sender: str
    security: str = "starttls"
    username: str = ""
    password: Hidden | None = None

    def __post_init__(self) -> None:
        if self.security not in _SECURITY:
            raise CenterError(f"mail server security is one of {', '.join(_SECURITY)}")
        if self.security == "none" and self.host not in _LOOPBACK:
            raise CenterError(
                f"the mail server {self.host} would get codes and mails in clear: use tls or"
                " starttls, or a relay on this machine"
            )


class SmtpCourier:
    """Sends codes to ``number@gateway``: the digits of the mobile, country code first."""

    def __init__(self, server: SmtpServer, gateway: str) -> None:
        self._server = server
        self._gateway = gateway

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        """Hand a text over to the gateway's mail server."""
        recipient = f"{re.sub('[^0-9]', '', mobile)}@{self._gateway}"
        # Somebody waits for it, and it is not good for longer than ten minutes.
        with _line(self._server, ANSWER_WITHIN) as line:
            line.send(plain_message(recipient, self._server.sender, text.reveal()))


class SmtpMailer:
    """Sends mails, those of one `open` over one connection."""

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
        """Let what is being sent fail, unless the server takes it within `ENDS_WITHIN`."""
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


_FAILURES = (
    *(aiosmtplib.SMTPException, OSError, asyncio.TimeoutError),
    # `_Line.end` broke it off.
    asyncio.CancelledError,
)


class _Client(aiosmtplib.SMTP):
    """Waits longer for the answer to a message than for all others."""

    taken_within: float = ANSWER_WITHIN

    async def data(self, message: str | bytes, /, **_given: Any) -> aiosmtplib.SMTPResponse:
        """Send a message."""
        return await super().data(message, timeout=self.taken_within)


class _Line:
    """A connection to the mail server, used by one thread that runs no event loop."""

    def __init__(self, server: SmtpServer, taken_within: float) -> None:
        self._server = server
        self._taken_within = taken_within
        self._loop = asyncio.new_event_loop()
        self._client: _Client | None = None
        self._task: asyncio.Task[Any] | None = None
        self._ends = False

    def close(self) -> None:
        """Say good-bye and close."""
        try:
            self._run(self._hang_up(politely=not self._ends))
        finally:
            self._loop.close()

    def end(self) -> None:
        """Break off what is done, from another thread, if it is not over soon."""
        self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._ends = True
        self._loop.call_later(ENDS_WITHIN, self._break_off)

    def _break_off(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        self._task = task = self._loop.create_task(work)
        return self._loop.run_until_complete(task)

    def send(self, message: EmailMessage) -> None:
        """Send a message, connecting first if need be."""
        problem = self._run(self._send(message))
        if problem is not None:
            # Raised here, with nothing behind it: the library's error may hold the message.
            raise problem

    async def _send(self, message: EmailMessage) -> DeliveryError | None:
        try:
            if self._client is None:
                async with asyncio.timeout(SENT_WITHIN):
                    await self._connect()
        except _FAILURES as error:
            await self._hang_up(politely=False)
            return self._problem("unreachable", error)
        try:
            async with asyncio.timeout(SENT_WITHIN + self._taken_within):
                await self._connected().send_message(message)
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
            await self._hang_up(politely=True)
            return self._problem("refused", error)
        except _FAILURES as error:
            # The server may have taken it before it went away.
            await self._hang_up(politely=False)
            return self._problem("in doubt", error)
        return None

    async def _connect(self) -> None:
        server = self._server
        self._client = client = _Client(
            hostname=server.host,
            port=server.port,
            timeout=ANSWER_WITHIN,
            use_tls=server.security == "tls",
            # Done below: in its own `connect` the library loses hold of a connection that fails.
            start_tls=False,
        )
        client.taken_within = self._taken_within
        await client.connect()
        if server.security == "starttls":
            await client.starttls()
        if server.username:
            password = server.password or Hidden("")
            await client.login(server.username, password.reveal())

    def _connected(self) -> _Client:
        if self._client is None:
            raise AssertionError("a connection is used before it is there")
        return self._client

    async def _hang_up(self, *, politely: bool) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        transport = client.transport
        if politely:
            with contextlib.suppress(*_FAILURES):
                async with asyncio.timeout(ANSWER_WITHIN):
                    await client.quit()
        client.close()
        # TLS would wait for the other side's good-bye, on a loop that is about to end.
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
        await asyncio.sleep(0)

    def _problem(self, rule: str, error: BaseException) -> DeliveryError:
        """Say what happened: the answer's number, not its text, which may repeat the message."""
        answer = f" {error.code}" if isinstance(error, aiosmtplib.SMTPResponseException) else ""
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            answer = f" {error.recipients[0].code}"
        place = f"mail server {self._server.host}:{self._server.port}"
        return DeliveryError(f"{place}: {rule} ({type(error).__name__}{answer})", rule)
