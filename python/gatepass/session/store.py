"""Where a session's numbers and messages are stored between connections."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, cast

from gatepass.errors import StoreError
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage

#: Undelivered messages that are read in one call.
BATCH = 100


class Store(Protocol):
    """Stores one session. What `save` has stored survives a later ``kill -9`` at any instant.

    A session's driver calls `save` before it sends, so a number that was on the wire is never
    used again; and before it delivers a message to the application, so none is lost in between.

    Each call raises `gatepass.errors.StoreError` if it fails; the connection then ends.
    """

    def load(self) -> Numbers:
        """Return the numbers saved last, or new ones if there are none."""

    def save(
        self,
        numbers: Numbers,
        sent: SentMessage | None = None,
        received: ReceivedMessage | None = None,
    ) -> None:
        """Store the numbers and the message that changed them, all or nothing.

        Sent messages with the same or a higher number are dropped: the numbers went back.
        """

    def sent(self, begin: int, end: int) -> Sequence[SentMessage]:
        """Return the stored messages numbered `begin` to `end`, ascending."""

    def undelivered(self, limit: int = BATCH) -> Sequence[ReceivedMessage]:
        """Return the oldest received messages not yet acknowledged, in order.

        They are kept when their epoch ends.
        """

    def delivered(self, number: int, epoch: str) -> None:
        """Acknowledge the undelivered message of this number in this epoch, if there is one."""

    def close(self) -> None:
        """Close what the store has open."""


class ClaimableStore(Protocol):
    """A store that one client at a time may use: two would use the same numbers."""

    def claim(self) -> AbstractContextManager[None]:
        """Claim it for the block. Raises `StoreError` if it is already claimed."""


class JoiningStore(Protocol):
    """A store that does many saves in one step with less work than one by one."""

    def together(self) -> AbstractContextManager[None]:
        """Store all saves of the block at its end, all or nothing. Raises `StoreError`."""


# No isinstance here: for a protocol it costs more than storing a message in memory.


def together(store: Store) -> AbstractContextManager[None]:
    """Store all saves of the block in one step, if the store can do that."""
    joins = hasattr(store, "together")
    return cast(JoiningStore, store).together() if joins else nullcontext()


def claim(store: Store) -> AbstractContextManager[None]:
    """Claim a store for the block, if it can be claimed.

    One claim per session, for all its connections. Raises `StoreError` if it is already claimed.
    """
    can_be_claimed = hasattr(store, "claim")
    return cast(ClaimableStore, store).claim() if can_be_claimed else nullcontext()


class Claim:
    """The claim of a store that no other object can open."""

    def __init__(self, session: str, path: str) -> None:
        self._session = session
        self._path = path
        self._is_held = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Claim it for the block. Raises `StoreError` if it is already claimed."""
        if self._is_held:
            raise in_use(self._session, self._path, str(os.getpid()))
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False


def in_use(session: str, path: str, owner: str) -> StoreError:
    """Return the error for a store that the process with this id has claimed."""
    who = "this process" if owner == str(os.getpid()) else f"process {owner or 'unknown'}"
    of_session = f" with session {session}" if session else ""
    return StoreError(f"is in use: {who} is logged on{of_session}; end that first", path)


class MemoryStore:
    """Keeps a session in memory, until the process ends."""

    def __init__(self) -> None:
        self._claim: Claim | None = None
        self._numbers = Numbers()
        self._sent: dict[int, SentMessage] = {}
        self._received: list[ReceivedMessage] = []

    def load(self) -> Numbers:
        """Return the numbers saved last."""
        return self._numbers

    def save(
        self,
        numbers: Numbers,
        sent: SentMessage | None = None,
        received: ReceivedMessage | None = None,
    ) -> None:
        """Store the numbers and the message that changed them."""
        self._numbers = numbers
        void = numbers.next_out if sent is None else sent.number
        while self._sent and next(reversed(self._sent)) >= void:
            self._sent.popitem()
        if sent is not None and sent.keep:
            self._sent[sent.number] = sent
        if received is not None:
            self._received.append(received)

    def sent(self, begin: int, end: int) -> Sequence[SentMessage]:
        """Return the stored messages numbered `begin` to `end`, ascending."""
        numbers = (n for n in range(begin, end + 1) if n in self._sent)
        return [self._sent[number] for number in numbers]

    def undelivered(self, limit: int = BATCH) -> Sequence[ReceivedMessage]:
        """Return the oldest messages not yet acknowledged, in order."""
        return self._received[:limit]

    def delivered(self, number: int, epoch: str) -> None:
        """Drop the undelivered message of this number in this epoch."""
        for place, kept in enumerate(self._received):
            if (kept.number, kept.epoch) == (number, epoch):
                del self._received[place]
                return

    def claim(self) -> AbstractContextManager[None]:
        """Claim it for the block. Raises `StoreError` if it is already claimed."""
        self._claim = self._claim or Claim("", "in memory")
        return self._claim.held()

    def close(self) -> None:
        """Do nothing: all is in memory."""
