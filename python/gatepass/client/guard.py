"""A guard against port closure: it counts invalid Logons and refuses to send the fifth.

The exchange closes a session's ports at the fifth invalid Logon within sixty seconds, for a fee.
A Logon counts here from just before it is sent until it is known to be valid. The exchange's minute
begins when it reads the Logon. A refused Logon counts from its answer. One that was never answered,
or cut off by a crash, counts as if it were read at the latest possible time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from gatepass.arguments import refuse
from gatepass.client.attempts import (
    MARGIN,
    READ_WITHIN,
    WINDOW,
    Attempt,
    Attempts,
    MemoryAttempts,
    SqliteAttempts,
)
from gatepass.client.uptime import Uptime
from gatepass.client.user_record import may_be_written, user_attempts
from gatepass.errors import LogonGuardError, StoreError
from gatepass.session.store import Store
from gatepass.storage import SqliteStore

logger = logging.getLogger("gatepass.client")

#: The exchange closes the port at the fifth, so at most four may be counted.
MOST_INVALID = 4

#: For when `LogonGuard.begin` has the only clock.
NO_UPTIME = Uptime("", 0.0)


class LogonGuard:
    """Allows Logons of one Session ID while one more invalid Logon would close no port.

    `uptime` measures time as long as the machine does not restart: the wall clock may be set at
    any time, and often is when Logons are refused.
    """

    def __init__(
        self,
        session: str,
        attempts: Attempts,
        uptime: Callable[[], Uptime] = lambda: NO_UPTIME,
        on_loopback: Attempts | None = None,
    ) -> None:
        self._session = session
        self._attempts = attempts
        self._uptime = uptime
        self._on_loopback = on_loopback
        self._open: Attempt | None = None

    def twin(self) -> LogonGuard:
        """Return another guard that shares this one's count, for a Logon at the same time."""
        return LogonGuard(self._session, self._attempts, self._uptime, self._on_loopback)

    def on_loopback(self) -> LogonGuard:
        """Return the guard for a gateway on this machine: no exchange counts its refusals."""
        attempts = self._attempts if self._on_loopback is None else self._on_loopback
        return LogonGuard(self._session, attempts, self._uptime)

    def begin(self, now: datetime) -> None:
        """Count a Logon that is about to be sent.

        Raises `LogonGuardError` if it must not be sent: four are already counted.
        """
        uptime = self._uptime()
        sent = Attempt(now, uptime.boot, uptime.seconds)
        latest = sent.later(READ_WITHIN)
        found = self._attempts.add(sent, latest, MOST_INVALID)
        if len(found) >= MOST_INVALID:
            waits = sorted(WINDOW + MARGIN - sent.since(earlier) for earlier in found)
            retry_at = (now + waits[len(found) - MOST_INVALID]).astimezone(UTC)
            raise LogonGuardError(self._session, len(found), retry_at)
        self._open = latest

    def answered(self, now: datetime) -> None:
        """Report that the exchange has read the Logon counted last, and that it was not valid."""
        counted, self._open = self._open, None
        if counted is not None:
            uptime = self._uptime()
            self._attempts.replace(counted, Attempt(now, uptime.boot, uptime.seconds))

    def succeeded(self) -> None:
        """Report that the Logon counted last was valid."""
        counted, self._open = self._open, None
        if counted is not None:
            self._attempts.remove(counted)


@contextmanager
def guard_of(
    store: Store,
    session: str,
    uptime: Callable[[], Uptime] = lambda: NO_UPTIME,
    attempts: Attempts | None = None,
    *,
    shared: bool = False,
) -> Iterator[LogonGuard]:
    """Yield the guard of a Session ID.

    It counts in `attempts`. Without them, and with an `SqliteStore`, it counts in this user's
    record if it is `shared` with all programs and that record can be written, else in the store's
    file; with any other store as long as that object exists. Logons to a gateway on this machine
    are counted separately, unless `attempts` is a single record. Raises `StoreError`, also for a
    record that was emptied or damaged, and `ArgumentError` for a store that takes no attributes.
    """
    if attempts is not None:
        apart = attempts.on_loopback() if isinstance(attempts, SqliteAttempts) else None
        yield LogonGuard(session, attempts, uptime, apart)
    elif isinstance(store, SqliteStore) and store.path != ":memory:":
        with closing(_on_disk(store.path, session, shared=shared)) as kept:
            yield LogonGuard(session, kept, uptime, kept.on_loopback())
    else:
        remembered, rehearsed = _of_object(store)
        yield LogonGuard(session, remembered, uptime, rehearsed)


def _on_disk(path: str, session: str, *, shared: bool) -> SqliteAttempts:
    if shared:
        try:
            return user_attempts(session)
        except StoreError as error:
            if may_be_written():
                raise  # its count is lost: separate counts per store would let too many through
            logger.warning(
                "invalid Logons are counted only in %s, not with those of other programs: %s",
                path,
                error,
            )
    return SqliteAttempts(path, session)


#: The attribute of a store in memory that contains its counted Logons.
_CARRIED = "_logon_attempts"


def _of_object(store: Store) -> tuple[MemoryAttempts, MemoryAttempts]:
    """Return the Logons that an exchange counts, and those that a gateway on this machine counts.

    Both are attributes of the store, so they exist as long as it does.
    """
    found: tuple[MemoryAttempts, MemoryAttempts] | None = getattr(store, _CARRIED, None)
    if found is None:
        found = MemoryAttempts(), MemoryAttempts()
        try:
            object.__setattr__(store, _CARRIED, found)
        except AttributeError:
            wanted = "one that takes attributes (no __slots__), or give attempts too"
            raise refuse("store", store, wanted) from None
    return found
