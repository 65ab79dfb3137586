"""Link after link: what is waited out between them, and what ends it."""

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

#: Replies to a Logon that cannot be gone on with, one after the other, until it is given up.
MOST_REPLIES = 3
#: Logons that are refused for too low a number, one after the other, until it is given up. Each
#: must ask for a higher one: the exchange may still have read what was sent before a break.
MOST_TOO_LOW = 3
#: Logons that are refused as invalid after a connection broke, until it is given up: the exchange
#: says the same for a session that is on already, which passes by itself, and for a wrong key.
MOST_INVALID = 3

#: What is raised before a Logon is sent where there is no pair to sign it with.
_NO_KEYS = (KeySourceError, KeyChoiceError)

AnyLink = TypeVar("AnyLink", bound=Link | FaultTolerantLink)

#: Logs on, and gives the link: it is logged out at the end of the block.
LogOn = Callable[[AsyncExitStack], Awaitable[AnyLink]]

logger = logging.getLogger("gatepass.client")


class Trials:
    """What has failed in a row, how long to wait for the next try, and what ends it.

    Waits by `BackOff` where there is no connection, or one has ended soon; where the guard holds a
    Logon back, until it lets one through. A Logon with too low a number is tried again with the
    number that was expected, as long as that rises and at most three times; one that did not begin
    a new week, with 34=1. Where a connection broke, the exchange may not know yet and refuse the
    next Logon as invalid: that is waited out (2.2 heartbeat intervals, at least 65 s) and tried
    again, at most three times. Each reason is a warning in the log ``gatepass.client``.

    Once a session was up, key pairs that cannot be read, or have none for this session, are waited
    for by `BackOff` too, without an end: somebody may be about to replace their file, and nothing
    is sent. Before, they are an error at once.

    Every other `LogonRefusedError` ends it: no wait corrects a wrong key. So does the third
    `LogonReplyError` in a row: the gateway has forgotten the numbers, or is another one.
    """

    def __init__(self, plan: Plan) -> None:
        self.waits = plan.back_off
        self._clock = plan.clock
        self._noticed_within = noticed_within(plan.settings.heart_bt_int)
        self._failures = self._replies = self._invalid = 0
        #: The numbers that Logons were refused for, in a row.
        self._expected: list[int] = []
        self._was_up = False
        #: Whether the exchange may have a connection that is gone here.
        self._in_doubt = self._is_begun_again = False

    def succeeded(self) -> None:
        """Note that a session is up."""
        self._was_up = True
        self._replies = self._invalid = 0
        self._expected.clear()
        self._in_doubt = self._is_begun_again = False

    def ended(self, link: Link | FaultTolerantLink, seconds: float) -> float:
        """Note that a session ended that was up for so long; give the wait."""
        self._failures = 0 if seconds > self.waits.most else self._failures
        self._in_doubt = link.goodbye is None
        return self._wait(f"the session has ended: {link.ending}")

    def failed(self, error: GatepassError) -> float:
        """Note that a try has failed; give the wait, or raise the error where none helps."""
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
            words = "%s: the exchange may still have the connection that broke; trying in %g s"
            logger.warning(words, error, self._noticed_within)
            return self._noticed_within
        raise error

    def _is_higher(self, expected: int) -> bool:
        """Whether a number is worth a try: a Logon with the last one was refused."""
        tried, self._expected = self._expected, [*self._expected, expected]
        return len(tried) < MOST_TOO_LOW and expected > max(tried, default=0)

    def _wait(self, why: str) -> float:
        self._failures += 1
        wait = self.waits.wait(self._failures)
        logger.warning("%s: trying again in %g s", why, wait)
        return wait


async def link_after_link(log_on: LogOn[AnyLink], trials: Trials) -> AsyncGenerator[AnyLink, None]:
    """Give a link, and a new one whenever the one before it has ended."""
    loop = asyncio.get_running_loop()
    while True:
        is_over = False
        try:
            async with AsyncExitStack() as block:
                link = await log_on(block)
                trials.succeeded()
                since = loop.time()
                is_over = True  # where this is closed, and nobody asks for another one
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
