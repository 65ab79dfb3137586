"""What a session asks its driver to do, in the order in which the driver must do it.

A `Save` comes before its `Send`: a number is safe on disk before it is on the wire.
"""

from __future__ import annotations

from dataclasses import field
from typing import Generic, NoReturn, TypeVar

from gatepass.causes import Cause
from gatepass.errors import GatepassError
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.session.role import Role
from gatepass.values import value

M = TypeVar("M")


class Effect:
    """What a session asks for or reports; each protocol adds its own effects."""

    __slots__ = ()


@value
class Save(Effect):
    """Save these numbers, and the message sent or received that changed them."""

    numbers: Numbers
    sent: SentMessage | None = None
    received: ReceivedMessage | None = None


@value
class Send(Effect):
    """Put these bytes on the wire."""

    wire: bytes = field(repr=False)


@value
class Close(Effect):
    """Close the connection; ``reason`` is for people."""

    cause: Cause
    reason: str


@value
class Failed(Effect):
    """The session failed with a typed error; `Close` follows."""

    error: GatepassError


@value
class SignatureWanted(Effect):
    """Sign ``canonical`` for a session, for a Logon of this kind.

    ``session`` is the name that selects the key pair: a FIX session's SenderCompID (49).
    ``logon`` is the kind of Logon, defined by the protocol: a FIX session's scenario. Answer with
    the session's `signature`, or with `unsigned` if it cannot be signed. A driver that does
    something else first calls `stamp` to get what to sign, with the current time.
    """

    session: str
    canonical: bytes = field(repr=False)
    logon: object

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SignatureWanted cannot be pickled or copied: it contains what is signed")


@value
class VerificationWanted(Effect, Generic[M]):
    """Judge this Logon; answer with the session's `accept`, `refuse` or `reject`."""

    logon: M


@value
class ResendWanted(Effect):
    """Look up the stored messages ``begin`` to ``end``; answer with the session's ``resend``."""

    begin: int
    end: int


@value
class LoggedOn(Effect, Generic[M]):
    """The session is logged on. ``logon`` is the other side's Logon."""

    logon: M


@value
class LoggedOut(Effect):
    """The other side ended the session: its text, and the number that it expects next.

    ``refused`` is true if this was the answer to a Logon.
    """

    text: str | None
    next_expected: int | None
    refused: bool = False


@value
class Received(Effect, Generic[M]):
    """An application message, once and in order; the `Save` before it has stored it.

    ``epoch`` is the epoch of its number.
    """

    message: M
    epoch: str


@value
class Gap(Effect):
    """Messages ``begin`` to ``end`` are missing and were requested."""

    begin: int
    end: int


@value
class Garbled(Effect):
    """Bytes that are not a message were ignored, as FIX requires; the gap is filled later."""

    reason: str


@value
class NumbersWanted(Effect):
    """This backup is the primary now: stop the old primary, and use its store from now on.

    Answer with the session's `promoted` and the numbers in that store.
    """


@value
class RoleChanged(Effect):
    """The exchange gave this connection another role."""

    role: Role
