"""Whether requests can be served: the database answers, fits, and takes what is written."""

from __future__ import annotations

import asyncio
import logging
import time

import anyio

from gatepass.center.store.database import Database
from gatepass.errors import DatabaseError

log = logging.getLogger("gatepass.center.web")

#: Seconds that a database gets to answer: another program may have its lock.
PATIENCE = 2.0
#: Seconds after which who asks is not kept waiting, where the last look found all well and is not
#: older than so many: a disk that takes a moment longer once is no reason to restart a server.
AT_ONCE, FRESH = 0.02, 0.5
_NEVER = float("-inf")


class Readiness:
    """Looks at a database for all who ask; those who ask meanwhile share one look.

    A look has a thread of its own: pages that fill theirs do not keep it waiting. While one lasts,
    that the last one found all well is the answer, for a moment.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = anyio.CapacityLimiter(1)
        self._look: asyncio.Future[str] | None = None
        self._said = ""
        self._well_at = _NEVER

    async def problem(self) -> str:
        """Return what is wrong, nothing when all is well. The log has it once."""
        if self._look is None or self._look.done():
            self._look = asyncio.ensure_future(
                anyio.to_thread.run_sync(self._find, limiter=self._thread)
            )
        await asyncio.wait([self._look], timeout=AT_ONCE)
        if not self._look.done() and time.monotonic() - self._well_at < FRESH:
            return ""
        await asyncio.wait([self._look], timeout=PATIENCE)
        found = self._look.result() if self._look.done() else _SLOW
        # Anybody may ask, as often as he likes.
        if found and found != self._said:
            log.error("not ready: %s", found)
        self._said = found
        return found

    def _find(self) -> str:
        try:
            self._database.check_version()
            self._database.check_writing()
        except DatabaseError as error:
            self._well_at = _NEVER
            return str(error)
        self._well_at = time.monotonic()
        return ""


_SLOW = f"the database took nothing for {PATIENCE:g} seconds: see what has its lock"
