"""Mails in the format of RFC 5322."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from gatepass.center.mail.couriers import Mail
from gatepass.errors import DeliveryError

#: The library's errors for what it cannot write; the last two are for malformed addresses.
_UNWRITABLE = (ValueError, IndexError, AttributeError)
_WHY = (
    "no mail can be written: its recipient is not an address, its subject is not one line, or a"
    " character is not Unicode"
)


def mail_message(mail: Mail, sender: str) -> EmailMessage:
    """Return a mail. Its Message-ID comes from its key, so that a repeated mail is recognised.

    Raises `DeliveryError` for a text that no mail can have.
    """
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    more = (
        ("Subject", mail.subject),
        ("Message-ID", f"<{mail_name(mail)}@{domain}>"),
        # Automatic responders do not answer such a mail (RFC 3834).
        ("Auto-Submitted", "auto-generated"),
    )
    return plain_message(mail.recipient, sender, mail.body, more)


def plain_message(
    recipient: str, sender: str, text: str, more: Iterable[tuple[str, str]] = ()
) -> EmailMessage:
    """Return a message of plain text, with ``more`` headers.

    Raises `DeliveryError` for a text that no mail can have.
    """
    with suppress(*_UNWRITABLE):
        message = EmailMessage(policy=SMTP)
        for name, value in (("From", sender), ("To", recipient), *more):
            message[name] = value
        message.set_content(text)
        return message
    # Raised here, without a context: the library's error contains the text.
    raise DeliveryError(_WHY, "refused")


def mail_name(mail: Mail) -> str:
    """Return a name from the mail's key: the same for the same mail, and it reveals nothing."""
    return hashlib.sha256(mail.key.encode()).hexdigest()[:32]
