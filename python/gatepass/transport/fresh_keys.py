"""Key pairs on an event loop: the ring at hand, and reading it again without blocking the loop."""

from __future__ import annotations

import asyncio

from gatepass.keys import KeyRing, KeySource
from gatepass.keys.sources import watched


class FreshKeys:
    """A key source for one event loop.

    A source that can tell whether its ring is current (`gatepass.keys.sources.WatchedKeys`, such as
    a `KeyFile`) is read only when it is not; any other is read for each logon, because reading is
    the only way to know.
    """

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._watched = watched(source)
        self._ring = KeyRing(())
        self._under_way: asyncio.Task[Exception | None] | None = None
        self._next: asyncio.Task[Exception | None] | None = None

    @property
    def ring(self) -> KeyRing:
        """The ring that was read last, empty before the first reading. Never reads."""
        return self._ring if self._watched is None else self._watched.ring_at_hand

    def is_current(self) -> bool:
        """Tell whether the ring at hand is current; costs at most one ``stat``."""
        return self._watched is not None and self._watched.is_current()

    async def refresh(self) -> None:
        """Read the ring in a thread.

        The reading starts after this call: one that is under way may have missed a recent write.
        All callers that wait meanwhile share the next one, so that a thousand logons at once cost
        two readings. Raises what the source raises; the ring at hand then stays unchanged.
        """
        if self._next is None:
            reading = self._read(self._under_way)
            self._next = asyncio.get_running_loop().create_task(reading)
        problem = await asyncio.shield(self._next)
        if problem is not None:
            raise problem

    async def close(self) -> None:
        """Stop waiting for readings: their results are not used."""
        tasks = [task for task in (self._under_way, self._next) if task is not None]
        self._under_way = self._next = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _read(self, before: asyncio.Task[Exception | None] | None) -> Exception | None:
        """Read after the previous reading; return the error, for which no caller may be waiting."""
        if before is not None:
            await asyncio.wait([before])
        self._under_way, self._next = self._next, None
        try:
            self._ring = await asyncio.to_thread(lambda: self._source.ring)
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            return error
        return None
