"""A served Request Center: over HTTP, with a mail server that receives codes and mails."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.message import EmailMessage

from gatepass.center.context import Center
from gatepass.center.mail import queue as mails
from gatepass.center.mail.couriers.smtp import SmtpCourier, SmtpMailer, SmtpServer
from gatepass.center.web import make_app
from gatepass.center.web.serving.server import Server, listening
from tests.center.aside import aside
from tests.center.mailserver import MailServer, free_port

SMS_GATEWAY = "sms.example"
SENDER = "request-center@example.com"


@dataclass(frozen=True)
class Service:
    """A browser opens ``address``; codes and mails arrive at ``post``."""

    center: Center
    address: str
    post: MailServer

    def code(self, mobile: str) -> str:
        """The six digits of the last message to this mobile."""
        last = self._received(f"{re.sub('[^0-9]', '', mobile)}@{SMS_GATEWAY}")[-1]
        found = re.search(r"\b[0-9]{6}\b", last.get_content())
        assert found is not None
        return found[0]

    def codes_sent(self) -> int:
        return sum(address.endswith(f"@{SMS_GATEWAY}") for address, _ in self.post.got)

    def mails(self, address: str) -> list[EmailMessage]:
        """A user's mails, after the Request Center has sent the queued ones."""
        mailer = SmtpMailer(_server(self.post))
        aside(lambda: mails.deliver_due(self.center, mailer))
        return self._received(address)

    def _received(self, recipient: str) -> list[EmailMessage]:
        return [message for address, message in self.post.got if address == recipient]


@contextmanager
def served(center: Center) -> Iterator[Service]:
    """Serve this Request Center on a free port of this machine."""
    post = MailServer(free_port())
    with post.running():
        sending = replace(center, courier=SmtpCourier(_server(post), SMS_GATEWAY))
        with _listening(sending) as port:
            yield Service(sending, f"http://127.0.0.1:{port}", post)


@contextmanager
def _listening(center: Center) -> Iterator[int]:
    with listening("127.0.0.1", 0) as listener:
        server = Server(make_app(center), listener)
        thread = threading.Thread(target=lambda: asyncio.run(server.run_here()))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def _server(post: MailServer) -> SmtpServer:
    return SmtpServer("127.0.0.1", post.port, SENDER, "none")
