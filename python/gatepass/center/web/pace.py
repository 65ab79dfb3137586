"""Starts requests one after the other, so that many at once do not block the event loop.

To start a request takes about a millisecond: routes, checks, cookies. A hundred requests at once
would block the loop for a hundred milliseconds. Health checks start at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

#: These start at once: if they wait, a supervisor may restart this process.
HEALTH: Final = frozenset({"/healthz", "/readyz"})


class Pace:
    """Starts one request in every second iteration of the event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._one_begins = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when it is its turn."""
        if scope["type"] == "http" and scope["path"] not in HEALTH:
            await self._turn()
        await self._app(scope, receive, send)

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # Requests left over from an earlier event loop must not block this one.
            self._loop, self._one_begins = loop, False
            self._waiting.clear()
        if self._one_begins:
            turn = loop.create_future()
            self._waiting.append(turn)
            await turn
        else:
            self._one_begins = True
            loop.call_soon(self._in_the_next_round, loop)

    def _in_the_next_round(self, loop: asyncio.AbstractEventLoop) -> None:
        # One iteration later: the request whose turn it is starts in this one.
        loop.call_soon(self._next, loop)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            # A request that was cancelled meanwhile does not start.
            if not turn.done():
                turn.set_result(None)
                loop.call_soon(self._in_the_next_round, loop)
                return
        self._one_begins = False
