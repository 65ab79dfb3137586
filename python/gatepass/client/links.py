"""What `reconnecting` gives: an async iterator of links, and the block that ends their session.

A task of its own keeps the session. So it is logged out however the loop over the links is left:
nothing else could end it where that loop's task is cancelled, or its iterator is left behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, TypeVar

from gatepass.client.fault_tolerance import FaultTolerantLink
from gatepass.client.link import Link

LinkOrPair = TypeVar("LinkOrPair", Link, FaultTolerantLink)

logger = logging.getLogger("gatepass.client")

#: An event loop forgets a task that nothing refers to.
_KEPT: set[asyncio.Task[None]] = set()


class Lending(Generic[LinkOrPair]):
    """What the loop over the links and the task that keeps the session share: one link at a time.

    `keep` is that task's work: it gives each link to `lend`.
    """

    def __init__(self, keep: Callable[[Lending[LinkOrPair]], Coroutine[Any, Any, None]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._wanted: asyncio.Future[LinkOrPair] = self._loop.create_future()
        self._back: asyncio.Future[bool] | None = None
        #: Whether somebody waits, and gets a failure raised.
        self.is_awaited = False
        self._is_ending = False
        self._failure: Exception | None = None
        self._keeping = self._loop.create_task(self._run(keep))
        _KEPT.add(self._keeping)
        self._keeping.add_done_callback(_KEPT.discard)

    async def lend(self, link: LinkOrPair) -> bool:
        """Give a link to the loop, until it is done with it; true where it wants another one."""
        self._back = self._loop.create_future()
        self._wanted.set_result(link)
        try:
            return await self._back
        finally:
            self._back = None

    async def next(self) -> LinkOrPair | None:
        """Give the link back that there is, if there is one, and wait for the next.

        `None` at the end; raises what ended it.
        """
        self._wanted = self._loop.create_future()
        if self._back is not None and not self._back.done():
            self._back.set_result(True)
        self.is_awaited = True
        either: list[asyncio.Future[Any]] = [self._wanted, self._keeping]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        self.is_awaited = False
        if self._wanted.done():
            return self._wanted.result()
        self._raise_failure()
        return None

    async def finish(self, *, well: bool) -> None:
        """End the session, and wait until it is logged out; raises what that raises.

        The message given out last was dealt with where all went `well`.
        """
        if well and self._back is not None and not self._back.done():
            self._back.set_result(False)
            self._is_ending = True
        self.abandon()
        self.is_awaited = True
        try:
            if not self._keeping.done():
                await asyncio.wait([self._keeping])
        except asyncio.CancelledError:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
            raise
        self._raise_failure()

    def abandon(self) -> None:
        """End the session, for which nobody waits."""
        if self._is_ending:
            return
        self._is_ending = True
        if self._back is None or self._back.done():
            self._keeping.cancel()
        else:
            # Not the task: cancelled a second time, it would not wait for the Logout's answer.
            self._back.cancel()

    def abandon_from_anywhere(self) -> None:
        """Do the same, whatever thread this is, and whether its loop still runs or not."""
        with suppress(RuntimeError):  # it is closed: its tasks have ended
            self._loop.call_soon_threadsafe(self.abandon)

    def taken_by(self, taker: asyncio.Task[Any] | None, before: asyncio.Task[Any] | None) -> None:
        """End the session when the task is cancelled that has the link."""
        if taker is not before:
            if before is not None:
                before.remove_done_callback(self._taker_ended)
            if taker is not None:
                taker.add_done_callback(self._taker_ended)

    def _taker_ended(self, taker: asyncio.Task[Any]) -> None:
        if taker.cancelled():
            self.abandon()

    def _raise_failure(self) -> None:
        """Raise what the session failed with: once."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def _run(self, keep: Callable[[Lending[LinkOrPair]], Coroutine[Any, Any, None]]) -> None:
        try:
            await keep(self)
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            self._failure = error
            if not self.is_awaited:
                logger.warning("the session that was left has ended with an error: %s", error)


class Links(AsyncIterator[LinkOrPair]):
    """Gives a link, and a new one whenever the loop's body is done with one that has ended.

    ``async with`` ends the session before the next statement, however its block is left::

        async with reconnecting(host, port, settings, keys, store) as links:
            async for link in links:
                ...

    So does `aclose`. Without them it ends a moment later: when the task that has the link is
    cancelled, when the event loop's run ends, or when nothing refers to this object any more.
    """

    def __init__(self, keep: Callable[[Lending[LinkOrPair]], Coroutine[Any, Any, None]]) -> None:
        self._keep: Callable[[Lending[LinkOrPair]], Coroutine[Any, Any, None]] = keep
        self._lending: Lending[LinkOrPair] | None = None
        self._taker: asyncio.Task[Any] | None = None
        self._is_over = False

    def __aiter__(self) -> Links[LinkOrPair]:
        """Give itself."""
        return self

    async def __anext__(self) -> LinkOrPair:
        """Wait for the next link, as `reconnecting` says; one that is still up is logged out.

        Raises `RuntimeError` where another task waits for it.
        """
        if self._is_over:
            raise StopAsyncIteration
        if self._lending is None:
            self._lending = Lending(self._keep)
        if self._lending.is_awaited:
            raise RuntimeError("the next link is awaited already, by another task")
        try:
            link = await self._lending.next()
        except asyncio.CancelledError:
            await self.aclose()
            raise
        except BaseException:
            self._is_over = True
            raise
        if link is None:
            self._is_over = True
            raise StopAsyncIteration
        before, self._taker = self._taker, asyncio.current_task()
        self._lending.taken_by(self._taker, before)
        return link

    async def aclose(self) -> None:
        """End the session: it is logged out when this returns. Raises what `connect` does then."""
        await self._end(well=False)

    async def __aenter__(self) -> Links[LinkOrPair]:
        """Give itself: the first link is logged on when it is asked for."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End the session: it is logged out when the block is left."""
        await self._end(well=kind is None)

    def __del__(self) -> None:
        """End the session soon: nobody can have its next link."""
        if self._lending is not None and not self._is_over:
            self._lending.abandon_from_anywhere()

    async def _end(self, *, well: bool) -> None:
        self._is_over = True
        if self._lending is not None:
            await self._lending.finish(well=well)
