"""The messages that a session has received and its application has not dealt with yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from gatepass.fix.message import Message
from gatepass.session.numbers import ReceivedMessage
from gatepass.session.store import Store


class Inbox:
    """Gives them in order, one at a time, whichever connection they came by.

    They wait in the store, not here: one that nobody reads takes no memory.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stirred = asyncio.Event()
        self._given: ReceivedMessage | None = None
        self._in_doubt = bool(store.undelivered(1))
        self._is_closed = False

    def stir(self) -> None:
        """Have whoever waits look again: a message has come, or a connection has ended."""
        self._stirred.set()

    def acknowledge(self) -> None:
        """Note that the message given out last was dealt with: it will not come again."""
        if self._given is not None:
            self._store.delivered(self._given.number, self._given.epoch)
            self._given = None

    def close(self) -> None:
        """Give and acknowledge nothing any more: the store may have a new link, with its own."""
        self._is_closed = True
        self._given = None
        self.stir()

    async def messages(self, ended: Callable[[], bool]) -> AsyncIterator[Message]:
        """Give messages until there are none left and nothing is to come.

        After a crash the first one may have been dealt with, and says so:
        ``possibly_delivered``. Raises `StoreError`.
        """
        while not self._is_closed:
            self.acknowledge()
            self._stirred.clear()
            waiting = self._store.undelivered(1)
            if waiting:
                self._given = waiting[0]
                message = Message.parse(self._given.wire)
                doubtful, self._in_doubt = self._in_doubt, False
                yield replace(message, possibly_delivered=True) if doubtful else message
            elif ended():
                return
            else:
                await self._stirred.wait()
