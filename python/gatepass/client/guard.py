"""A guard against port closure: it counts invalid Logons and holds the fifth one back.

The exchange closes a session's ports at the fifth invalid Logon within sixty seconds, for a fee.
A Logon counts here from the moment it is about to be sent until it is proved good. The exchange's
minute begins when it reads the Logon: one that was refused counts from its answer, and one that was
never answered, or cut off by a crash, as if it were read as late as may be.
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

#: The exchange closes the port at the fifth, so four are the most that may be on record.
MOST_INVALID = 4

#: Where there is no other clock than the one that `LogonGuard.begin` is given.
NO_UPTIME = Uptime("", 0.0)


class LogonGuard:
    """Lets Logons of one Session ID through while a further invalid one would do no harm.

    `uptime` is what time is measured by, if the machine has not been started anew meanwhile: the
    wall clock may be set at any time, and often is when Logons are refused.
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
        """Give another one that counts with this one, for a Logon that may go on beside its own."""
        return LogonGuard(self._session, self._attempts, self._uptime, self._on_loopback)

    def on_loopback(self) -> LogonGuard:
        """Give the guard for a gateway on this machine: no exchange counts what that refuses."""
        attempts = self._attempts if self._on_loopback is None else self._on_loopback
        return LogonGuard(self._session, attempts, self._uptime)

    def begin(self, now: datetime) -> None:
        """Count a Logon that is about to be sent.

        Raises `LogonGuardError` where it must not be: four are counted already.
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
        """Say that the exchange has dealt with the Logon counted last, and that it was not good."""
        counted, self._open = self._open, None
        if counted is not None:
            uptime = self._uptime()
            self._attempts.replace(counted, Attempt(now, uptime.boot, uptime.seconds))

    def succeeded(self) -> None:
        """Say that the Logon counted last was good."""
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
    """Give the guard of a Session ID.

    It remembers in `attempts`. Without them, and with an `SqliteStore`, it does in this user's
    record if it is to be `shared` with all programs and there is a place for it, else in the
    store's file; with any other store as long as that object lives. Logons to a gateway on this
    machine are counted apart, unless `attempts` are of one record only. Raises `StoreError`, for a
    record that was emptied or damaged too, and `ArgumentError` for a store that can carry nothing.
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
                raise  # what it had counted is lost: in each store apart, too many would go out
            logger.warning(
                "invalid Logons are counted in %s alone, not with other programs': %s", path, error
            )
    return SqliteAttempts(path, session)


#: Where a store in memory carries what is remembered of its Logons.
_CARRIED = "_logon_attempts"


def _of_object(store: Store) -> tuple[MemoryAttempts, MemoryAttempts]:
    """Give what an exchange counts, and what a gateway on this machine does.

    The store carries both, so they live as long as it does.
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
