"""What may befall a message: each misfortune is a class that says what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from gatepass.errors import FramingError
from gatepass.fix.message import Message, encode
from gatepass.keys import AccessKeyId


class Scene(Protocol):
    """What a misfortune does to the message's session and to the gateway."""

    def delay(self, seconds: float) -> None:
        """Let the message, and all behind it, come so much later."""

    def skew(self, seconds: float) -> None:
        """Let the gateway's clock be so many seconds off."""

    def expire(self, access_key_id: AccessKeyId | None) -> None:
        """Let a key pair expire: this one, or the one that the session would use."""

    def hang_up(self) -> None:
        """End the connection, with what was sent so far on the wire."""

    def fail_over(self) -> None:
        """Let the primary gateway of the session fail."""

    def log_out(self, text: str) -> None:
        """Log the client out with these words."""


@dataclass(frozen=True, slots=True)
class Action:
    """One misfortune; its text says what becomes of the message."""

    #: Whether the next message overtakes this one.
    is_overtaken: ClassVar[bool] = False
    #: Whether it befalls only gap fills to the end of what the other side asked for.
    ends_answers: ClassVar[bool] = False

    def spoil(self, wire: bytes) -> list[bytes]:
        """Give what is left of the message."""
        return [wire]

    def before(self, scene: Scene) -> None:
        """Act before the message is passed on."""

    def after(self, scene: Scene) -> None:
        """Act behind the message."""


@dataclass(frozen=True, slots=True)
class Drop(Action):
    """The message never arrives."""

    def __str__(self) -> str:
        return "it never arrives"

    def spoil(self, wire: bytes) -> list[bytes]:
        """Leave nothing of it."""
        return []


@dataclass(frozen=True, slots=True)
class Delay(Action):
    """The message and all behind it come ``seconds`` later, in their order."""

    seconds: float

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError("a delay is more than 0 seconds")

    def __str__(self) -> str:
        return f"it comes {self.seconds:g} s late, and all behind it"

    def before(self, scene: Scene) -> None:
        """Delay the message."""
        scene.delay(self.seconds)


@dataclass(frozen=True, slots=True)
class Duplicate(Action):
    """The message comes twice."""

    def __str__(self) -> str:
        return "it comes twice"

    def spoil(self, wire: bytes) -> list[bytes]:
        """Give it twice."""
        return [wire, wire]


@dataclass(frozen=True, slots=True)
class Reorder(Action):
    """The message comes after the next one."""

    is_overtaken: ClassVar[bool] = True

    def __str__(self) -> str:
        return "it comes after the next one"


@dataclass(frozen=True, slots=True)
class Corrupt(Action):
    """One bit of byte ``byte`` is turned over: from 0, or from the end if negative.

    In a message that is shorter it is the last byte, or the first.
    """

    byte: int

    def __str__(self) -> str:
        return f"one bit of byte {self.byte} is turned over"

    def spoil(self, wire: bytes) -> list[bytes]:
        """Turn the bit over."""
        at = max(-len(wire), min(self.byte, len(wire) - 1))
        spoilt = bytearray(wire)
        spoilt[at] ^= 1
        return [bytes(spoilt)]


@dataclass(frozen=True, slots=True)
class WrongNumber(Action):
    """MsgSeqNum (34) is changed by ``by``, to 1 at the least; BodyLength and CheckSum are right."""

    by: int

    def __str__(self) -> str:
        return f"its number (34) is changed by {self.by:+}"

    def spoil(self, wire: bytes) -> list[bytes]:
        """Change 34."""
        return [_shifted(wire, 34, self.by)]


@dataclass(frozen=True, slots=True)
class FillBeyond(Action):
    """A gap fill covers ``by`` more numbers than were asked for, as CME's may.

    Only gap fills that reach the end of what was asked for are counted.
    """

    ends_answers: ClassVar[bool] = True
    by: int

    def __post_init__(self) -> None:
        if self.by < 1:
            raise ValueError("must be 1 or more")

    def __str__(self) -> str:
        return f"it covers {self.by} more numbers than were asked for"

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
    """The gateway's clock is ``seconds`` off from then on: ahead, or behind if negative."""

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
        """Let the pair expire."""
        scene.expire(self.access_key_id)


@dataclass(frozen=True, slots=True)
class FailOver(Action):
    """The primary gateway fails for the message's session, and its backup is promoted."""

    def __str__(self) -> str:
        return "the primary gateway fails"

    def after(self, scene: Scene) -> None:
        """Let the primary fail."""
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


#: What ``do`` may be.
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
    """Change a message's number by so many."""
    try:
        message = Message.parse(wire)
    except FramingError:
        return wire  # corrupted already
    number = str(max(1, (message.number(tag) or 0) + by))
    return encode((t, number if t == tag else value) for t, value in message.fields)
