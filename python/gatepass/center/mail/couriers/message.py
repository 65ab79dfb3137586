"""Mails in the format of RFC 5322."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from gatepass.center.mail.couriers import Mail


def mail_message(mail: Mail, sender: str) -> EmailMessage:
    """Return a mail. Its Message-ID comes from its key, so that a repeated mail is recognised."""
    message = plain_message(mail.recipient, sender, mail.body)
    message["Subject"] = mail.subject
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{mail_name(mail)}@{domain}>"
    # Automatic responders do not answer such a mail (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    return message


def plain_message(recipient: str, sender: str, text: str) -> EmailMessage:
    """Return a message of plain text. Raises `ValueError` for a line end in an address."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message.set_content(text)
    return message


def mail_name(mail: Mail) -> str:
    """Return a name from the mail's key: the same for the same mail, and it reveals nothing."""
    return hashlib.sha256(mail.key.encode()).hexdigest()[:32]
