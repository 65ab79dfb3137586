"""What was received, what is missing and what was requested: the only model of inbound messages.

"Enhanced" handling, as CME recommends: while a Resend Request is open, later messages are kept
and cause no further request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heappop, heappush

from gatepass.fix.message import Message
from gatepass.session.numbers import MAX_RESEND
from gatepass.values import value

#: Most messages held behind a gap; later ones are requested again.
MAX_HELD = 2 * MAX_RESEND
#: Most bytes of held messages.
MAX_HELD_BYTES = 1 << 23
#: How often the same messages are requested before the session ends: otherwise a message that the
#: other side cannot send, or this one cannot read, is requested forever. CME's rule is not public.
MAX_TIMES = 5

_NOTHING = range(0)


@value
class Turn:
    """A message and the numbers that it covers: from `number` up to but not including `new`.

    A gap fill covers many numbers, every other message only its own.
    """

    message: Message
    number: int
    new: int


@dataclass(slots=True)
class Inbound:
    """The messages that came too early, and the one open Resend Request."""

    held: dict[int, Turn] = field(default_factory=dict)
    #: The numbers of the open request; empty if there is none.
    asked: range = _NOTHING
    #: When the open request was sent, or last answered in part (`Passage.at`).
    since: timedelta | None = None
    #: How many consecutive requests were for the same numbers.
    times: int = 0
    _last: range = _NOTHING
    #: Whether messages that come now were sent before the open request could arrive.
    _is_fresh: bool = False
    #: The held numbers as a heap: a search for the lowest among thousands, for each message, would
    #: take seconds.
    _order: list[int] = field(default_factory=list)
    _bytes: int = 0

    def is_stray(self, message: Message, number: int, due: int) -> bool:
        """Return whether a gap fill answers no request: then it is ignored.

        It came before the request was sent, or it is marked as an answer (43=Y) and lies beyond
        the request. What it covers is requested when something shows that it is missing.
        """
        if not message.is_gap_fill:
            return False
        if number in self.asked:
            return self._is_fresh
        return number > due and message.is_possible_duplicate

    def turn(self, message: Message, number: int) -> Turn | None:
        """Return the numbers that a message covers; ``None`` for a gap fill that goes back.

        A gap fill that answers a request covers at most the end of that request. According to two
        certified engines, CME fills beyond it, over messages that exist.
        """
        if not message.is_gap_fill:
            return Turn(message, number, number + 1)
        new = message.number(36)
        if new is None or new <= number:
            return None
        return Turn(message, number, min(new, self.asked.stop) if number in self.asked else new)

    def note(self, turn: Turn, at: timedelta, *, kept: bool) -> None:
        """Note a received message: an answer that has reached its end is complete.

        What is still missing then was lost on the way. A message beyond the request's end (some
        engines resend all they have) is not part of the answer and does not complete it. Nor does a
        message that could not be `kept`: otherwise the same would be requested at once.
        """
        if turn.number in self.asked:
            self.since = at
            if kept and turn.new >= self.asked.stop:
                self.asked = _NOTHING

    def hold(self, turn: Turn) -> bool:
        """Keep a message that came too early if there is room; return whether it was kept."""
        size = len(turn.message.wire)
        if len(self.held) >= MAX_HELD or self._bytes + size > MAX_HELD_BYTES:
            return False
        if turn.number not in self.held:
            self.held[turn.number] = turn
            heappush(self._order, turn.number)
            self._bytes += size
        return True

    def take(self, due: int) -> Turn | None:
        """Return the held message that is due, and drop those with lower numbers."""
        turn = self.take_before(due + 1)
        while turn is not None and turn.number < due:
            turn = self.take_before(due + 1)
        return turn

    def take_before(self, new: int) -> Turn | None:
        """Return the held message with the lowest number, if that is lower than `new`."""
        if not self._order or self._order[0] >= new:
            return None
        turn = self.held.pop(heappop(self._order))
        self._bytes -= len(turn.message.wire)
        return turn

    def reach(self, turn: Turn) -> int:
        """Return the number due after a message: a gap fill skips no held message."""
        return min(turn.new, self._order[0]) if self._order else turn.new

    def give_up(self, at: timedelta, patience: timedelta) -> None:
        """Consider the open request lost if it was not answered for so long."""
        if self.since is not None and at - self.since >= patience:
            self.asked = _NOTHING

    def next_request(self, due: int, at: timedelta) -> range | None:
        """Return what to request; ``None`` if nothing is missing or a request is open."""
        if due >= self.asked.stop:
            self.asked = _NOTHING
        if not self._order or self.asked:
            return None
        missing = range(due, min(self._order[0], due + MAX_RESEND))
        if not missing:
            return None
        self.times = self.times + 1 if missing == self._last else 1
        self.asked = self._last = missing
        self.since, self._is_fresh = at, True
        return missing

    def request_is_out(self) -> None:
        """Note that messages from now on may answer the request."""
        self._is_fresh = False

    def clear(self) -> None:
        """Forget everything: the numbers restart."""
        self.held.clear()
        self._order.clear()
        self.asked = self._last = _NOTHING
        self._bytes = 0
