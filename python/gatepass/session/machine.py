"""What the sessions of all protocols share: bytes in, effects out, states from a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Generic, Protocol, TypeVar

from gatepass.causes import Cause
from gatepass.errors import FramingError
from gatepass.session import effects as fx
from gatepass.session.numbers import Numbers, SentMessage
from gatepass.session.passage import Passage
from gatepass.session.table import Table

#: Most bytes that may arrive while the machine waits for an answer from its driver.
MAX_WAITING = 1 << 22
#: The deadline of a connection that has ended.
NEVER = datetime.max.replace(tzinfo=UTC)

S = TypeVar("S", bound=Enum)
T = TypeVar("T", bound=Enum)
M = TypeVar("M")


class Framer(Protocol):
    """Splits the bytes that arrive into a protocol's messages."""

    @property
    def unfinished(self) -> tuple[int, FramingError] | None:
        """How many bytes are left over, and why they are not a message; ``None`` if none are."""

    def feed(self, data: bytes, /) -> Sequence[bytes | FramingError]:
        """Take bytes; return whole messages, and an error for each run of bytes that is not one."""


class Machine(ABC, Generic[S, T, M]):
    """One connection, from TCP connect to close: its state, its input, and its effects.

    Each call takes the wall clock (``now``), which dates messages and epochs. It may also take a
    monotonic clock (``steady``, in seconds, such as ``time.monotonic()``), which measures every
    wait. Without it the wall clock measures them; setting that clock back adds no time. A caller
    that has both passes both, each time.

    A protocol provides the `table` of its states, a `framer`, and `parse`, which raises
    `FramingError` for bytes that are not a message.
    """

    def __init__(
        self,
        table: Table[S, T],
        framer: Framer,
        parse: Callable[[bytes], M],
        numbers: Numbers,
        heartbeat: timedelta,
    ) -> None:
        self.state = table.start
        self.numbers = numbers
        self.heartbeat = heartbeat
        self._table = table
        self._framer = framer
        self._parse = parse
        self._effects: list[fx.Effect] = []
        self._inbox: deque[bytes | FramingError] = deque()
        self._waiting = 0
        self._time = Passage()
        #: Set when `deadline` may have moved forward, which it does only with the state; for a
        #: driver, which unsets it when it has looked.
        self.may_be_due_sooner = True

    def connected(self, now: datetime, steady: float | None = None) -> None:
        """Report that the TCP connection is open."""
        self._time.read(now, steady)
        self._move(self._table.connect)

    def receive(self, data: bytes, now: datetime, steady: float | None = None) -> None:
        """Take bytes as they arrive. Never raises for what the other side sends."""
        self._time.read(now, steady)
        if self.is_closed:
            return
        self._inbox.extend(self._framer.feed(data))
        self._waiting = self._waiting + len(data) if self.is_awaiting else 0
        if self._waiting > MAX_WAITING:
            self._end(Cause.TOO_MUCH, "too much data arrived while waiting for an answer")
        self._pump(now)

    def disconnected(self, now: datetime, steady: float | None = None) -> None:
        """Report that the connection is lost."""
        self._time.read(now, steady)
        if not self.is_closed:
            self._move(self._table.end)

    @abstractmethod
    def tick(self, now: datetime, steady: float | None = None) -> None:
        """Do what is due at this time."""

    @property
    @abstractmethod
    def resending(self) -> tuple[int, int] | None:
        """First and last number still to be resent; ``None`` if nothing is."""

    @abstractmethod
    def resend(
        self,
        messages: Sequence[SentMessage],
        begin: int,
        end: int,
        now: datetime,
        steady: float | None = None,
    ) -> None:
        """Answer `ResendWanted` with the stored messages ``begin`` to ``end``.

        The answer may come in parts, one after the other: `resending` says what is left.
        """

    @property
    def deadline(self) -> datetime | None:
        """When to call `tick` at the latest; ``None`` while only the other side can act.

        By the wall clock: the last ``now`` plus the time left. `NEVER` once the connection has
        ended, so that a caller can still compare times.
        """
        if self.is_closed:
            return NEVER
        due = self._due
        return None if due is None else self._time.by_wall(due)

    @property
    def steady_deadline(self) -> float | None:
        """The same by the monotonic clock; also ``None`` if no call has passed one."""
        due = self._due
        return None if due is None else self._time.by_steady(due)

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended."""
        return self.state is self._table.closed

    @property
    def is_awaiting(self) -> bool:
        """Whether nothing is read, now until the driver answers, or ever again."""
        return self.state in self._table.awaiting

    @property
    def unfinished(self) -> str:
        """Describe the bytes left over that are not a whole message; empty if there are none."""
        return unfinished(self._framer)

    @property
    def unread(self) -> list[bytes]:
        """Whole messages that arrived but were not handled, for want of an answer or at the end."""
        return [event for event in self._inbox if isinstance(event, bytes)]

    def take(self) -> list[fx.Effect]:
        """Return the effects since the last call, in the order in which they must be done."""
        taken, self._effects = self._effects, []
        return taken

    @abstractmethod
    def _handle(self, message: M, now: datetime) -> None: ...

    @property
    @abstractmethod
    def _due(self) -> timedelta | None:
        """When something is due next, as a span (`Passage.at`)."""

    def _is_due(self, moment: timedelta | None) -> bool:
        return moment is not None and self._time.at >= moment

    def _pump(self, now: datetime) -> None:
        """Handle what arrived, unless the driver must answer first."""
        while self._inbox and not self.is_awaiting:
            event = self._inbox.popleft()
            if isinstance(event, bytes):
                try:
                    message = self._parse(event)
                except FramingError as error:
                    self._emit(fx.Garbled(str(error)))
                    continue
                self._handle(message, now)
            else:
                self._emit(fx.Garbled(str(event)))

    def _end(self, cause: Cause, reason: str) -> None:
        if not self.is_closed:
            self._move(self._table.end)
            self._emit(fx.Close(cause, reason))

    def _end_in_silence(self, cause: Cause, reason: str) -> None:
        """End because no message came in time; mention bytes that came and are not a message."""
        self._end(cause, "; ".join(filter(None, (reason, self.unfinished))))

    def _emit(self, effect: fx.Effect) -> None:
        self._effects.append(effect)

    def _can(self, trigger: T) -> bool:
        return self._table.has(self.state, trigger)

    def _move(self, trigger: T) -> None:
        self.state = self._table.after(self.state, trigger)
        self.may_be_due_sooner = True


def unfinished(framer: Framer) -> str:
    """Describe the bytes that a framer has left over, and why they are not a message."""
    if framer.unfinished is None:
        return ""
    count, why = framer.unfinished
    received = "1 byte" if count == 1 else f"{count} bytes"
    return f"received {received}, not a whole message: {why}"
