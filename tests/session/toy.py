"""A protocol with four states and one line per message: enough to drive the shared machine."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gatepass.causes import Cause
from gatepass.errors import FramingError
from gatepass.session import effects as fx
from gatepass.session.machine import Machine
from gatepass.session.numbers import Numbers, SentMessage
from gatepass.session.table import Table

START = datetime(2026, 1, 26, 15, 0, tzinfo=UTC)
HEARTBEAT = timedelta(seconds=10)


class State(enum.Enum):
    APART = "apart"
    OPEN = "open"
    ASKING = "asking"
    OVER = "over"


class Trigger(enum.Enum):
    CONNECT = "connect"
    ASK = "ask"
    ANSWER = "answer"
    END = "end"


TABLE = Table(
    moves={
        (State.APART, Trigger.CONNECT): State.OPEN,
        (State.OPEN, Trigger.ASK): State.ASKING,
        (State.ASKING, Trigger.ANSWER): State.OPEN,
        **{(state, Trigger.END): State.OVER for state in State if state is not State.OVER},
    },
    start=State.APART,
    connect=Trigger.CONNECT,
    end=Trigger.END,
    closed=State.OVER,
    awaiting=frozenset({State.ASKING, State.OVER}),
)


class Lines:
    """Splits at each newline; a line that begins with ``#`` is garbled."""

    def __init__(self) -> None:
        self._left = b""

    @property
    def unfinished(self) -> tuple[int, FramingError] | None:
        return (len(self._left), FramingError("no newline")) if self._left else None

    def feed(self, data: bytes, /) -> Sequence[bytes | FramingError]:
        *lines, self._left = (self._left + data).split(b"\n")
        return [FramingError("a comment") if line[:1] == b"#" else line for line in lines]


def parse(line: bytes) -> str:
    """Read one line. Raises `FramingError` for an empty one."""
    if not line:
        raise FramingError("an empty line")
    return line.decode()


class Toy(Machine[State, Trigger, str]):
    """Delivers each line; ``?`` asks the driver; ``!`` or silence ends the session."""

    def __init__(self) -> None:
        super().__init__(TABLE, Lines(), parse, Numbers(), HEARTBEAT)

    def answer(self, now: datetime) -> None:
        """Answer the question, then read what arrived meanwhile."""
        self._move(Trigger.ANSWER)
        self._pump(now)

    def tick(self, now: datetime, steady: float | None = None) -> None:
        self._time.read(now, steady)
        if self._is_due(self._due):
            self._end_in_silence(Cause.SILENCE, "nothing came")

    @property
    def resending(self) -> tuple[int, int] | None:
        return None

    def resend(
        self,
        messages: Sequence[SentMessage],
        begin: int,
        end: int,
        now: datetime,
        steady: float | None = None,
    ) -> None:
        raise NotImplementedError

    def can(self, trigger: Trigger) -> bool:
        return self._can(trigger)

    def _handle(self, message: str, now: datetime) -> None:
        self._emit(fx.Received(message, ""))
        if message == "?":
            self._move(Trigger.ASK)
        elif message == "!":
            self._end(Cause.LOGGED_OUT, "it was asked to")
            self._end(Cause.LOST, "a second end")

    @property
    def _due(self) -> timedelta | None:
        return HEARTBEAT if self.state is State.OPEN else None
