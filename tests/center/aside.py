"""Run work with an event loop from a thread that already has one, such as a browser's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def aside(work: Callable[[], T]) -> T:
    """Run this in its own thread, and return its result."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()
