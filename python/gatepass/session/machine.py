"""What every session is, whatever it speaks: bytes in, effects out, and a state from a table."""

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

#: Most bytes that may come while the driver owes an answer.
MAX_WAITING = 1 << 22
#: The deadline of a connection that has ended.
NEVER = datetime.max.replace(tzinfo=UTC)

S = TypeVar("S", bound=Enum)
T = TypeVar("T", bound=Enum)
M = TypeVar("M")


class Framer(Protocol):
    """Cuts a protocol's messages out of the bytes that come."""

    @property
    def unfinished(self) -> tuple[int, FramingError] | None:
        """How many bytes are left over, and why they are no message; ``None`` if none are."""

    def feed(self, data: bytes, /) -> Sequence[bytes | FramingError]:
        """Take bytes; give whole messages, and an error for each run of bytes that is none."""


class Machine(ABC, Generic[S, T, M]):
    """One connection, from TCP connect to close: its state, what came, and what is to be done.

    Each call takes the wall clock (``now``), which dates messages and epochs. It may take a clock
    that nobody sets as well (``steady``, in seconds, such as ``time.monotonic()``), which measures
    every wait. Without that one the wall clock measures, and stands still where it is set back. A
    caller that has both gives both, each time.

    A protocol gives the `table` of its states, a `framer`, and how a message is read: `parse`
    raises `FramingError` for bytes that are none.
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

    def connected(self, now: datetime, steady: float | None = None) -> None:
        """Say that the TCP connection is up."""
        self._time.read(now, steady)
        self._move(self._table.connect)

    def receive(self, data: bytes, now: datetime, steady: float | None = None) -> None:
        """Take bytes as they came. Never raises for what the other side sends."""
        self._time.read(now, steady)
        if self.is_closed:
            return
        self._inbox.extend(self._framer.feed(data))
        self._waiting = self._waiting + len(data) if self.is_awaiting else 0
        if self._waiting > MAX_WAITING:
            self._end(Cause.TOO_MUCH, "too much came while an answer was awaited")
        self._pump(now)

    def disconnected(self, now: datetime, steady: float | None = None) -> None:
        """Say that the connection is gone."""
        self._time.read(now, steady)
        if not self.is_closed:
            self._move(self._table.end)

    @abstractmethod
    def tick(self, now: datetime, steady: float | None = None) -> None:
        """Do what time alone demands."""

    @property
    @abstractmethod
    def resending(self) -> tuple[int, int] | None:
        """First and last number of what is still to be sent again, ``None`` if nothing is."""

    @abstractmethod
    def resend(
        self,
        messages: Sequence[SentMessage],
        begin: int,
        end: int,
        now: datetime,
        steady: float | None = None,
    ) -> None:
        """Answer `ResendWanted` with what was kept of the numbers ``begin`` to ``end``.

        It may be answered in parts, one after the other: `resending` says what is left.
        """

    @property
    def deadline(self) -> datetime | None:
        """When to call `tick` at the latest; ``None`` while only the other side can act.

        By the wall clock: the last ``now`` and what is left then. `NEVER` once the connection has
        ended, so that a caller may go on comparing times.
        """
        if self.is_closed:
            return NEVER
        due = self._due
        return None if due is None else self._time.by_wall(due)

    @property
    def steady_deadline(self) -> float | None:
        """The same by the steady clock; ``None``, too, where no call has given one."""
        due = self._due
        return None if due is None else self._time.by_steady(due)

    @property
    def is_closed(self) -> bool:
        """Whether it has ended, for good."""
        return self.state is self._table.closed

    @property
    def is_awaiting(self) -> bool:
        """Whether nothing is read until the driver has answered, or ever."""
        return self.state in self._table.awaiting

    @property
    def unfinished(self) -> str:
        """Say what came last and is no whole message, and why; empty where nothing is left over."""
        return unfinished(self._framer)

    @property
    def unread(self) -> list[bytes]:
        """Whole messages that came and were not handled: an answer was awaited, or it ended."""
        return [event for event in self._inbox if isinstance(event, bytes)]

    def take(self) -> list[fx.Effect]:
        """Give the effects since the last call, in the order in which they must be done."""
        taken, self._effects = self._effects, []
        return taken

    @abstractmethod
    def _handle(self, message: M, now: datetime) -> None: ...

    @property
    @abstractmethod
    def _due(self) -> timedelta | None:
        """What time demands next, and when (`Passage.at`)."""

    def _is_due(self, moment: timedelta | None) -> bool:
        return moment is not None and self._time.at >= moment

    def _pump(self, now: datetime) -> None:
        """Handle what came, unless an answer of the driver is awaited first."""
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
        """End because nothing came in time: what did come may be no message."""
        self._end(cause, "; ".join(filter(None, (reason, self.unfinished))))

    def _emit(self, effect: fx.Effect) -> None:
        self._effects.append(effect)

    def _can(self, trigger: T) -> bool:
        return self._table.has(self.state, trigger)

    def _move(self, trigger: T) -> None:
        self.state = self._table.after(self.state, trigger)


def unfinished(framer: Framer) -> str:
    """Say what a framer has left over, and why that is no message."""
    if framer.unfinished is None:
        return ""
    count, why = framer.unfinished
    bytes_came = "1 byte" if count == 1 else f"{count} bytes"
    return f"{bytes_came} came that are no whole message: {why}"
