"""Signals: Ctrl-C and SIGTERM stop a command cleanly, SIGHUP reopens the log."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: The signal that log rotation sends. Windows has none.
HANGUP = tuple(getattr(signal, name) for name in ("SIGHUP",) if hasattr(signal, name))


@contextmanager
def on_signals(numbers: tuple[signal.Signals, ...], call: Callable[[], None]) -> Iterator[None]:
    """Call `call` in the running event loop at each of these signals, during the block."""
    loop = asyncio.get_running_loop()
    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(call))
        for number in numbers
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ending_on_signal(end: Callable[[], None]) -> AbstractContextManager[None]:
    """Call `end` in the running event loop at Ctrl-C or SIGTERM, during the block."""
    return on_signals(SIGNALS, end)
