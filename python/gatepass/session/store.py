"""Where a session's numbers and messages are kept between connections."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from typing import Protocol, cast

from gatepass.errors import StoreError
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

        They outlive their epoch.
        """

    def delivered(self, number: int, epoch: str) -> None:
        """Acknowledge the undelivered message of this number in this epoch, if there is one."""

    def close(self) -> None:
        """Let go of what it holds open."""


class ClaimableStore(Protocol):
    """A store that one client at a time can have: two would count against each other."""

    def claim(self) -> AbstractContextManager[None]:
        """Claim it for the block. Raises `StoreError` where it is claimed already."""


class JoiningStore(Protocol):
    """A store for which many saves at once are less work than one after the other."""

    def together(self) -> AbstractContextManager[None]:
        """Keep what the block saves at its end, all or nothing. Raises `StoreError`."""


# Not asked with isinstance: of a protocol that costs more than to keep a message in memory.


def together(store: Store) -> AbstractContextManager[None]:
    """Have what the block saves kept together, if the store can do that."""
    joins = hasattr(store, "together")
    return cast(JoiningStore, store).together() if joins else nullcontext()


def claim(store: Store) -> AbstractContextManager[None]:
    """Claim a store for the block, if it can be claimed.

    Once for a session, on however many connections it is. Raises `StoreError` where it is claimed
    already.
    """
    can_be_claimed = hasattr(store, "claim")
    return cast(ClaimableStore, store).claim() if can_be_claimed else nullcontext()


class Claim:
    """The claim of a store that nobody else can open: it is this object's alone."""

    def __init__(self, session: str, path: str) -> None:
        self._session = session
        self._path = path
        self._is_held = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for the block. Raises `StoreError` where it is held already."""
        if self._is_held:
            raise in_use(self._session, self._path, str(os.getpid()))
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False


def in_use(session: str, path: str, owner: str) -> StoreError:
    """Give the error of a store that the process of this id has claimed."""
    who = "this process" if owner == str(os.getpid()) else f"process {owner or 'unknown'}"
    of_session = f" with session {session}" if session else ""
    return StoreError(f"is in use: {who} is logged on{of_session}; end that first", path)


class MemoryStore:
    """Keeps a session as long as the process lives."""

    def __init__(self) -> None:
        self._claim = Claim("", "in memory")
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

    def delivered(self, number: int, epoch: str) -> None:
        """Drop the undelivered message of this number in this epoch."""
        for kept in self._received:
            if (kept.number, kept.epoch) == (number, epoch):
                self._received.remove(kept)
                return

    def claim(self) -> AbstractContextManager[None]:
        """Claim it for the block. Raises `StoreError` where it is claimed already."""
        return self._claim.held()

    def close(self) -> None:
        """Do nothing: all is in memory."""
