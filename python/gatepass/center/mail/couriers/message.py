"""Mails as RFC 5322 has them."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from gatepass.center.mail.couriers import Mail


def mail_message(mail: Mail, sender: str) -> EmailMessage:
    """Write a mail. Its Message-ID comes from its key, so that a repeated one can be told."""
    message = plain_message(mail.recipient, sender, mail.body)
    message["Subject"] = mail.subject
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{mail_name(mail)}@{domain}>"
    # Answering machines leave such mail alone (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    return message


def plain_message(recipient: str, sender: str, text: str) -> EmailMessage:
    """Write a message of text alone. Raises `ValueError` for a line end in an address."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message.set_content(text)
    return message


def mail_name(mail: Mail) -> str:
    """Name a mail by its key: the same for the same mail, and nothing can be read from it."""
    return hashlib.sha256(mail.key.encode()).hexdigest()[:32]
