"""What every session is, whatever it speaks of: bytes in, effects out, and a state from a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from datetime import datetime

from gatepass._native import Framer
from gatepass.errors import FramingError
from gatepass.fix.message import Message
from gatepass.fix.states import TRANSITIONS, State, Trigger
from gatepass.session import effects as fx
from gatepass.session.passage import Passage

#: Most bytes that may come while the driver owes an answer.
MAX_WAITING = 1 << 22


class Machine(ABC):
    """One connection, from TCP connect to close: its state, what came, and what is to be done.

    Each call takes the wall clock (``now``), which dates messages and the trading week. It may take
    a clock that nobody sets as well (``steady``, in seconds, such as ``time.monotonic()``), which
    measures every wait. Without that one the wall clock measures, and stands still where it is set
    back. A caller that has both gives both, each time.
    """

    def __init__(self) -> None:
        self.state = State.DISCONNECTED
        self._effects: list[fx.Effect] = []
        self._framer = Framer()
        self._inbox: deque[bytes | FramingError] = deque()
        self._waiting = 0
        self._time = Passage()

    def connected(self, now: datetime, steady: float | None = None) -> None:
        """Say that the TCP connection is up."""
        self._time.read(now, steady)
        self._move(Trigger.CONNECT)

    def receive(self, data: bytes, now: datetime, steady: float | None = None) -> None:
        """Take bytes as they came. Never raises for what the other side sends."""
        self._time.read(now, steady)
        if self.state is State.CLOSED:
            return
        self._inbox.extend(self._framer.feed(data))
        self._waiting = self._waiting + len(data) if self.state in _AWAITING else 0
        if self._waiting > MAX_WAITING:
            self._end("too much came while an answer was awaited")
        self._pump(now)

    def disconnected(self, now: datetime, steady: float | None = None) -> None:
        """Say that the connection is gone."""
        self._time.read(now, steady)
        if self.state is not State.CLOSED:
            self._move(Trigger.END)

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
    def _handle(self, message: Message, now: datetime) -> None: ...

    def _pump(self, now: datetime) -> None:
        """Handle what came, unless an answer of the driver is awaited first."""
        while self._inbox and self.state not in _AWAITING:
            event = self._inbox.popleft()
            if isinstance(event, bytes):
                try:
                    message = Message.parse(event)
                except FramingError as error:
                    self._emit(fx.Garbled(str(error)))
                    continue
                self._handle(message, now)
            else:
                self._emit(fx.Garbled(str(event)))

    def _end(self, reason: str) -> None:
        if self.state is not State.CLOSED:
            self._move(Trigger.END)
            self._emit(fx.Close(reason))

    def _end_in_silence(self, reason: str) -> None:
        """End because nothing came in time: what did come may be no message."""
        self._end("; ".join(filter(None, (reason, self.unfinished))))

    def _emit(self, effect: fx.Effect) -> None:
        self._effects.append(effect)

    def _move(self, trigger: Trigger) -> None:
        self.state = TRANSITIONS[self.state, trigger]


def unfinished(framer: Framer) -> str:
    """Say what a framer has left over, and why that is no message."""
    if framer.unfinished is None:
        return ""
    count, why = framer.unfinished
    bytes_came = "1 byte" if count == 1 else f"{count} bytes"
    return f"{bytes_came} came that are no whole message: {why}"


#: States in which nothing is read until the driver has answered, or ever.
_AWAITING = frozenset({State.SIGNING, State.VERIFYING, State.PROMOTING, State.CLOSED})
