"""``async with connect(...) as link``, and ``async for link in connect(...)``."""

from __future__ import annotations

from functools import partial
from typing import Any, Unpack, overload

from gatepass.client.connector import Connector
from gatepass.client.fault_tolerance import FaultTolerantLink, log_on_at_both
from gatepass.client.link import Link
from gatepass.client.opening import log_on_once
from gatepass.client.plan import Address, FaultTolerantOptions, LinkOptions, Plan
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

    ``async with`` connects, logs on, gives the link, and logs out at the end::

        async with connect(host, port, settings, keys, store) as link:
            ...

    ``async for`` gives a link, and a new one whenever its body is done with a link that has ended;
    one that is still up is logged out, and that is the end. However the block of `aclosing` is
    left (``break``, ``return``, an exception, a cancelled task, Ctrl-C), the session is logged out
    before the next statement runs::

        async with contextlib.aclosing(connect(host, port, settings, keys, store)) as links:
            async for link in links:
                ...

    A plain ``async for link in connect(...)`` works too; see `Connector`. `Trials` says what is
    waited out and what ends it.

    With ``backup=(host, port)`` it is a `FaultTolerantLink`: on at the primary gateway, then at the
    backup, and logged out of both. SenderCompID (49) in `settings` ends in ``U`` then. A backup
    that cannot be reached, at the start or later, costs no session: `tell` gets a sentence about
    it, else the log ``gatepass.client`` a warning, and it is tried again by `back_off` and at the
    guard's pace. One that refuses the first Logon is an error, as it is at the primary.

    The other options:

    * `scenario`: which Logon; without it the stored numbers and the week decide.
    * `access_key_id`: sign with this key pair, no other.
    * `observe` gets every effect, `trace` every message: whether it was sent, and its bytes, which
      have the signature in 1402. With a backup both get first which connection it is, ``"primary"``
      or ``"backup"``.
    * `tls`: a context such as `gatepass.transport.client_context` gives.
    * `clock_policy` says what to do about a clock that is off by more than a second; with a `clock`
      of your own nothing is checked.
    * `attempts` counts invalid Logons by Session ID, the first three characters of SenderCompID
      (49). Without it they are counted in this user's record (`user_attempts`) with an
      `SqliteStore`, or in the store's own file with a `clock` of your own; for any other store as
      long as the object lives. Those to a gateway on this machine (its address is a loopback one)
      are counted apart from an exchange's, except in a `MemoryAttempts` that you give.
      ``guarded=False`` lets a rehearsal run into port closure.
    * `writer`, without a backup: writes the Logons another way, for a rehearsal.

    Raises at once `ArgumentError` for a port, settings, a store or a scenario of another kind, and
    `FieldError` for a SenderCompID that has no backup. When a link is asked for:
    `NoConnectionError` and `LogonRefusedError`; before anything is sent `ClockError`,
    `LogonGuardError` (four invalid Logons in a minute), `KeySourceError` or a `KeyChoiceError`; at
    any time `StoreError`, at once where the store is in use by another connection.
    """
    plan = Plan(host, port, settings, keys, store, backup, **options)
    log_on: LogOn[Any] = partial(log_on_once if backup is None else log_on_at_both, plan)
    return Connector(log_on, Trials(plan))
