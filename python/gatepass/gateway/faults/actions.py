"""The kinds of fault: one class for each, which says what it does to a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from gatepass.counting import counted
from gatepass.errors import FramingError
from gatepass.fix.message import Message, encode
from gatepass.keys import AccessKeyId


class Scene(Protocol):
    """What a fault can do to the message's session and to the gateway."""

    def delay(self, seconds: float) -> None:
        """Delay the message, and all behind it, by this many seconds."""

    def skew(self, seconds: float) -> None:
        """Set the gateway's clock wrong by this many seconds."""

    def expire(self, access_key_id: AccessKeyId | None) -> None:
        """Expire a key pair: this one, or the one that the session would use."""

    def hang_up(self) -> None:
        """End the connection; what was sent so far still goes out."""

    def fail_over(self) -> None:
        """Fail the primary gateway of the session."""

    def log_out(self, text: str) -> None:
        """Log the client out with this text."""


@dataclass(frozen=True, slots=True)
class Action:
    """One fault; its text says what happens to the message."""

    #: Whether the next message overtakes this one.
    is_overtaken: ClassVar[bool] = False
    #: Whether it strikes only gap fills that reach the end of the requested range.
    ends_answers: ClassVar[bool] = False

    def spoil(self, wire: bytes) -> list[bytes]:
        """Return the messages that replace this one."""
        return [wire]

    def before(self, scene: Scene) -> None:
        """Act before the message is passed on."""

    def after(self, scene: Scene) -> None:
        """Act after the message is passed on."""


@dataclass(frozen=True, slots=True)
class Drop(Action):
    """The message never arrives."""

    def __str__(self) -> str:
        return "it never arrives"

    def spoil(self, wire: bytes) -> list[bytes]:
        """Drop the message."""
        return []


@dataclass(frozen=True, slots=True)
class Delay(Action):
    """The message and all behind it arrive ``seconds`` later, in order."""

    seconds: float

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError("a delay is more than 0 seconds")

    def __str__(self) -> str:
        return f"it arrives {self.seconds:g} s late, and so do all behind it"

    def before(self, scene: Scene) -> None:
        """Delay the message."""
        scene.delay(self.seconds)


@dataclass(frozen=True, slots=True)
class Duplicate(Action):
    """The message arrives twice."""

    def __str__(self) -> str:
        return "it arrives twice"

    def spoil(self, wire: bytes) -> list[bytes]:
        """Duplicate the message."""
        return [wire, wire]


@dataclass(frozen=True, slots=True)
class Reorder(Action):
    """The message arrives after the next one."""

    is_overtaken: ClassVar[bool] = True

    def __str__(self) -> str:
        return "it arrives after the next one"


@dataclass(frozen=True, slots=True)
class Corrupt(Action):
    """One bit of byte ``byte`` is flipped; bytes count from 0, or from the end if negative.

    In a shorter message it is the last byte, or the first.
    """

    byte: int

    def __str__(self) -> str:
        return f"one bit of byte {self.byte} is flipped"

    def spoil(self, wire: bytes) -> list[bytes]:
        """Flip the bit."""
        at = max(-len(wire), min(self.byte, len(wire) - 1))
        spoilt = bytearray(wire)
        spoilt[at] ^= 1
        return [bytes(spoilt)]


@dataclass(frozen=True, slots=True)
class WrongNumber(Action):
    """MsgSeqNum (34) is changed by ``by``, to at least 1; BodyLength and CheckSum stay correct."""

    by: int

    def __str__(self) -> str:
        return f"its number (34) is changed by {self.by:+}"

    def spoil(self, wire: bytes) -> list[bytes]:
        """Change MsgSeqNum (34)."""
        return [_shifted(wire, 34, self.by)]


@dataclass(frozen=True, slots=True)
class FillBeyond(Action):
    """A gap fill covers ``by`` more numbers than were requested, as CME's may.

    Only gap fills that reach the end of the requested range are counted.
    """

    ends_answers: ClassVar[bool] = True
    by: int

    def __post_init__(self) -> None:
        if self.by < 1:
            raise ValueError("must be 1 or more")

    def __str__(self) -> str:
        return f"it covers {counted(self.by, 'number')} more than requested"

    def spoil(self, wire: bytes) -> list[bytes]:
        """Change NewSeqNo (36)."""
        return [_shifted(wire, 36, self.by)]


@dataclass(frozen=True, slots=True)
class Disconnect(Action):
    """The connection ends after the message."""

    def __str__(self) -> str:
        return "the connection ends after it"

    def after(self, scene: Scene) -> None:
        """End the connection."""
        scene.hang_up()


@dataclass(frozen=True, slots=True)
class ClockSkew(Action):
    """From then on the gateway's clock is ``seconds`` ahead, or behind if negative."""

    seconds: float

    def __str__(self) -> str:
        off = "behind" if self.seconds < 0 else "ahead"
        return f"the gateway's clock is {abs(self.seconds):g} s {off} from now on"

    def before(self, scene: Scene) -> None:
        """Set the clock."""
        scene.skew(self.seconds)


@dataclass(frozen=True, slots=True)
class ExpirePair(Action):
    """A key pair expires now: this one, or the one the message's session would use."""

    access_key_id: AccessKeyId | None = None

    def __str__(self) -> str:
        return f"key pair {self.access_key_id or 'of the session'} expires"

    def before(self, scene: Scene) -> None:
        """Expire the pair."""
        scene.expire(self.access_key_id)


@dataclass(frozen=True, slots=True)
class FailOver(Action):
    """The primary gateway fails for the message's session, and its backup is promoted."""

    def __str__(self) -> str:
        return "the primary gateway fails"

    def after(self, scene: Scene) -> None:
        """Fail the primary."""
        scene.fail_over()


@dataclass(frozen=True, slots=True)
class LogOut(Action):
    """The gateway logs the session out with ``text`` in tag 58."""

    text: str

    def __str__(self) -> str:
        return f"the session is logged out: {self.text}"

    def after(self, scene: Scene) -> None:
        """Log the session out."""
        scene.log_out(self.text)


#: The values of ``do``.
ACTIONS: Mapping[str, type[Action]] = {
    "drop": Drop,
    "delay": Delay,
    "duplicate": Duplicate,
    "reorder": Reorder,
    "corrupt": Corrupt,
    "wrong-number": WrongNumber,
    "fill-beyond": FillBeyond,
    "disconnect": Disconnect,
    "clock-skew": ClockSkew,
    "expire-pair": ExpirePair,
    "fail-over": FailOver,
    "log-out": LogOut,
}


def _shifted(wire: bytes, tag: int, by: int) -> bytes:
    """Add `by` to the number in this tag; the result is at least 1."""
    try:
        message = Message.parse(wire)
    except FramingError:
        return wire  # corrupted already
    number = str(max(1, (message.number(tag) or 0) + by))
    return encode((t, number if t == tag else value) for t, value in message.fields)
