"""Whether requests can be served: the database answers, has this version and can be written."""

from __future__ import annotations

import asyncio
import logging
import time

import anyio

from gatepass.center.store.database import Database
from gatepass.errors import DatabaseError

log = logging.getLogger("gatepass.center.web")

#: Seconds that a database has to answer: another program may have locked it.
PATIENCE = 2.0
#: After ``AT_ONCE`` seconds a good result of at most ``FRESH`` seconds ago is the answer: a disk
#: that is slow for a moment is no reason to restart a server.
AT_ONCE, FRESH = 0.02, 0.5
_NEVER = float("-inf")


class Readiness:
    """Checks a database; requests that ask at the same time share one check.

    The check has its own thread, so it does not wait for pages that use all of theirs. While a
    check runs, a good result of the last one is the answer for a moment.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = anyio.CapacityLimiter(1)
        self._check: asyncio.Future[str] | None = None
        self._logged = ""
        self._good_at = _NEVER

    async def problem(self) -> str:
        """Return what is wrong, or an empty text. A problem is logged once."""
        if self._check is None or self._check.done():
            self._check = asyncio.ensure_future(
                anyio.to_thread.run_sync(self._find, limiter=self._thread)
            )
        await asyncio.wait([self._check], timeout=AT_ONCE)
        if not self._check.done() and time.monotonic() - self._good_at < FRESH:
            return ""
        await asyncio.wait([self._check], timeout=PATIENCE)
        found = self._check.result() if self._check.done() else _SLOW
        # Anyone may ask, any number of times.
        if found and found != self._logged:
            log.error("not ready: %s", found)
        self._logged = found
        return found

    def _find(self) -> str:
        try:
            self._database.check_version()
            self._database.check_writing()
        except DatabaseError as error:
            self._good_at = _NEVER
            return str(error)
        self._good_at = time.monotonic()
        return ""


_SLOW = f"the database did not answer for {PATIENCE:g} seconds: see what has locked it"
