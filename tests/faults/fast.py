"""An event loop with faster time: timers, deadlines and the clock, all by the same factor."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

#: Seconds of the session's time in one real second.
FACTOR = 10.0


class _Selector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[Any]:
        return super().select(None if timeout is None else timeout / FACTOR)


class FastLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(_Selector())

    def time(self) -> float:
        return super().time() * FACTOR


def run(main: Coroutine[Any, Any, None]) -> None:
    loop = FastLoop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main)


class FastClock:
    """The same time for every process of a run: it starts from the same real instant."""

    def __init__(self, started: float, begin: datetime) -> None:
        self._started = started
        self._begin = begin.astimezone(UTC)

    def __call__(self) -> datetime:
        return self._begin + timedelta(seconds=(time.time() - self._started) * FACTOR)
