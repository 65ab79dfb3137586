"""What leaves the house: verification codes to mobiles, and mails.

A `gatepass.center.context.Courier` takes a code to its recipient now or says that it could not:
codes are never queued. A `Mailer` sends the mails that wait in the database. Mail server (`smtp`),
SMS provider (`webhook`) and a folder of files (`outbox`) are at hand; anything else that has these
methods will do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. ``key`` names it: sent again, it is the same mail with the same Message-ID."""

    key: str
    recipient: str
    subject: str
    body: str


class Mailer(Protocol):
    """Sends mails, several over one connection."""

    def open(self) -> AbstractContextManager[Callable[[Mail], None]]:
        """Give a function that sends one mail; it raises `gatepass.errors.DeliveryError`.

        When it returns, somebody else has taken the mail over.
        """

    def end(self) -> None:
        """Have what is being sent end within seconds, sent or failed. From another thread."""
