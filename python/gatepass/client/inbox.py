"""The messages that a session has received and its application has not acknowledged yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from gatepass.fix.message import Message
from gatepass.session.numbers import ReceivedMessage
from gatepass.session.store import Store


class Inbox:
    """Yields them in order, one at a time, from any connection of the session.

    They wait in the store, not here: a message that is not read takes no memory.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stirred = asyncio.Event()
        self._given: ReceivedMessage | None = None
        self._in_doubt = bool(store.undelivered(1))
        self._is_closed = False

    def stir(self) -> None:
        """Wake the waiting reader: a message has come, or a connection has ended."""
        self._stirred.set()

    def acknowledge(self) -> None:
        """Acknowledge the message delivered last: it will not be delivered again."""
        if self._given is not None:
            self._store.delivered(self._given.number, self._given.epoch)
            self._given = None

    def close(self) -> None:
        """Stop delivering and acknowledging: a new link with its own inbox may use the store."""
        self._is_closed = True
        self._given = None
        self.stir()

    async def messages(self, ended: Callable[[], bool]) -> AsyncIterator[Message]:
        """Yield messages until none are left and no more can come.

        After a crash the first one may have been processed before; it is marked
        ``possibly_delivered``. Raises `StoreError`.
        """
        while not self._is_closed:
            self.acknowledge()
            self._stirred.clear()
            waiting = self._store.undelivered(1)
            if waiting:
                self._given = waiting[0]
                doubtful, self._in_doubt = self._in_doubt, False
                yield Message(self._given.wire, possibly_delivered=doubtful)
            elif ended():
                return
            else:
                await self._stirred.wait()
