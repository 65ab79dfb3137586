"""Sequence numbers, and the gap between what should have come and what came."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

from gatepass.session.message import Message

#: Most messages one Resend Request may ask for (documented by CME).
MAX_RESEND = 2500
#: Most messages held back behind a gap; later ones are asked for again.
MAX_HELD = 2 * MAX_RESEND
#: Most bytes of held messages.
MAX_HELD_BYTES = 1 << 23


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a session must not forget.

    The next number to send and to expect, the trading week they belong to, and whether that week
    has had its Beginning of Week Logon. ``resetting`` names the scenario of a Logon that would set
    these numbers back to 1 and was not answered: nobody knows yet whether it did.
    """

    next_out: int = 1
    next_in: int = 1
    week: str = ""
    begun: bool = False
    resetting: str = ""


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


@dataclass(slots=True)
class InboundGap:
    """A gap that is being filled: held messages, and how far it was asked for.

    "Enhanced" handling: while a request is open, messages beyond the gap are held and lead to no
    further request.
    """

    asked_to: int = 0
    #: When the open request was sent, or something that answers it came last.
    since: datetime | None = None
    held: dict[int, Message] = field(default_factory=dict)
    #: The held numbers as a heap: looking for the lowest among thousands, message by message,
    #: would take seconds.
    _order: list[int] = field(default_factory=list)
    _bytes: int = 0

    def hold(self, number: int, message: Message) -> None:
        """Keep a message that came too early, as long as there is room."""
        size = len(message.wire)
        room = len(self.held) < MAX_HELD and self._bytes + size <= MAX_HELD_BYTES
        if room and number not in self.held:
            self.held[number] = message
            heappush(self._order, number)
            self._bytes += size

    def take(self, next_in: int) -> Message | None:
        """Give the held message whose turn it is, and drop those whose turn is over."""
        while self._order and self._order[0] <= next_in:
            number = heappop(self._order)
            message = self.held.pop(number)
            self._bytes -= len(message.wire)
            if number == next_in:
                return message
        return None

    def answered_to(self, last: int) -> None:
        """Note a resent message up to `last`: at the request's end, what is missing was lost."""
        if last >= self.asked_to:
            self.asked_to = 0

    def clear(self) -> None:
        """Forget it all: the numbers begin anew."""
        self.held.clear()
        self._order.clear()
        self.asked_to = self._bytes = 0

    def next_request(self, next_in: int) -> tuple[int, int] | None:
        """Say what to ask for next; ``None`` if nothing is missing or a request is open."""
        if not self.held or next_in <= self.asked_to:
            return None
        end = min(self._order[0] - 1, next_in + MAX_RESEND - 1)
        if end < next_in:
            return None
        self.asked_to = end
        return next_in, end
