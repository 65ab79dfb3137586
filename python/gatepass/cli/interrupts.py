"""Ctrl-C and SIGTERM as a wish to end well, for commands that run until somebody stops them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending_on_signal(end: Callable[[], None]) -> Iterator[None]:
    """Have `end` called in the running event loop when somebody wants the command to end."""
    loop = asyncio.get_running_loop()
    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))
        for number in SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
