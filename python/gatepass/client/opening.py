"""One link: what is made ready for it, the TCP connection, the Logon and the Logout."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import Protocol

from gatepass.causes import Cause
from gatepass.client.clock import check_clock
from gatepass.client.guard import NO_UPTIME, LogonGuard, guard_of
from gatepass.client.link import Link
from gatepass.client.plan import Plan
from gatepass.client.uptime import read_uptime
from gatepass.errors import NoConnectionError
from gatepass.session.store import claim
from gatepass.transport import utc_now
from gatepass.transport.tls import HANDSHAKE_WAIT, handshake_fault

#: Seconds to wait for the TCP connection, with TLS if it is asked for.
CONNECT_WAIT = 10.0


async def log_on_once(plan: Plan, block: AsyncExitStack) -> Link:
    """Connect, log on, and give the link, which is logged out at the end of the block."""
    link = await log_on_to(plan, block.enter_context(prepared(plan)), block)
    block.push(partial(acknowledge_if_well, link))
    return link


async def log_on_to(plan: Plan, guard: LogonGuard | None, block: AsyncExitStack) -> Link:
    """Connect to the one gateway, or to the primary one, and log on."""
    link = plan.link(guard)
    await open_link(link, plan.host, plan.port, plan.tls)
    block.callback(link.inbox.close)
    block.push_async_callback(link.log_out)
    await link.log_on(plan.scenario)
    return link


class Acknowledging(Protocol):
    """A link of either kind."""

    def acknowledge(self) -> None:
        """Note that the message given out last was dealt with."""


def acknowledge_if_well(link: Acknowledging, error: type[BaseException] | None, *_: object) -> None:
    """Acknowledge where a block ends without an error."""
    if error is None:
        link.acknowledge()


@contextmanager
def prepared(plan: Plan) -> Iterator[LogonGuard | None]:
    """Check the clock and claim the store; give the guard of the session's Logons, or none."""
    # A clock of the caller's own is the only measure of its time.
    is_own = plan.clock is not utc_now
    if not is_own:
        check_clock(plan.clock_policy)
    with claim(plan.store):
        if not plan.guarded:
            yield None
            return
        uptime = (lambda: NO_UPTIME) if is_own else read_uptime
        session = plan.settings.session_id
        with guard_of(plan.store, session, uptime, plan.attempts, shared=not is_own) as guard:
            yield guard


async def open_link(link: Link, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Connect, with TLS if a context is given. Raises `NoConnectionError`.

    Whatever it raises, there is no connection.
    """
    try:
        await _open(link, host, port, tls)
    except BaseException:
        link.abort()
        raise


async def _open(link: Link, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    where = f"no connection to {host}:{port}"
    opening = asyncio.get_running_loop().create_connection(
        lambda: link,
        host,
        port,
        ssl=tls,
        ssl_handshake_timeout=None if tls is None else HANDSHAKE_WAIT,
    )
    try:
        async with asyncio.timeout(CONNECT_WAIT):
            await opening
    except TimeoutError as error:
        message = f"{where} within {CONNECT_WAIT:g} s"
        raise NoConnectionError(message, Cause.NOT_REACHED) from error
    except OSError as error:
        # asyncio puts the address into the words once more.
        own = isinstance(error, socket.gaierror) or error.errno is None
        why = str(error) if own else os.strerror(error.errno or 0)
        if tls is not None:
            why = handshake_fault(error, host) or why
        raise NoConnectionError(f"{where}: {why}", Cause.NOT_REACHED) from error
    except ValueError as error:
        # No name. (A certificate that is refused is a ValueError, too, but not here.)
        words = "give a host's name, with parts of 1 to 63 characters, or its address"
        raise NoConnectionError(f"{where}: {words}", Cause.NOT_REACHED) from error
