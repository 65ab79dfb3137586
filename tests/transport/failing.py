"""A store that fails at one of its calls, and what it had stored before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from gatepass.errors import StoreError
from gatepass.fix.message import Message
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.session.store import BATCH, MemoryStore


class FailingStore(MemoryStore):
    """Fails at its n-th call, counted from 1, and then works again."""

    def __init__(self, fails_at: int) -> None:
        super().__init__()
        self.fails_at = fails_at
        self.calls = 0
        self.failed_in = ""
        self.kept: set[bytes] = set()
        #: The stored numbers; a Logon's number is stored before the Logon is signed.
        self.reserved: set[int] = set()

    def _count(self, call: str) -> None:
        self.calls += 1
        if self.calls == self.fails_at:
            self.failed_in = call
            raise StoreError("cannot be written: the disk is full; make room", "week.sqlite")

    def load(self) -> Numbers:
        self._count("load")
        return super().load()

    def save(
        self,
        numbers: Numbers,
        sent: SentMessage | None = None,
        received: ReceivedMessage | None = None,
    ) -> None:
        self._count("save")
        super().save(numbers, sent, received)
        if sent is not None:
            self.kept.add(sent.wire)
            self.reserved.add(sent.number)

    def sent(self, begin: int, end: int) -> Sequence[SentMessage]:
        self._count("sent")
        return super().sent(begin, end)

    def undelivered(self, limit: int = BATCH) -> Sequence[ReceivedMessage]:
        self._count("undelivered")
        return super().undelivered(limit)

    def delivered(self, number: int, epoch: str) -> None:
        self._count("delivered")
        super().delivered(number, epoch)


class Unheard(list[dict[str, Any]]):
    """Errors that only the event loop's own handler got."""

    def __init__(self) -> None:
        super().__init__()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: self.append(context))


def is_first(wire: bytes) -> bool:
    """Whether a message is sent for the first time, with a number of its own."""
    return Message.parse(wire).get(43) != "Y"
