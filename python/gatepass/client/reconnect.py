"""A link, or a pair of them, again and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from gatepass.client.back_off import BackOff
from gatepass.client.connect import connect
from gatepass.client.fault_tolerance import FaultTolerantLink, connect_pair
from gatepass.client.link import Link
from gatepass.client.links import Lending, LinkOrPair, Links
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
from gatepass.fix.settings import ClientSettings
from gatepass.fix.texts import Meaning, meaning_of
from gatepass.transport import Clock, utc_now

#: Replies to a Logon that cannot be gone on with, one after the other, until it is given up.
MOST_REPLIES = 3
#: Logons that are refused for too low a number, one after the other, until it is given up. Each
#: must ask for a higher one: the exchange may still have read what was sent before a break.
MOST_TOO_LOW = 3
#: Logons that are refused as invalid after a connection broke, until it is given up: the exchange
#: says the same for a session that is on already, which time mends, and for a wrong key.
MOST_INVALID = 3

#: What is raised before a Logon is sent where there is no pair to sign it with.
_NO_KEYS = (KeySourceError, KeyChoiceError)

logger = logging.getLogger("gatepass.client")


def reconnecting(*target: Any, back_off: BackOff | None = None, **options: Any) -> Links[Link]:
    """Give a link, and a new one whenever the body is done with a link that has ended.

    Takes what `connect` takes::

        async with reconnecting(host, port, settings, keys, store) as links:
            async for link in links:
                ...

    A link that is still up at the end of the body is logged out, and that is the end. Left in any
    other way (``break``, ``return``, an exception, a cancelled task, Ctrl-C), the session is logged
    out before ``async with`` is left. A plain ``async for link in reconnecting(...)`` works too;
    then the session may end a moment after the loop: see `Links`.

    Waits by `back_off` where there is no connection, or one has ended soon; where the guard holds a
    Logon back, until it lets one through. A Logon with too low a number is tried again with the
    number that was expected, as long as that rises and at most three times; one that did not begin
    a new week, with 34=1. Where a connection broke, the exchange may not know yet and refuse the
    next Logon as invalid: that is waited out (2.2 heartbeat intervals, at least 65 s) and tried
    again, at most three times. Each reason is a warning in the log ``gatepass.client``.

    Once a session was up, key pairs that cannot be read, or have none for this session, are waited
    for by `back_off` too, without an end: somebody may be about to replace their file, and nothing
    is sent. Before, they are an error at once.

    Every other `LogonRefusedError` ends it: no wait mends a wrong key. So does the third
    `LogonReplyError` in a row: the gateway has forgotten the numbers, or is another one.
    """
    trials = _Trials(target, options, back_off)
    return Links(partial(_again, partial(connect, *target, **options), trials))


def reconnecting_pair(
    *target: Any, back_off: BackOff | None = None, **options: Any
) -> Links[FaultTolerantLink]:
    """Give a pair, and a new one whenever both its connections have ended.

    Takes what `connect_pair` takes; the rest is as for `reconnecting`.
    """
    trials = _Trials(target, options, back_off)
    opened = partial(connect_pair, *target, back_off=back_off, **options)
    return Links(partial(_again, opened, trials))


class _Trials:
    """What has failed in a row, and how long to wait for the next try."""

    def __init__(
        self, target: Sequence[Any], options: Mapping[str, Any], back_off: BackOff | None
    ) -> None:
        settings: ClientSettings = target[2] if len(target) > 2 else options["settings"]
        self.waits = back_off or BackOff()
        self._clock: Clock = options.get("clock", utc_now)
        self._noticed_within = noticed_within(settings.heart_bt_int)
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

    def ended(self, link: LinkOrPair, seconds: float) -> float:
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


async def _again(
    opened: Callable[[], AbstractAsyncContextManager[LinkOrPair]],
    trials: _Trials,
    lending: Lending[LinkOrPair],
) -> None:
    loop = asyncio.get_running_loop()
    is_over = False
    while True:
        try:
            async with opened() as link:
                trials.succeeded()
                since = loop.time()
                is_over = not await lending.lend(link) or not link.has_ended
                if is_over:
                    return
            wait = trials.ended(link, loop.time() - since)
        except (LogonFailedError, *_NO_KEYS) as error:
            if is_over:
                raise
            wait = trials.failed(error)
        await asyncio.sleep(wait)
