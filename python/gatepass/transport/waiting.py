"""Waiting with a bound, which a cancellation always ends.

``asyncio.wait_for`` swallows a cancellation that comes in the same moment as what it waits for, up
to Python 3.11: a task that was to stop would go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def within(seconds: float, doing: Coroutine[Any, Any, Result]) -> Result:
    """Give the result of a coroutine, and what it raises.

    Raises `asyncio.TimeoutError` if it takes longer; it is cancelled then, and when this is.
    """
    task = asyncio.get_running_loop().create_task(doing)
    try:
        await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError:
        await _end(task)
        raise
    if not task.done():
        await _end(task)
    if task.cancelled():
        raise asyncio.TimeoutError
    return task.result()


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it is over."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # nobody asks for it any more
