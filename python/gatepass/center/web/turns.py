"""Places for requests that have a password hashed: so many at a time, and the next is refused.

A hash takes a tenth of a second and more. Those that wait for theirs have threads of their own, so
that pages keep theirs; but not all may wait, and not all of those who do may come from one origin.
Who is refused has had no thread and no hash, and nothing was counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
from fastapi import Request
from fastapi.responses import Response

from gatepass.center.people.origins import network_of
from gatepass.center.web.visitor import origin_of
from gatepass.errors import BusyError

#: Requests with passwords at a time, and those of one origin.
PLACES, FOR_EACH = 16, 8


class Turns:
    """``most`` places, of which one origin gets ``each`` at most. For one event loop."""

    def __init__(self, most: int = PLACES, each: int = FOR_EACH) -> None:
        self._most = most
        self._each = each
        self._taken: Counter[str] = Counter()
        #: Threads of their own: while they wait, pages have theirs.
        self.threads = anyio.CapacityLimiter(most)

    @contextmanager
    def taken(self, origin: str) -> Iterator[None]:
        """Have a place until the end; raise `BusyError` where none is left."""
        if self._taken.total() >= self._most or self._taken[origin] >= self._each:
            raise BusyError
        self._taken[origin] += 1
        try:
            yield
        finally:
            self._taken[origin] -= 1
            if not self._taken[origin]:
                # Clients choose their origins: none is kept.
                del self._taken[origin]


async def in_turn(request: Request, work: Callable[[], Response]) -> Response:
    """Do ``work`` in a thread, if there is a place for it. Raises `BusyError`."""
    turns: Turns = request.app.state.turns
    with turns.taken(network_of(origin_of(request))):
        return await anyio.to_thread.run_sync(work, limiter=turns.threads)
