"""Limits how many requests hash a password at the same time; further ones are refused.

A hash takes a tenth of a second or more. Requests that wait for one have their own threads, so that
pages keep theirs. Their number is limited, in total and per origin. A refused request takes no
thread and no hash, and does not count as a try.
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

#: The most requests with passwords at the same time, in total and per origin.
MOST, PER_ORIGIN = 16, 8


class ConcurrencyLimit:
    """``most`` places, of which one origin gets at most ``per_origin``. For one event loop."""

    def __init__(self, most: int = MOST, per_origin: int = PER_ORIGIN) -> None:
        self._most = most
        self._per_origin = per_origin
        self._taken: Counter[str] = Counter()
        #: Their own threads: while they wait, pages have theirs.
        self.threads = anyio.CapacityLimiter(most)

    @contextmanager
    def place(self, origin: str) -> Iterator[None]:
        """Take a place for the time of the context; raise `BusyError` if none is left."""
        if self._taken.total() >= self._most or self._taken[origin] >= self._per_origin:
            raise BusyError
        self._taken[origin] += 1
        try:
            yield
        finally:
            self._taken[origin] -= 1
            if not self._taken[origin]:
                # Clients choose their origins, so empty ones are not kept.
                del self._taken[origin]


async def run_limited(request: Request, work: Callable[[], Response]) -> Response:
    """Do ``work`` in a thread. Raises `BusyError` if no place is left."""
    limit: ConcurrencyLimit = request.app.state.password_limit
    with limit.place(network_of(origin_of(request))):
        return await anyio.to_thread.run_sync(work, limiter=limit.threads)
