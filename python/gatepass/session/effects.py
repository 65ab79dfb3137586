"""What a session asks of whoever drives it, in the order in which it must be done.

A `Save` comes before the `Send` it belongs to: a number is safe on disk before it is on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, NoReturn, TypeVar

from gatepass.causes import Cause
from gatepass.errors import GatepassError
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.session.role import Role

M = TypeVar("M")


class Effect:
    """What a session asks for, or tells; a protocol adds its own to those here."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Save(Effect):
    """Keep these numbers, and the message that moved them: it is sent, or it was received."""

    numbers: Numbers
    sent: SentMessage | None = None
    received: ReceivedMessage | None = None


@dataclass(frozen=True, slots=True)
class Send(Effect):
    """Put these bytes on the wire."""

    wire: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Close(Effect):
    """Close the connection; ``reason`` says why to people."""

    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Failed(Effect):
    """The session cannot go on for a reason that has fields: `Close` follows."""

    error: GatepassError


@dataclass(frozen=True, slots=True)
class SignatureWanted(Effect):
    """Sign ``canonical`` for a session, for a Logon of this kind.

    ``session`` is the name that key pairs are chosen by: a FIX session's SenderCompID (49).
    ``logon`` says which Logon it is, in the protocol's own way: a FIX session's scenario. Answer
    with the session's `signature`, or with `unsigned` where there is none. A driver that does
    something else first asks `stamp` for what to sign, with the time of then.
    """

    session: str
    canonical: bytes = field(repr=False)
    logon: object

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SignatureWanted cannot be pickled or copied: it holds what is signed")


@dataclass(frozen=True, slots=True)
class VerificationWanted(Effect, Generic[M]):
    """Judge this Logon; answer with the session's `accept`, `refuse` or `reject`."""

    logon: M


@dataclass(frozen=True, slots=True)
class ResendWanted(Effect):
    """Look up the messages kept with numbers ``begin`` to ``end``; answer with ``resend``."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class LoggedOn(Effect, Generic[M]):
    """The session is up. ``logon`` is the other side's Logon."""

    logon: M


@dataclass(frozen=True, slots=True)
class LoggedOut(Effect):
    """The other side has ended the session: its words, and the number that it expects next.

    ``refused`` says that it answered a Logon.
    """

    text: str | None
    next_expected: int | None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Received(Effect, Generic[M]):
    """An application message, once and in order; the `Save` before it has kept it.

    ``epoch`` is the one in which it has its number.
    """

    message: M
    epoch: str


@dataclass(frozen=True, slots=True)
class Gap(Effect):
    """Messages ``begin`` to ``end`` are missing and were asked for."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Garbled(Effect):
    """Bytes that are no message were ignored, as FIX asks; the gap they leave is filled later."""

    reason: str


@dataclass(frozen=True, slots=True)
class NumbersWanted(Effect):
    """This backup is the primary now: stop the old primary, keep what is to come in its store.

    Answer with the session's `promoted` and the numbers kept there.
    """


@dataclass(frozen=True, slots=True)
class RoleChanged(Effect):
    """The exchange has given this connection another role."""

    role: Role
