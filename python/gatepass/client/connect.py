"""``async with gatepass.client.connect(...) as link``."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

from gatepass.causes import Cause
from gatepass.client.arguments import require_usable
from gatepass.client.attempts import Attempts
from gatepass.client.clock import ClockPolicy, check_clock
from gatepass.client.guard import NO_UPTIME, LogonGuard, guard_of
from gatepass.client.link import Link, Trace
from gatepass.client.uptime import read_uptime
from gatepass.errors import NoConnectionError
from gatepass.fix.alterations import UNALTERED, Alterations
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.keys import AccessKeyId, Keys
from gatepass.session import effects as fx
from gatepass.session.store import Store, claim
from gatepass.transport import Clock, utc_now
from gatepass.transport.tls import HANDSHAKE_WAIT, handshake_fault

#: Characters of SenderCompID (49) that say whose port it is.
SESSION_ID_LENGTH = 3
#: Seconds to wait for the TCP connection, with TLS if it is asked for.
CONNECT_WAIT = 10.0


@asynccontextmanager
async def connect(
    host: str,
    port: int,
    settings: ClientSettings,
    keys: Keys,
    store: Store,
    *,
    scenario: Scenario | None = None,
    access_key_id: AccessKeyId | None = None,
    observe: Callable[[fx.Effect], None] = lambda _effect: None,
    trace: Trace | None = None,
    tls: ssl.SSLContext | None = None,
    clock: Clock = utc_now,
    clock_policy: ClockPolicy = ClockPolicy.WARN,
    guarded: bool = True,
    attempts: Attempts | None = None,
    alterations: Alterations = UNALTERED,
) -> AsyncIterator[Link]:
    """Connect, log on, give the link, and log out cleanly at the end.

    `clock_policy` says what to do about a clock that is off by more than a second; with a `clock`
    of your own nothing is checked.

    Invalid Logons are counted by Session ID, the first three characters of SenderCompID (49), in
    `attempts`. Without these it is done in this user's record (`user_attempts`) with an
    `SqliteStore`, or in the store's own file with a `clock` of your own; for any other store as
    long as the object lives. Those to a gateway on this machine (its address is a loopback one) are
    counted apart from an exchange's, except in a `MemoryAttempts` that you give.
    ``guarded=False`` lets a rehearsal run into port closure.

    `alterations` make the Logon wrong on purpose, for a rehearsal; it is counted like any other.

    `tls` is a context such as `gatepass.transport.client_context` gives.

    Raises `NoConnectionError` and `LogonRefusedError`; before anything is sent `ClockError`,
    `LogonGuardError` (four invalid Logons in a minute), `KeySourceError` or a `KeyChoiceError`; at
    any time `StoreError`, at once where the store is in use by another connection. Raises
    `ArgumentError` for a port, settings, a store or a scenario of another kind.
    """
    require_usable(settings, store, scenario, port)
    if clock is utc_now:
        check_clock(clock_policy)
    with claim(store), guarding(settings, store, clock, attempts, guarded=guarded) as guard:
        link = Link(
            settings,
            keys,
            store,
            access_key_id=access_key_id,
            guard=guard,
            observe=observe,
            trace=trace,
            clock=clock,
        )
        await open_link(link, host, port, tls)
        try:
            await link.log_on(scenario, alterations)
            yield link
            link.acknowledge()
        finally:
            try:
                await link.log_out()
            finally:
                link.inbox.close()


def guarding(
    settings: ClientSettings,
    store: Store,
    clock: Clock,
    attempts: Attempts | None,
    *,
    guarded: bool,
) -> AbstractContextManager[LogonGuard | None]:
    """Give the guard of a session's Logons, or none."""
    if not guarded:
        return nullcontext()
    # A clock of the caller's own is the only measure of its time.
    uptime = read_uptime if clock is utc_now else lambda: NO_UPTIME
    # A Session ID has one port: neither the firm nor the Fault Tolerance Indicator counts. Of Drop
    # Copy's six characters three are taken too, which holds back too much rather than too little.
    session = settings.sender_comp_id[:SESSION_ID_LENGTH]
    return guard_of(store, session, uptime, attempts, shared=clock is utc_now)


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
