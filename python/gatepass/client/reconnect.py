"""A link, or a pair of them, again and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, TypeVar

from gatepass.client.back_off import BackOff
from gatepass.client.connect import connect
from gatepass.client.link import Link
from gatepass.client.pair import Pair, connect_pair
from gatepass.errors import (
    LogonGuardError,
    LogonRefusedError,
    LogonReplyError,
    NoConnectionError,
)
from gatepass.transport import Clock, utc_now

#: Replies to a Logon that cannot be gone on with, one after the other, until it is given up.
MOST_REPLIES = 3

logger = logging.getLogger("gatepass.client")

LinkOrPair = TypeVar("LinkOrPair", Link, Pair)


async def reconnecting(
    *target: Any, back_off: BackOff | None = None, **options: Any
) -> AsyncIterator[Link]:
    """Give a link, and a new one whenever the body is done with a link that has ended.

    Takes what `connect` takes: ``async for link in reconnecting(host, port, ...)``. A link that is
    still up at the end of the body is logged out, and that is the end.

    Waits by `back_off` where there is no connection, or one has ended soon; where the guard holds a
    Logon back, until it lets one through; a Logon with too low a number is tried again with the
    number that was expected. Each reason is a warning in the log ``gatepass.client``. Every other
    `LogonRefusedError` ends it: no wait mends a wrong key. So does the third `LogonReplyError` in a
    row: the gateway has forgotten the numbers, or is another one.
    """
    async for link in _again(partial(connect, *target, **options), back_off, options):
        yield link


async def reconnecting_pair(
    *target: Any, back_off: BackOff | None = None, **options: Any
) -> AsyncIterator[Pair]:
    """Give a pair, and a new one whenever both its connections have ended.

    Takes what `connect_pair` takes; the rest is as for `reconnecting`.
    """
    opened = partial(connect_pair, *target, back_off=back_off, **options)
    async for pair in _again(opened, back_off, options):
        yield pair


async def _again(
    opened: Callable[[], AbstractAsyncContextManager[LinkOrPair]],
    back_off: BackOff | None,
    options: dict[str, Any],
) -> AsyncIterator[LinkOrPair]:
    waits = back_off or BackOff()
    clock: Clock = options.get("clock", utc_now)
    loop = asyncio.get_running_loop()
    failures = replies = 0
    while True:
        try:
            async with opened() as link:
                replies, since = 0, loop.time()
                yield link
                if not link.has_ended:
                    return
            failures = 1 if loop.time() - since > waits.most else failures + 1
            why = f"the session has ended: {link.ending}"
        except LogonReplyError as error:
            replies, failures = replies + 1, failures + 1
            if replies == MOST_REPLIES:
                raise
            why = str(error)
        except NoConnectionError as error:
            failures += 1
            why = str(error)
        except LogonGuardError as error:
            logger.warning("%s", error)
            await asyncio.sleep(max(0.0, (error.retry_at - clock()).total_seconds()))
            continue
        except LogonRefusedError as error:
            if "too low" not in error.text or error.next_expected is None:
                raise
            logger.warning("%s: trying again with that number", error)
            continue
        logger.warning("%s: trying again in %g s", why, waits.wait(failures))
        await asyncio.sleep(waits.wait(failures))
