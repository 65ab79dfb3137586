"""What has come, what is missing and what was asked for: the one model of messages received.

"Enhanced" handling, which CME recommends: while a Resend Request is open, what comes beyond it is
kept and leads to no further request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heappop, heappush

from gatepass.fix.message import Message
from gatepass.session.numbers import MAX_RESEND

#: Most messages held back behind a gap; later ones are asked for again.
MAX_HELD = 2 * MAX_RESEND
#: Most bytes of held messages.
MAX_HELD_BYTES = 1 << 23
#: How often the same is asked for before the session ends: what the other side cannot give, or this
#: one cannot read, would be asked for without end. CME's rule is not public.
MAX_TIMES = 5

_NOTHING = range(0)


@dataclass(frozen=True, slots=True)
class Turn:
    """A message and the numbers that it stands for: `number` to before `new`.

    A gap fill stands for many numbers, every other message for its own.
    """

    message: Message
    number: int
    new: int


@dataclass(slots=True)
class Inbound:
    """The messages that came before their turn, and the one Resend Request that is open."""

    held: dict[int, Turn] = field(default_factory=dict)
    #: The numbers that the open request asked for; empty if none is open.
    asked: range = _NOTHING
    #: When the open request was sent, or something that answers it came last (`Passage.at`).
    since: timedelta | None = None
    #: How often the same was asked for in a row.
    times: int = 0
    _last: range = _NOTHING
    #: Whether what comes now was sent before the open request could arrive.
    _is_fresh: bool = False
    #: The held numbers as a heap: looking for the lowest among thousands, message by message,
    #: would take seconds.
    _order: list[int] = field(default_factory=list)
    _bytes: int = 0

    def is_stray(self, message: Message, number: int, due: int) -> bool:
        """Tell whether a gap fill answers nothing that was asked for: then it is not believed.

        It came before the request could be out, or calls itself an answer (43=Y) and lies beyond
        what was asked for. What it covers is asked for, when something shows that it is missing.
        """
        if not message.is_gap_fill:
            return False
        if number in self.asked:
            return self._is_fresh
        return number > due and message.is_possible_duplicate

    def turn(self, message: Message, number: int) -> Turn | None:
        """Say which numbers a message stands for; ``None`` for a gap fill that leads back.

        A gap fill that answers a request counts to the end of that request at the most. CME fills
        beyond it, two engines that passed certification say, over messages that exist.
        """
        if not message.is_gap_fill:
            return Turn(message, number, number + 1)
        new = message.number(36)
        if new is None or new <= number:
            return None
        return Turn(message, number, min(new, self.asked.stop) if number in self.asked else new)

    def note(self, turn: Turn, at: timedelta, *, kept: bool) -> None:
        """Note a message that has come: an answer that has reached its end is over.

        What is still missing then was lost on the way. What comes beyond the request's end (some
        engines send again all they have) is not part of the answer, and ends none; nor does what
        could not be `kept`, or the same would be asked for at once.
        """
        if turn.number in self.asked:
            self.since = at
            if kept and turn.new >= self.asked.stop:
                self.asked = _NOTHING

    def hold(self, turn: Turn) -> bool:
        """Keep a message that came before its turn, as long as there is room; tell whether."""
        size = len(turn.message.wire)
        if len(self.held) >= MAX_HELD or self._bytes + size > MAX_HELD_BYTES:
            return False
        if turn.number not in self.held:
            self.held[turn.number] = turn
            heappush(self._order, turn.number)
            self._bytes += size
        return True

    def take(self, due: int) -> Turn | None:
        """Give the held message whose turn it is, and drop those whose turn is over."""
        turn = self.take_before(due + 1)
        while turn is not None and turn.number < due:
            turn = self.take_before(due + 1)
        return turn

    def take_before(self, new: int) -> Turn | None:
        """Give the held message with the lowest number, if that is lower than `new`."""
        if not self._order or self._order[0] >= new:
            return None
        turn = self.held.pop(heappop(self._order))
        self._bytes -= len(turn.message.wire)
        return turn

    def reach(self, turn: Turn) -> int:
        """Say which number is due after a message: a gap fill passes over nothing that is held."""
        return min(turn.new, self._order[0]) if self._order else turn.new

    def give_up(self, at: timedelta, patience: timedelta) -> None:
        """Take the open request for lost if nothing has answered it for so long."""
        if self.since is not None and at - self.since >= patience:
            self.asked = _NOTHING

    def next_request(self, due: int, at: timedelta) -> range | None:
        """Say what to ask for; ``None`` if nothing is missing or a request is open."""
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
        """Note that what comes from here on may answer the request."""
        self._is_fresh = False

    def clear(self) -> None:
        """Forget it all: the numbers begin again."""
        self.held.clear()
        self._order.clear()
        self.asked = self._last = _NOTHING
        self._bytes = 0
