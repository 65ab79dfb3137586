"""Requests begin one after the other, so that a crowd of them does not stop the event loop.

To begin with a request takes about a millisecond: routes, checks, cookies. A hundred that come at
once would take a hundred before anything else is looked at. Health checks begin at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

#: Begin at once: who asks decides whether this process lives on.
HEALTH: Final = frozenset({"/healthz", "/readyz"})


class Pace:
    """Lets one request begin in every second round of the event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._one_begins = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on when it is its turn."""
        if scope["type"] == "http" and scope["path"] not in HEALTH:
            await self._turn()
        await self._app(scope, receive, send)

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # What an event loop that has ended left undone holds up nobody in this one.
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
        # A round later: one whose turn has come begins in this one.
        loop.call_soon(self._next, loop)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            # One that was cancelled meanwhile does not begin.
            if not turn.done():
                turn.set_result(None)
                loop.call_soon(self._in_the_next_round, loop)
                return
        self._one_begins = False
