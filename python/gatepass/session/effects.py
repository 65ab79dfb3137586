"""What a session asks of whoever drives it, in the order in which it must be done.

A `Save` comes before the `Send` it belongs to: a number is safe on disk before it is on the wire.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NoReturn

from gatepass.errors import GatepassError
from gatepass.fix.message import Message
from gatepass.fix.week import Scenario
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.session.role import Role


@dataclass(frozen=True, slots=True)
class Save:
    """Keep these numbers, and the message that moved them: it is sent, or it was received."""

    numbers: Numbers
    sent: SentMessage | None = None
    received: ReceivedMessage | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Put these bytes on the wire."""

    wire: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection; ``reason`` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The session cannot go on for a reason that has fields: `Close` follows."""

    error: GatepassError


@dataclass(frozen=True, slots=True)
class SignatureWanted:
    """Sign ``canonical`` for ``sender_comp_id``, for a Logon of ``scenario``.

    Answer with `ClientSession.signature`, or with `ClientSession.unsigned` where there is none. A
    driver that does something else first asks `ClientSession.stamp` for what to sign, with the time
    of then.
    """

    sender_comp_id: str
    canonical: bytes = field(repr=False)
    scenario: Scenario

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SignatureWanted cannot be pickled or copied: it holds what is signed")


@dataclass(frozen=True, slots=True)
class VerificationWanted:
    """Judge this Logon; answer with `GatewaySession.accept`, `refuse` or `reject`."""

    logon: Message


@dataclass(frozen=True, slots=True)
class ResendWanted:
    """Look up the messages kept with numbers ``begin`` to ``end``; answer with ``resend``."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class LoggedOn:
    """The session is up. ``logon`` is the other side's Logon."""

    logon: Message


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The other side sent a Logout: its Text (58) and NextExpectedMsgSeqNum (789).

    ``refused`` says that it answered a Logon.
    """

    text: str | None
    next_expected: int | None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class LogonRejected:
    """The other side answered a Logon with a Session Level Reject (35=3): its Text (58).

    After one of an In-Session Logon the session goes on as it was.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Received:
    """An application message, once and in order; the `Save` before it has kept it.

    ``epoch`` is the one in which it has its number.
    """

    message: Message
    epoch: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The other side refused a message with a Session Level Reject (35=3)."""

    message: Message


@dataclass(frozen=True, slots=True)
class RejectSent:
    """A message of the other side was refused with a Session Level Reject: its 371 and 58."""

    message: Message
    tag: int
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages ``begin`` to ``end`` are missing and were asked for."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """The other side's Sequence Reset passed over ``begin`` to ``end``, which never came."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Garbled:
    """Bytes that are no message were ignored, as FIX asks; the gap they leave is filled later."""

    reason: str


class NotResentCause(enum.Enum):
    """Why a kept message is gap-filled, not sent again."""

    DAMAGED = "it is too long to be sent again, or damaged"
    ASKED_AGAIN = "it was sent again once, and the other side asks for it once more"
    REJECTED = "the other side refused it with a Session Level Reject"


@dataclass(frozen=True, slots=True)
class NotResent:
    """The other side asked for a kept message, and it was gap-filled instead."""

    number: int
    cause: NotResentCause


@dataclass(frozen=True, slots=True)
class NumbersWanted:
    """This backup is the primary now: stop the old primary, keep what is to come in its store.

    Answer with `ClientSession.promoted` and the numbers kept there.
    """


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """The exchange has given this connection another role."""

    role: Role


Effect = (
    Save
    | Send
    | Close
    | Failed
    | SignatureWanted
    | VerificationWanted
    | ResendWanted
    | LoggedOn
    | LoggedOut
    | LogonRejected
    | Received
    | Rejected
    | RejectSent
    | Gap
    | Skipped
    | Garbled
    | NotResent
    | NumbersWanted
    | RoleChanged
)
