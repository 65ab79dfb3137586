"""What `connect` gives: one link, or link after link, and the end of their session."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from types import TracebackType
from typing import Any

from gatepass.client.reconnect import AnyLink, LogOn, Trials, link_after_link

logger = logging.getLogger("gatepass.client")

#: An event loop forgets a task that nothing refers to.
_ENDING: set[asyncio.Future[None]] = set()


class Connector(AsyncIterator[AnyLink]):
    """What `connect` gives: a link for ``async with``, link after link for ``async for``.

    Of links that are left without `aclose` the session ends a moment later: when the task that has
    the link is cancelled, when the event loop's run ends, or when nothing refers to this object any
    more. What goes wrong then is a warning in the log ``gatepass.client``.
    """

    def __init__(self, log_on: LogOn[AnyLink], trials: Trials) -> None:
        self._log_on = log_on
        self._block = AsyncExitStack()
        self._links = link_after_link(log_on, trials)
        self._closing = asyncio.Lock()
        #: Where a link is out: nothing else is there to end, and while the next one is waited for
        #: the task that waits ends it.
        self._loop: asyncio.AbstractEventLoop | None = None
        #: The task that has the link.
        self._taker: asyncio.Task[Any] | None = None
        self._taker_is_done = partial(_end_if_cancelled, weakref.ref(self))

    async def __aenter__(self) -> AnyLink:
        """Log on, and give the link."""
        async with AsyncExitStack() as block:
            link = await self._log_on(block)
            self._block = block.pop_all()
            return link

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """Log out. The message given out last was dealt with where there was no error."""
        return await self._block.__aexit__(kind, error, traceback)

    async def __anext__(self) -> AnyLink:
        """Wait for the next link; one that is still up is logged out, and that is the end.

        Raises `RuntimeError` where another task waits for it.
        """
        self._loop = self._taker = None
        link = await anext(self._links)
        self._loop, self._taker = asyncio.get_running_loop(), asyncio.current_task()
        if self._taker is not None:
            self._taker.remove_done_callback(self._taker_is_done)
            self._taker.add_done_callback(self._taker_is_done)
        return link

    async def aclose(self) -> None:
        """End the session: it is logged out when this returns. Raises what logging out raises.

        Raises `RuntimeError` where a task waits for the next link: cancel that task instead.
        """
        async with self._closing:
            await self._links.aclose()
            self._loop = None

    def __del__(self) -> None:
        """End the session soon: nobody can have its next link. This may be any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: its tasks have ended
                self._loop.call_soon_threadsafe(_end_soon, self._links.aclose)


def _end_if_cancelled(links: weakref.ref[Connector[Any]], taker: asyncio.Task[Any]) -> None:
    """End the session of a task that is cancelled and has the link: others may have the links."""
    own = links()
    if own is not None and own._taker is taker and taker.cancelled():
        _end_soon(own.aclose)


def _end_soon(close: Callable[[], Awaitable[None]]) -> None:
    ending = asyncio.ensure_future(close())
    _ENDING.add(ending)
    ending.add_done_callback(_has_ended)


def _has_ended(ending: asyncio.Future[None]) -> None:
    _ENDING.discard(ending)
    error = None if ending.cancelled() else ending.exception()
    if error is not None:
        logger.warning("the session that was left has ended with an error: %s", error)
