"""A real SMTP server on this machine that keeps its mails, and misbehaves on request."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class MailServer:
    """``answer`` to each message; ``refuse`` these recipients; ``hang_up`` after the message."""

    port: int
    answer: str = "250 taken"
    refuse: set[str] = field(default_factory=set)
    hang_up: bool = False
    got: list[tuple[str, EmailMessage]] = field(default_factory=list)
    connections: int = 0

    async def handle_HELO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, name: str
    ) -> str:
        session.host_name = name
        return "250 localhost"

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, name: str, answers: list[str]
    ) -> list[str]:
        session.host_name = name
        self.connections += 1
        return answers

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 good"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            message = message_from_bytes(content, policy=default)
            assert isinstance(message, EmailMessage)
            self.got.extend((address, message) for address in envelope.rcpt_tos)
        if self.hang_up:
            # The message was accepted and the answer is lost: the client cannot know.
            transport = server.transport
            assert transport is not None
            transport.abort()
        return self.answer

    @property
    def recipients(self) -> list[str]:
        return sorted(address for address, _ in self.got)

    @contextmanager
    def running(self, **options: object) -> Iterator[None]:
        controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)
        controller.start()
        try:
            yield
        finally:
            controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
