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

    The next number to send and to expect, and the epoch in which they count. What that is, each
    protocol says and reads for itself: a FIX session's trading week, for example. Within one epoch
    no number is given twice.
    """

    next_out: int = 1
    next_in: int = 1
    epoch: str = ""

    # Each message moves one: `dataclasses.replace` would take five times as long.

    def with_out(self, next_out: int) -> Numbers:
        """Give them with another next number to send."""
        return Numbers(next_out, self.next_in, self.epoch)

    def with_in(self, next_in: int) -> Numbers:
        """Give them with another next number to expect."""
        return Numbers(self.next_out, next_in, self.epoch)

    def with_epoch(self, epoch: str) -> Numbers:
        """Give them in another epoch."""
        return Numbers(self.next_out, self.next_in, epoch)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as it was sent first; `keep` is false for one that is gap-filled, not resent."""

    number: int
    wire: bytes = field(repr=False)
    keep: bool


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """An application message that is kept until the application has it.

    ``epoch`` is the one in which it has its number.
    """

    number: int
    wire: bytes = field(repr=False)
    epoch: str = ""
