"""The effects of a FIX session: those of every session, and its own."""

from __future__ import annotations

import enum

from gatepass.fix.message import Message
from gatepass.session.effects import (
    Close,
    Effect,
    Failed,
    Gap,
    Garbled,
    LoggedOn,
    LoggedOut,
    NumbersWanted,
    Received,
    ResendWanted,
    RoleChanged,
    Save,
    Send,
    SignatureWanted,
    VerificationWanted,
)
from gatepass.values import value

__all__ = [
    "Close",
    "Effect",
    "Failed",
    "Gap",
    "Garbled",
    "LoggedOn",
    "LoggedOut",
    "LogonRejected",
    "NotResent",
    "NotResentCause",
    "NumbersWanted",
    "Received",
    "RejectSent",
    "Rejected",
    "ResendWanted",
    "RoleChanged",
    "Save",
    "Send",
    "SignatureWanted",
    "Skipped",
    "VerificationWanted",
]


@value
class LogonRejected(Effect):
    """The other side answered a Logon with a Session Level Reject (35=3): its Text (58).

    If it was an In-Session Logon, the session continues unchanged.
    """

    text: str


@value
class Rejected(Effect):
    """The other side refused a message with a Session Level Reject (35=3)."""

    message: Message


@value
class RejectSent(Effect):
    """A message of the other side was refused with a Session Level Reject: its 371 and 58."""

    message: Message
    tag: int
    text: str


@value
class Skipped(Effect):
    """The other side's Sequence Reset skipped ``begin`` to ``end``, which never came."""

    begin: int
    end: int


class NotResentCause(enum.Enum):
    """Why a stored message is gap-filled instead of resent."""

    DAMAGED = "it is too long to be sent again, or damaged"
    ASKED_AGAIN = "it was sent again once, and the other side requests it once more"
    REJECTED = "the other side refused it with a Session Level Reject"


@value
class NotResent(Effect):
    """The other side requested a stored message, and it was gap-filled instead."""

    number: int
    cause: NotResentCause
