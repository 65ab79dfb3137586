"""Where a session's numbers and messages are kept between connections."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Protocol

from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage

#: Undelivered messages that are read at once.
BATCH = 100


class Store(Protocol):
    """Keeps one session. What `save` was given is there after ``kill -9`` at any later instant.

    A session's driver calls `save` before it sends, so a number that was on the wire is never
    used again; and before it hands a message to the application, so none is lost in between.

    Each call raises `gatepass.errors.StoreError` where it cannot be done; the connection then ends.
    """

    def load(self) -> Numbers:
        """Return the numbers saved last; fresh ones if there are none."""

    def save(
        self,
        numbers: Numbers,
        sent: SentMessage | None = None,
        received: ReceivedMessage | None = None,
    ) -> None:
        """Keep the numbers and the message that moved them, all or nothing.

        Sent messages with the same number or a later one are dropped: the numbers went back.
        """

    def sent(self, begin: int, end: int) -> Sequence[SentMessage]:
        """Return the kept messages numbered `begin` to `end`, ascending."""

    def undelivered(self, limit: int = BATCH) -> Sequence[ReceivedMessage]:
        """Return the oldest received messages that were not acknowledged yet, in order.

        They outlive a new week: the same number may be there twice.
        """

    def delivered(self, number: int) -> None:
        """Acknowledge the oldest undelivered message of this number, if there is one."""

    def close(self) -> None:
        """Let go of what it holds open."""


class MemoryStore:
    """Keeps a session as long as the process lives."""

    def __init__(self) -> None:
        self._numbers = Numbers()
        self._sent: dict[int, SentMessage] = {}
        self._received: deque[ReceivedMessage] = deque()

    def load(self) -> Numbers:
        """Return the numbers saved last."""
        return self._numbers

    def save(
        self,
        numbers: Numbers,
        sent: SentMessage | None = None,
        received: ReceivedMessage | None = None,
    ) -> None:
        """Keep the numbers and the message that moved them."""
        self._numbers = numbers
        void = numbers.next_out if sent is None else sent.number
        while self._sent and next(reversed(self._sent)) >= void:
            self._sent.popitem()
        if sent is not None and sent.keep:
            self._sent[sent.number] = sent
        if received is not None:
            self._received.append(received)

    def sent(self, begin: int, end: int) -> Sequence[SentMessage]:
        """Return the kept messages numbered `begin` to `end`, ascending."""
        numbers = (n for n in range(begin, end + 1) if n in self._sent)
        return [self._sent[number] for number in numbers]

    def undelivered(self, limit: int = BATCH) -> Sequence[ReceivedMessage]:
        """Return the oldest messages that were not acknowledged yet, in order."""
        return list(islice(self._received, limit))

    def delivered(self, number: int) -> None:
        """Drop the oldest undelivered message of this number."""
        for kept in self._received:
            if kept.number == number:
                self._received.remove(kept)
                return

    def close(self) -> None:
        """Do nothing: all is in memory."""
