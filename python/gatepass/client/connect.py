"""``async with gatepass.client.connect(...) as link``, once or again and again."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from gatepass.client.clock import ClockPolicy, check_clock
from gatepass.client.guard import LogonGuard, guard_of
from gatepass.client.link import Link, Trace
from gatepass.errors import LogonGuardError, LogonRefusedError, NoConnectionError
from gatepass.keys import AccessKeyId, KeyRing, KeySource
from gatepass.session import effects as fx
from gatepass.session.client import ClientSettings
from gatepass.session.scenarios import Scenario
from gatepass.session.store import Store
from gatepass.transport import Clock, utc_now
from gatepass.transport.tls import HANDSHAKE_WAIT, handshake_fault

#: Seconds to wait for the TCP connection, with TLS if it is asked for.
CONNECT_WAIT = 10.0


@asynccontextmanager
async def connect(
    host: str,
    port: int,
    settings: ClientSettings,
    keys: KeySource | KeyRing,
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
) -> AsyncIterator[Link]:
    """Connect, log on, give the link, and log out cleanly at the end.

    `clock_policy` says what to do about a clock that is off by more than a second; with a `clock`
    of your own nothing is checked. ``guarded=False`` lets a rehearsal run into port closure.

    `tls` is a context such as `gatepass.transport.client_context` gives.

    Raises `NoConnectionError` and `LogonRefusedError`; before anything is sent `ClockError`,
    `LogonGuardError` (four invalid Logons in a minute) or a `KeyChoiceError`; at any time
    `StoreError`.
    """
    if clock is utc_now:
        check_clock(clock_policy)
    with guarding(settings, store, guarded=guarded) as guard:
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
            await link.log_on(scenario)
            yield link
            link.acknowledge()
        finally:
            await link.log_out()


def guarding(
    settings: ClientSettings, store: Store, *, guarded: bool
) -> AbstractContextManager[LogonGuard | None]:
    """Give the guard of a session's Logons, or none."""
    # Both of a session's ports close together, so the Fault Tolerance Indicator does not count.
    return guard_of(store, settings.sender_comp_id[:-1]) if guarded else nullcontext()


async def open_link(link: Link, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Connect, with TLS if a context is given. Raises `NoConnectionError`."""
    opening = asyncio.get_running_loop().create_connection(
        lambda: link,
        host,
        port,
        ssl=tls,
        ssl_handshake_timeout=None if tls is None else HANDSHAKE_WAIT,
    )
    try:
        await asyncio.wait_for(opening, CONNECT_WAIT)
    except asyncio.TimeoutError as error:
        message = f"no connection to {host}:{port} within {CONNECT_WAIT:g} s"
        raise NoConnectionError(message) from error
    except OSError as error:
        # asyncio puts the address into the words once more.
        own = isinstance(error, socket.gaierror) or error.errno is None
        why = str(error) if own else os.strerror(error.errno or 0)
        if tls is not None:
            why = handshake_fault(error, host) or why
        raise NoConnectionError(f"no connection to {host}:{port}: {why}") from error


@dataclass(frozen=True, slots=True)
class BackOff:
    """Seconds to wait after each connection that failed: doubled every time, up to a bound."""

    first: float = 1.0
    most: float = 60.0

    def wait(self, failures: int) -> float:
        """Give the wait after the so manieth failure in a row, counted from 1."""
        return min(self.most, self.first * 2.0 ** min(failures - 1, 30))


async def reconnecting(
    *target: Any, back_off: BackOff | None = None, **options: Any
) -> AsyncIterator[Link]:
    """Give a link, and a new one whenever the body is done with a link that has ended.

    Takes what `connect` takes: ``async for link in reconnecting(host, port, ...)``. A link that is
    still up at the end of the body is logged out, and that is the end.

    Waits by `back_off` where there is no connection; where the guard holds a Logon back, until it
    lets one through; a Logon with too low a number is tried again with the number that was
    expected. Every other `LogonRefusedError` ends it: no wait mends a wrong key.
    """
    waits = back_off or BackOff()
    clock: Clock = options.get("clock", utc_now)
    failures = 0
    while True:
        try:
            async with connect(*target, **options) as link:
                failures = 0
                yield link
                if not link.closed.done():
                    return
                failures = 1
        except NoConnectionError:
            failures += 1
        except LogonGuardError as error:
            await asyncio.sleep(max(0.0, (error.retry_at - clock()).total_seconds()))
            continue
        except LogonRefusedError as error:
            if "too low" not in error.text or error.next_expected is None:
                raise
            continue
        await asyncio.sleep(waits.wait(failures))
