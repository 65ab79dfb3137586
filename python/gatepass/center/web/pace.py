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
    """Lets one request begin in each round of the event loop. For one event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._beginner: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on when it is its turn."""
        if scope["type"] == "http" and scope["path"] not in HEALTH:
            await self._turn()
        await self._app(scope, receive, send)

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if self._beginner is None or self._beginner.done():
            self._beginner = loop.create_task(self._begin())
        await turn

    async def _begin(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
            # Two rounds: in the first the request begins.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
