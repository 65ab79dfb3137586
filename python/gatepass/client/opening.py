"""One link: its preparation, its TCP connection, its Logon and its Logout."""

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

#: Seconds to wait for the TCP connection, including TLS if it is used.
CONNECT_WAIT = 10.0


async def log_on_once(plan: Plan, block: AsyncExitStack) -> Link:
    """Connect, log on, and return the link, which is logged out at the end of the block."""
    link = await log_on_to(plan, block.enter_context(prepared(plan)), block)
    block.push(partial(acknowledge_if_well, link))
    return link


async def log_on_to(plan: Plan, guard: LogonGuard | None, block: AsyncExitStack) -> Link:
    """Connect to the only gateway, or to the primary, and log on."""
    link = plan.link(guard)
    await open_link(link, plan.host, plan.port, plan.tls)
    block.callback(link.inbox.close)
    block.push_async_callback(link.log_out)
    await link.log_on(plan.scenario)
    return link


class Acknowledging(Protocol):
    """A link of either kind."""

    def acknowledge(self) -> None:
        """Acknowledge the message delivered last."""


def acknowledge_if_well(link: Acknowledging, error: type[BaseException] | None, *_: object) -> None:
    """Acknowledge if a block ends without an error."""
    if error is None:
        link.acknowledge()


@contextmanager
def prepared(plan: Plan) -> Iterator[LogonGuard | None]:
    """Check the clock and claim the store; yield the guard of the session's Logons, if any."""
    # If the caller brings a clock, only that clock measures time.
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

    If it raises, there is no connection.
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
        # asyncio repeats the address in its text.
        own = isinstance(error, socket.gaierror) or error.errno is None
        why = str(error) if own else os.strerror(error.errno or 0)
        if tls is not None:
            why = handshake_fault(error, host) or why
        raise NoConnectionError(f"{where}: {why}", Cause.NOT_REACHED) from error
    except ValueError as error:
        # Not a host name. (A refused certificate is a ValueError too, but not here.)
        words = "give a host name, with parts of 1 to 63 characters, or an address"
        raise NoConnectionError(f"{where}: {words}", Cause.NOT_REACHED) from error
