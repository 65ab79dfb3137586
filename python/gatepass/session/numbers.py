"""Sequence numbers, and the messages that are kept with them."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Most messages one Resend Request may ask for (documented by CME).
MAX_RESEND = 2500
#: Highest number there is (documented by CME: Int(9)).
MAX_NUMBER = 999_999_999
#: Most numbers that one message of the other side may jump over. CME's rule is not public; its own
#: jump, at a Drop Copy failover, is 4,000.
MAX_JUMP = 1_000_000


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a session must not forget.

    The next number to send and to expect, the trading week they belong to, and whether that week
    has had its Beginning of Week Logon. ``resetting`` names the scenario of a Logon that would set
    these numbers back to 1 and was not answered: nobody knows yet whether it did. ``proposed`` is
    the number that a Logout asked for in NextExpectedMsgSeqNum (789), 0 if none did: the next Logon
    tries it, and it becomes ``next_out`` once a Logon with it was accepted. A 1 there begins the
    week again. ``first_in`` is the number of the exchange's answer to a Logon with 34=1 where
    Logouts have used up those before it, 0 if none has. ``tried_week`` is the week of ``proposed``
    and ``first_in`` where that is another than ``week``: a Logon of it was tried, and none was
    accepted yet. Without either, the exchange still goes on with these numbers in that week.
    """

    next_out: int = 1
    next_in: int = 1
    week: str = ""
    begun: bool = False
    resetting: str = ""
    proposed: int = 0
    first_in: int = 0
    tried_week: str = ""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as it was sent first; `keep` is false for one that is gap-filled, not resent."""

    number: int
    wire: bytes = field(repr=False)
    keep: bool


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """An application message that is kept until the application has it."""

    number: int
    wire: bytes = field(repr=False)
