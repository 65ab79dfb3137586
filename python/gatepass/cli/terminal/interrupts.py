"""Signals as wishes: Ctrl-C and SIGTERM to end well, SIGHUP to open the log again."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: What a program that rotates logs sends. Windows has none.
HANGUP = tuple(getattr(signal, name) for name in ("SIGHUP",) if hasattr(signal, name))


@contextmanager
def on_signals(numbers: tuple[signal.Signals, ...], call: Callable[[], None]) -> Iterator[None]:
    """Have `call` called in the running event loop at each of these signals."""
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
    """Have `end` called in the running event loop when somebody wants the command to end."""
    return on_signals(SIGNALS, end)
