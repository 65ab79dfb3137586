"""The backup connection: reopened whenever it is lost, while its primary is logged on.

It leaves enough tries for the primary. Each Logon goes through the same guard, and after a failed
Logon the next one waits until the exchange no longer counts it: whatever is wrong with the backup,
the primary can still send three invalid Logons within a minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gatepass.causes import Cause
from gatepass.client.attempts import READ_WITHIN
from gatepass.client.back_off import BackOff
from gatepass.client.link import Link
from gatepass.client.refusals import FORGOTTEN, noticed_within
from gatepass.errors import (
    GatepassError,
    KeySourceError,
    LogonGuardError,
    LogonRefusedError,
    LogonReplyError,
    NoConnectionError,
    SessionEndedError,
)
from gatepass.fix.states import State

logger = logging.getLogger("gatepass.client")

#: Seconds after which an unanswered Logon no longer counts.
UNANSWERED = FORGOTTEN + READ_WITHIN.total_seconds()
#: Give up after this many consecutive refusals: waiting does not correct a wrong key. The first may
#: come from a gateway that has not noticed yet that the old connection is lost.
MOST_REFUSALS = 3
#: Seconds within which the primary's end shows too, if both ends have the same cause.
MOMENT = 0.1
PRIMARY_ENDED = "the primary connection ended before the backup was logged on"


class Standby:
    """Keeps the backup logged on. ``link`` is its current link, or ``None``.

    `opened` returns a link that is connected and not logged on. `tell` gets a sentence when the
    session continues without fault tolerance: why, and what happens next.
    """

    def __init__(
        self,
        primary: Link,
        opened: Callable[[], Awaitable[Link]],
        back_off: BackOff,
        tell: Callable[[str], None],
    ) -> None:
        self.link: Link | None = None
        self._primary = primary
        self._opened = opened
        self._back_off = back_off
        self._tell = tell
        self._keeping: asyncio.Task[None] | None = None
        self._failures = self._refusals = 0
        self._pause = 0.0
        self._since = 0.0
        primary.closed.add_done_callback(lambda _: self.give_up())

    async def begin(self) -> None:
        """Log on; if there is no answer, continue without the backup and try again.

        Raises what `Link.log_on` raises if waiting does not help.
        """
        try:
            now: Link | Exception = await self._log_on()
        except LogonReplyError:
            raise
        except LogonRefusedError as error:
            # A backup refuses a client without a primary, and news of its end may be on its way.
            await asyncio.sleep(MOMENT)
            if self._primary.has_ended:
                raise NoConnectionError(PRIMARY_ENDED, Cause.BACKUP_WITHOUT_PRIMARY) from error
            raise
        except (SessionEndedError, LogonGuardError, KeySourceError) as error:
            if self._primary.has_ended:
                raise
            now = error
        self._keeping = asyncio.ensure_future(self._keep(now))

    def give_up(self) -> None:
        """Try no more. A link that is logged on stays so."""
        if self._keeping is not None:
            self._keeping.cancel()

    async def _keep(self, now: Link | Exception) -> None:
        """Wait until the link is lost, then try until there is a new one, and so on."""
        while True:
            lost = await self._loss(now) if isinstance(now, Link) else now
            why = lost if isinstance(lost, GatepassError) else type(lost).__name__
            self.link = None
            wait = self._wait(lost)
            if wait is None:
                self._say(
                    f"no fault tolerance: {why}; the backup is not tried again: correct the"
                    " cause, then log out and log on again"
                )
                return
            self._say(f"no fault tolerance: {why}; the backup is tried again in {wait:.3g} s")
            await asyncio.sleep(wait)
            try:
                now = await self._log_on()
            except Exception as error:  # noqa: BLE001 - no error here may end the session
                now = error
            else:
                self._say("the backup is logged on: the session is fault tolerant again")

    def _say(self, words: str) -> None:
        """Call `tell`. An error of the user's own function must not stop the tries."""
        try:
            self._tell(words)
        except Exception:
            logger.exception("tell failed with: %s", words)

    async def _log_on(self) -> Link:
        self._pause = 0.0
        link = await self._opened()
        if self._primary.has_ended:
            link.abort()
            raise NoConnectionError(PRIMARY_ENDED, Cause.BACKUP_WITHOUT_PRIMARY)
        self.link = link
        try:
            await link.log_on()
        except BaseException as error:
            if link.session.state is not State.LOGGED_ON:  # it may be, when this is cancelled
                link.abort()
                self.link = None
            if isinstance(error, SessionEndedError):
                self._pause = FORGOTTEN if link.was_read else UNANSWERED
            raise
        self._refusals = 0
        self._since = asyncio.get_running_loop().time()
        return link

    async def _loss(self, link: Link) -> GatepassError:
        """Wait for the end of a logged-on link; return the reason."""
        await asyncio.wait([link.closed])
        await asyncio.sleep(MOMENT)
        if asyncio.get_running_loop().time() - self._since > self._back_off.most:
            self._failures = 0
        if link.goodbye is not None:
            words = link.goodbye.text or "without a reason"
            return NoConnectionError(f"the backup was logged out: {words}", Cause.LOGGED_OUT)
        cause = Cause.LOST if link.ending is None else link.ending.cause
        return NoConnectionError(f"the backup was lost: {link.ending}", cause)

    def _wait(self, lost: Exception) -> float | None:
        """Return the seconds until the next try, ``None`` for no further try."""
        if isinstance(lost, LogonGuardError):
            return max(0.0, (lost.retry_at - self._primary.clock()).total_seconds())
        if isinstance(lost, (LogonRefusedError, LogonReplyError)):
            self._refusals += 1
            wait = noticed_within(self._primary.session.settings.heart_bt_int)
            return wait if self._refusals < MOST_REFUSALS else None
        self._failures += 1
        wait = self._back_off.wait(self._failures)
        return max(wait, self._pause)
