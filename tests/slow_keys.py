"""A slow key source, to test that an event loop does not wait for it."""

from __future__ import annotations

import asyncio
import threading

from gatepass.keys import KeyRing


class SlowKeys:
    """Counts its readings. A reading waits after `hold`, and raises ``problem`` if there is one."""

    def __init__(self, ring: KeyRing) -> None:
        self.kept = ring
        self.problem: Exception | None = None
        self.readings = 0
        self.threads: set[int] = set()
        self._go = threading.Event()
        self._go.set()
        self._begun = threading.Event()

    @property
    def ring(self) -> KeyRing:
        self.readings += 1
        self.threads.add(threading.get_ident())
        ring = self.kept
        self._begun.set()
        assert self._go.wait(30)
        if self.problem is not None:
            raise self.problem
        return ring

    def hold(self) -> None:
        self._begun.clear()
        self._go.clear()

    def release(self) -> None:
        self._go.set()

    async def begun(self) -> None:
        """Wait until a reading is under way, without blocking the loop."""
        while not self._begun.is_set():
            await asyncio.sleep(0.001)
