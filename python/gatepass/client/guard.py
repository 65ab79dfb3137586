"""A guard against port closure: it counts invalid Logons and holds the fifth one back.

The exchange closes a session's ports at the fifth invalid Logon within sixty seconds, for a fee.
A Logon counts here from the moment it is about to be sent until it is proved good: one that was
refused, or never answered, or cut off by a crash, stays counted.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timezone

from gatepass.client.attempts import (
    MARGIN,
    WINDOW,
    Attempt,
    Attempts,
    MemoryAttempts,
    SqliteAttempts,
)
from gatepass.client.uptime import Uptime
from gatepass.errors import LogonGuardError
from gatepass.session.store import Store
from gatepass.storage import SqliteStore

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
        self, session: str, attempts: Attempts, uptime: Callable[[], Uptime] = lambda: NO_UPTIME
    ) -> None:
        self._session = session
        self._attempts = attempts
        self._uptime = uptime
        self._open: Attempt | None = None

    def twin(self) -> LogonGuard:
        """Give another one that counts with this one, for a Logon that may go on beside its own."""
        return LogonGuard(self._session, self._attempts, self._uptime)

    def begin(self, now: datetime) -> None:
        """Count a Logon that is about to be sent.

        Raises `LogonGuardError` where it must not be: four are counted already.
        """
        uptime = self._uptime()
        attempt = Attempt(now, uptime.boot, uptime.seconds)
        found = self._attempts.add(attempt, MOST_INVALID)
        if len(found) >= MOST_INVALID:
            waits = sorted(WINDOW + MARGIN - attempt.since(earlier) for earlier in found)
            retry_at = (now + waits[len(found) - MOST_INVALID]).astimezone(timezone.utc)
            raise LogonGuardError(self._session, len(found), retry_at)
        self._open = attempt

    def succeeded(self) -> None:
        """Say that the Logon counted last was good."""
        if self._open is not None:
            self._attempts.remove(self._open)
            self._open = None


@contextmanager
def guard_of(
    store: Store,
    session: str,
    uptime: Callable[[], Uptime] = lambda: NO_UPTIME,
    attempts: Attempts | None = None,
) -> Iterator[LogonGuard]:
    """Give the guard of a Session ID.

    It remembers in `attempts`; without them as long as `store` does where that is an `SqliteStore`,
    in the same file, and as long as the object lives for any other.
    """
    if attempts is None and isinstance(store, SqliteStore) and store.path != ":memory:":
        with closing(SqliteAttempts(store.path, session)) as kept:
            yield LogonGuard(session, kept, uptime)
    else:
        yield LogonGuard(session, _of_object(store) if attempts is None else attempts, uptime)


#: By the object's identity: a store need not be hashable.
_IN_MEMORY: dict[int, MemoryAttempts] = {}
#: Stores that cannot tell when they end: their identity must never be another's.
_KEPT: list[Store] = []


def _of_object(store: Store) -> MemoryAttempts:
    """Give what is remembered as long as an object lives."""
    found = _IN_MEMORY.get(id(store))
    if found is None:
        found = _IN_MEMORY[id(store)] = MemoryAttempts()
        try:
            weakref.finalize(store, _IN_MEMORY.pop, id(store), None).atexit = False
        except TypeError:
            _KEPT.append(store)
    return found
