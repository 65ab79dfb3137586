"""What `connect` returns: one link, or link after link, and the end of their session."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from types import AsyncGeneratorType, TracebackType
from typing import Any, cast

from gatepass.client.reconnect import AnyLink, LogOn, Trials, link_after_link
from gatepass.errors import StateError

logger = logging.getLogger("gatepass.client")

#: An event loop forgets a task without a reference.
_ENDING: set[asyncio.Future[None]] = set()


class Connector(AsyncIterator[AnyLink]):
    """What `connect` returns: a link for ``async with``, link after link for ``async for``.

    If the loop is left without `aclose`, the session ends a moment later: when the task that has
    the link is cancelled, when the event loop stops, or when there is no reference to this object
    any more. An error during that is a warning in the log ``gatepass.client``.
    """

    def __init__(self, log_on: LogOn[AnyLink], trials: Trials) -> None:
        self._log_on = log_on
        self._block = AsyncExitStack()
        self._links = link_after_link(log_on, trials)
        self._closing = asyncio.Lock()
        #: Set while a link is in use. There is nothing else to end; a task that waits for the next
        #: link ends the session itself.
        self._loop: asyncio.AbstractEventLoop | None = None
        #: The task that has the link.
        self._taker: asyncio.Task[Any] | None = None
        self._taker_is_done = partial(_end_if_cancelled, weakref.ref(self))

    async def __aenter__(self) -> AnyLink:
        """Log on and return the link."""
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
        """Log out. Without an error, the last message delivered is acknowledged first."""
        return await self._block.__aexit__(kind, error, traceback)

    async def __anext__(self) -> AnyLink:
        """Wait for the next link. If the last one is still connected, log out and stop.

        Raises `StateError` if another task already waits, or ends the session.
        """
        self._refuse_while_running("the next link")
        self._loop = self._taker = None
        link = await anext(self._links)
        self._loop, self._taker = asyncio.get_running_loop(), asyncio.current_task()
        if self._taker is not None:
            self._taker.remove_done_callback(self._taker_is_done)
            self._taker.add_done_callback(self._taker_is_done)
        return link

    async def aclose(self) -> None:
        """End the session: it is logged out when this returns. Raises what logging out raises.

        Raises `StateError` if a task waits for the next link: cancel that task instead.
        """
        async with self._closing:
            self._refuse_while_running("aclose")
            await self._links.aclose()
            self._loop = None

    def _refuse_while_running(self, call: str) -> None:
        if cast("AsyncGeneratorType[AnyLink, None]", self._links).ag_running:
            raise StateError(call, "opened or ended by another task")

    def __del__(self) -> None:
        """End the session soon: its next link cannot be requested. May run in any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: its tasks have ended
                self._loop.call_soon_threadsafe(_end_soon, self._links.aclose)


def _end_if_cancelled(links: weakref.ref[Connector[Any]], taker: asyncio.Task[Any]) -> None:
    """End the session if the cancelled task still has the link; another task may have it by now."""
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
        logger.warning("the abandoned session ended with an error: %s", error)
