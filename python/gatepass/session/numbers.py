"""Sequence numbers, and the messages that are stored with them."""

from __future__ import annotations

from dataclasses import field

from gatepass.values import value

#: Most messages one Resend Request may ask for (documented by CME).
MAX_RESEND = 2500
#: Highest sequence number (documented by CME: Int(9)).
MAX_NUMBER = 999_999_999
#: Most numbers that one message of the other side may skip. CME's rule is not public; its own skip,
#: at a Drop Copy failover, is 4,000.
MAX_JUMP = 1_000_000


@value
class Numbers:
    """What a session must remember: the next number to send, the next to expect, and their epoch.

    Each protocol defines its epochs; those of a FIX session are trading weeks. Within one epoch no
    number is used twice.
    """

    next_out: int = 1
    next_in: int = 1
    epoch: str = ""

    # Each message changes one: `dataclasses.replace` would take five times as long.

    def with_out(self, next_out: int) -> Numbers:
        """Return a copy with another next number to send."""
        return Numbers(next_out, self.next_in, self.epoch)

    def with_in(self, next_in: int) -> Numbers:
        """Return a copy with another next number to expect."""
        return Numbers(self.next_out, next_in, self.epoch)

    def with_epoch(self, epoch: str) -> Numbers:
        """Return a copy with another epoch."""
        return Numbers(self.next_out, self.next_in, epoch)


@value
class SentMessage:
    """A message as first sent; `keep` is false for one that is gap-filled instead of resent."""

    number: int
    wire: bytes = field(repr=False)
    keep: bool


@value
class ReceivedMessage:
    """An application message, stored until the application acknowledges it.

    ``epoch`` is the epoch of its number.
    """

    number: int
    wire: bytes = field(repr=False)
    epoch: str = ""
