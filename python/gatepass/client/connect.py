"""``async with connect(...) as link``, and ``async for link in connect(...)``."""

from __future__ import annotations

from functools import partial
from typing import Any, Unpack, overload

from gatepass.client.connector import Connector
from gatepass.client.fault_tolerance import FaultTolerantLink, log_on_at_both
from gatepass.client.link import Link
from gatepass.client.opening import log_on_once
from gatepass.client.plan import Address, FaultTolerantOptions, LinkOptions, Plan, require_options
from gatepass.client.reconnect import LogOn, Trials
from gatepass.fix.settings import ClientSettings
from gatepass.keys import Keys
from gatepass.session.store import Store


@overload
def connect(
    host: str,
    port: int,
    settings: ClientSettings,
    keys: Keys,
    store: Store,
    *,
    backup: None = None,
    **options: Unpack[LinkOptions],
) -> Connector[Link]: ...


@overload
def connect(
    host: str,
    port: int,
    settings: ClientSettings,
    keys: Keys,
    store: Store,
    *,
    backup: Address,
    **options: Unpack[FaultTolerantOptions],
) -> Connector[FaultTolerantLink]: ...


def connect(
    host: str,
    port: int,
    settings: ClientSettings,
    keys: Keys,
    store: Store,
    *,
    backup: Address | None = None,
    **options: Any,
) -> Connector[Any]:
    """Log on once, or again and again; with `backup`, at the backup gateway too.

    ``async with`` connects, logs on, yields the link, and logs out at the end::

        async with connect(host, port, settings, keys, store) as link:
            ...

    ``async for`` yields a link, and a new one each time its body finishes with a link that has
    ended. If the link is still connected, it is logged out and the loop ends. However the block of
    `aclosing` is left (``break``, ``return``, an exception, a cancelled task, Ctrl-C), the session
    is logged out before the next statement runs::

        async with contextlib.aclosing(connect(host, port, settings, keys, store)) as links:
            async for link in links:
                ...

    A plain ``async for link in connect(...)`` works too; see `Connector`. `Trials` says which
    failures it retries and which end it.

    With ``backup=(host, port)`` the link is a `FaultTolerantLink`: it logs on at the primary
    gateway, then at the backup, and logs out of both. SenderCompID (49) in `settings` must end in
    ``U``. A backup that cannot be reached, at the start or later, does not end the session: `tell`
    gets a sentence about it (by default a warning in the log ``gatepass.client``), and the backup
    is tried again as `back_off` and the guard allow. A backup that refuses the first Logon is an
    error, like a primary that does.

    The other options:

    * `scenario`: which Logon; by default the stored numbers and the week decide.
    * `access_key_id`: sign with this key pair only.
    * `observe` gets every effect, `trace` every message: whether it was sent, and its bytes, which
      include the signature in 1402. With a backup, the first argument of both is the connection,
      ``"primary"`` or ``"backup"``.
    * `tls`: a context, for example from `gatepass.transport.client_context`.
    * `clock_policy` says what to do if the clock is off by more than a second; with a `clock` of
      your own nothing is checked.
    * `attempts` counts invalid Logons by Session ID, the first three characters of SenderCompID
      (49). By default they are counted in this user's record (`user_attempts`) with an
      `SqliteStore`, or in the store's own file with a `clock` of your own; for any other store as
      long as the object exists. Logons to a gateway on this machine (a loopback address) are
      counted separately from those to an exchange, except in a `MemoryAttempts` that you pass.
      ``guarded=False`` lets a rehearsal cause a port closure.
    * `writer`, only without a backup: writes altered Logons, for a rehearsal.

    Raises at once `ArgumentError` for an argument of a wrong kind and for an option that does not
    exist, with or without a backup, and `FieldError` for a SenderCompID that has no backup. When a
    link is requested: `NoConnectionError` and `LogonRefusedError`; before anything is sent
    `ClockError`, `LogonGuardError` (four invalid Logons in a minute), `KeySourceError` or a
    `KeyChoiceError`; at any time `StoreError`, at once if another connection uses the store.
    """
    require_options(options, backup=backup is not None)
    plan = Plan(host, port, settings, keys, store, backup, **options)
    log_on: LogOn[Any] = partial(log_on_once if backup is None else log_on_at_both, plan)
    return Connector(log_on, Trials(plan))
