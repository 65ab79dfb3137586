"""Link after link: how long to wait between them, and what ends it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar

from gatepass.client.fault_tolerance import FaultTolerantLink
from gatepass.client.link import Link
from gatepass.client.plan import Plan
from gatepass.client.refusals import noticed_within
from gatepass.errors import (
    GatepassError,
    KeyChoiceError,
    KeySourceError,
    LogonFailedError,
    LogonGuardError,
    LogonRefusedError,
    LogonReplyError,
    NumberJumpError,
    SessionEndedError,
)
from gatepass.fix.texts import Meaning, meaning_of

#: Give up after this many consecutive unusable replies to a Logon.
MOST_REPLIES = 3
#: Give up after this many consecutive Logons refused for too low a number. Each refusal must ask
#: for a higher number: the exchange may still have read what was sent before the connection broke.
MOST_TOO_LOW = 3
#: Give up after this many Logons refused as invalid after a connection broke: the exchange says the
#: same for a session that is already logged on, which passes by itself, and for a wrong key.
MOST_INVALID = 3

#: Raised before a Logon is sent if there is no key pair to sign it.
_NO_KEYS = (KeySourceError, KeyChoiceError)

AnyLink = TypeVar("AnyLink", bound=Link | FaultTolerantLink)

#: Logs on and returns the link, which is logged out at the end of the block.
LogOn = Callable[[AsyncExitStack], Awaitable[AnyLink]]

logger = logging.getLogger("gatepass.client")


class Trials:
    """Consecutive failures, how long to wait before the next try, and what ends the tries.

    * No connection, or one that ended soon: wait as `BackOff` says.
    * The guard refuses a Logon: wait until it allows one.
    * A Logon with too low a number: try again with the expected number, as long as that rises, at
      most three times. A Logon that did not begin the new week: try again with 34=1.
    * A connection broke and the next Logon is refused as invalid: the exchange may not have
      noticed the break. Wait 2.2 heartbeat intervals, at least 65 s, and try again, at most three
      times.
    * The key pairs cannot be read, or have none for this session, after it was logged on: wait as
      `BackOff` says, without limit; their file may be about to be replaced, and nothing is sent.
      Before the first logon it is an error at once.

    Each reason is a warning in the log ``gatepass.client``. Every other `LogonRefusedError` ends
    it: waiting does not correct a wrong key. So does the third consecutive `LogonReplyError`: the
    gateway has forgotten the numbers, or it is a different gateway.
    """

    def __init__(self, plan: Plan) -> None:
        self.waits = plan.back_off
        self._clock = plan.clock
        self._noticed_within = noticed_within(plan.settings.heart_bt_int)
        self._failures = self._replies = self._invalid = 0
        #: The numbers expected by consecutive refusals.
        self._expected: list[int] = []
        self._was_up = False
        #: Whether the exchange may still have a connection that is lost here.
        self._in_doubt = self._is_begun_again = False

    def succeeded(self) -> None:
        """Note that the session is logged on."""
        self._was_up = True
        self._replies = self._invalid = 0
        self._expected.clear()
        self._in_doubt = self._is_begun_again = False

    def ended(self, link: Link | FaultTolerantLink, seconds: float) -> float:
        """Note that a session ended after so many seconds; return the wait."""
        self._failures = 0 if seconds > self.waits.most else self._failures
        self._in_doubt = link.goodbye is None
        return self._wait(f"the session has ended: {link.ending}")

    def failed(self, error: GatepassError) -> float:
        """Note that a try failed; return the wait, or raise the error if waiting does not help."""
        if isinstance(error, _NO_KEYS) and self._was_up:
            return self._wait(str(error))
        if isinstance(error, LogonGuardError):
            logger.warning("%s", error)
            return max(0.0, (error.retry_at - self._clock()).total_seconds())
        if isinstance(error, LogonRefusedError):
            return self._refused(error)
        if not isinstance(error, SessionEndedError) or isinstance(error, NumberJumpError):
            raise error
        if isinstance(error, LogonReplyError):
            self._replies += 1
            if self._replies == MOST_REPLIES:
                raise error
        self._in_doubt = self._in_doubt or error.in_doubt
        return self._wait(str(error))

    def _refused(self, error: LogonRefusedError) -> float:
        means, expected = meaning_of(error.text), error.next_expected
        if means is Meaning.TOO_LOW and expected is not None and self._is_higher(expected):
            logger.warning("%s: trying again with that number", error)
            return 0.0
        if means is Meaning.NOT_RESET and not self._is_begun_again:
            self._is_begun_again = True
            logger.warning("%s: beginning the week again", error)
            return 0.0
        if means is Meaning.INVALID and self._in_doubt and self._invalid < MOST_INVALID:
            self._invalid += 1
            words = "%s: the exchange may still have the lost connection; trying again in %g s"
            logger.warning(words, error, self._noticed_within)
            return self._noticed_within
        raise error

    def _is_higher(self, expected: int) -> bool:
        """Whether a number is worth trying: it is higher than all that were refused."""
        tried, self._expected = self._expected, [*self._expected, expected]
        return len(tried) < MOST_TOO_LOW and expected > max(tried, default=0)

    def _wait(self, why: str) -> float:
        self._failures += 1
        wait = self.waits.wait(self._failures)
        logger.warning("%s: trying again in %g s", why, wait)
        return wait


async def link_after_link(log_on: LogOn[AnyLink], trials: Trials) -> AsyncGenerator[AnyLink, None]:
    """Yield a link, and a new one each time the previous one has ended."""
    loop = asyncio.get_running_loop()
    while True:
        is_over = False
        try:
            async with AsyncExitStack() as block:
                link = await log_on(block)
                trials.succeeded()
                since = loop.time()
                is_over = True  # if this is closed here, no other link follows
                yield link
                is_over = not link.has_ended
            if is_over:
                return
            wait = trials.ended(link, loop.time() - since)
        except (LogonFailedError, *_NO_KEYS) as error:
            if is_over:
                raise
            wait = trials.failed(error)
        await asyncio.sleep(wait)
