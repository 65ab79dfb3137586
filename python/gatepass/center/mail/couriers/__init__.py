"""Delivery of verification codes and mails.

A `gatepass.center.context.Courier` delivers a code at once or raises an error: codes are never
queued. A `Mailer` sends the mails that wait in the database. There are couriers for a mail server
(`smtp`), an SMS provider (`webhook`) and a folder of files (`outbox`); any other object with these
methods works too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. ``key`` identifies it: sent again, it has the same Message-ID."""

    key: str
    recipient: str
    subject: str
    body: str


class Mailer(Protocol):
    """Sends mails, several over one connection."""

    def open(self) -> AbstractContextManager[Callable[[Mail], None]]:
        """Give a function that sends one mail; it raises `gatepass.errors.DeliveryError`.

        When it returns, the receiver is responsible for the mail.
        """

    def end(self) -> None:
        """Make a mail in progress end within seconds, sent or failed; for another thread."""
