"""A plan of faults, as data: which message meets which misfortune. `file`, beside it, reads it.

::

    [[fault]]
    do = "drop"              # what happens; see ACTIONS
    on = "send"              # to what the gateway sends (default), or "receive"
    type = "n"               # only to messages of this MsgType (35)
    session = "ABC123"       # only to this session, with its last character or without
    nth = 3                  # to the third that fits (default: the first)
    times = 2                # and the one after it (default: one message)

    [[fault]]
    do = "delay"
    seconds = 2.5

Faults count and act independently of each other, for as long as the gateway runs.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from gatepass.keys import AccessKeyId


@dataclass(frozen=True, slots=True)
class Drop:
    """The message never arrives."""

    def __str__(self) -> str:
        return "it never arrives"


@dataclass(frozen=True, slots=True)
class Delay:
    """The message and all behind it come ``seconds`` later, in their order."""

    seconds: float

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError("a delay is more than 0 seconds")

    def __str__(self) -> str:
        return f"it comes {self.seconds:g} s late, and all behind it"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The message comes twice."""

    def __str__(self) -> str:
        return "it comes twice"


@dataclass(frozen=True, slots=True)
class Reorder:
    """The message comes after the next one."""

    def __str__(self) -> str:
        return "it comes after the next one"


@dataclass(frozen=True, slots=True)
class Corrupt:
    """One bit of byte ``byte`` is turned over: from 0, or from the end if negative.

    In a message that is shorter it is the last byte, or the first.
    """

    byte: int

    def __str__(self) -> str:
        return f"one bit of byte {self.byte} is turned over"


@dataclass(frozen=True, slots=True)
class WrongNumber:
    """MsgSeqNum (34) is changed by ``by``, to 1 at the least; BodyLength and CheckSum are right."""

    by: int

    def __str__(self) -> str:
        return f"its number (34) is changed by {self.by:+}"


@dataclass(frozen=True, slots=True)
class FillBeyond:
    """A gap fill covers ``by`` more numbers than were asked for, as CME's may.

    Only gap fills that reach the end of what was asked for are counted.
    """

    by: int

    def __post_init__(self) -> None:
        if self.by < 1:
            raise ValueError("must be 1 or more")

    def __str__(self) -> str:
        return f"it covers {self.by} more numbers than were asked for"


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The connection ends after the message."""

    def __str__(self) -> str:
        return "the connection ends after it"


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """The gateway's clock is ``seconds`` off from then on: ahead, or behind if negative."""

    seconds: float

    def __str__(self) -> str:
        off = "behind" if self.seconds < 0 else "ahead"
        return f"the gateway's clock is {abs(self.seconds):g} s {off} from now on"


@dataclass(frozen=True, slots=True)
class ExpirePair:
    """A key pair expires now: this one, or the one the message's session would use."""

    access_key_id: AccessKeyId | None = None

    def __str__(self) -> str:
        return f"key pair {self.access_key_id or 'of the session'} expires"


@dataclass(frozen=True, slots=True)
class FailOver:
    """The primary gateway fails for the message's session, and its backup is promoted."""

    def __str__(self) -> str:
        return "the primary gateway fails"


@dataclass(frozen=True, slots=True)
class LogOut:
    """The gateway logs the session out with ``text`` in tag 58."""

    text: str

    def __str__(self) -> str:
        return f"the session is logged out: {self.text}"


Action = (
    Drop
    | Delay
    | Duplicate
    | Reorder
    | Corrupt
    | WrongNumber
    | FillBeyond
    | Disconnect
    | ClockSkew
    | ExpirePair
    | FailOver
    | LogOut
)

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


class Direction(enum.Enum):
    """Which way a message goes, as the gateway sees it."""

    SEND = "send"
    RECEIVE = "receive"


@dataclass(frozen=True, slots=True)
class Fault:
    """One misfortune, and the messages it befalls: ``times`` of them from the ``nth`` on.

    ``session`` is a SenderCompID (49), with its last character or without: that one changes.
    """

    action: Action
    direction: Direction = Direction.SEND
    msg_type: str | None = None
    session: str | None = None
    nth: int = 1
    times: int = 1


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """All that is to go wrong."""

    faults: tuple[Fault, ...] = ()
