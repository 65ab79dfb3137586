"""Work that runs an event loop, aside from a thread that has one already, such as a browser's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def aside(work: Callable[[], T]) -> T:
    """Do this in a thread of its own, and wait for what comes of it."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()
