"""The store's key pairs for a gateway: the present ones, or those that a disaster left."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gatepass.center.pairs.active_pairs import NOW, as_of
from gatepass.center.pairs.known_pairs import KnownPairs
from gatepass.center.secrets.envelope import EnvelopeKeys
from gatepass.center.secrets.vault import Vault
from gatepass.center.store import changes
from gatepass.center.store.changes import Place
from gatepass.center.store.database import Database
from gatepass.center.store.dialects import NOT_A_URL
from gatepass.errors import CenterError, KeySourceError
from gatepass.keys import KeyRing
from gatepass.keys.validity import require_aware

#: The prefix of a Request Center's store on a command line.
PREFIX = "center:"
#: The age of the disaster-recovery view: later changes may be missing in it.
RECOVERY_GAP = timedelta(minutes=15)

#: Seconds that a read of the store waits for a server's lock. A Logon may wait for two reads, but
#: not longer than `gatepass.gateway.connection.KEYS_WAIT`: then the gateway uses the last ring.
LOCK_WAIT = 3

logger = logging.getLogger("gatepass.center")


class CenterKeys:
    """The active pairs of a Request Center's database (a `gatepass.keys.KeySource`).

    With ``disaster`` it is the store as it was `RECOVERY_GAP` before that time; with ``diagnosis``
    the pairs have their diagnosis keys, see `gatepass.keys.KeyPair`. A new pair is valid
    for the next logon, and a deleted one is not: see `changes`. While the database is not
    available, the ring stays as it was, and the log ``gatepass.center`` says so; each pair still
    ends on its Expiration Date.

    Any number of threads may share it. Raises `gatepass.errors.CenterError` when the database or
    the envelope key cannot be used, `ValueError` for a ``disaster`` without a time zone.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        disaster: datetime | None = None,
        *,
        diagnosis: bool = False,
    ) -> None:
        if disaster is not None:
            require_aware(disaster)
        database.check_version()
        vault.prepare(database)
        self._database = database
        self._active = NOW if disaster is None else as_of(disaster - RECOVERY_GAP)
        self._lock = threading.Lock()
        self._known = KnownPairs(vault, diagnosis=diagnosis)
        self._place: Place | None = None
        self._file = database.file()
        self._problem = ""
        self._follow()

    @property
    def ring(self) -> KeyRing:
        """The present ring. It takes one or two small queries, and one for changed sessions."""
        with self._lock:
            try:
                self._follow()
            except CenterError as error:
                # When it is available again, it may be another database.
                self._place = None
                if str(error) != self._problem:
                    logger.error("%s: the last good key pairs stay in use", error)  # noqa: TRY400
                self._problem = str(error)
            else:
                self._problem = ""
            return self._known.ring

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()

    def _follow(self) -> None:
        file = self._database.file()
        if file != self._file:
            # The connections are to the former file.
            self._database.close()
            self._file, self._place = file, None
        with self._database.read() as connection:
            place, changed = changes.look(connection, self._place)
            sessions = self._with_refused(place, changed)
            rows = self._active.read(connection, sessions)
            if sessions is not None and self._known.is_of_another(rows, sessions):
                sessions, rows = None, self._active.read(connection, None)
        if sessions is None or sessions:
            self._known.adopt(rows, sessions)
        self._place = place

    def _with_refused(self, place: Place, changed: frozenset[int] | None) -> frozenset[int] | None:
        """Add sessions with pairs left out if the audit log grew: a missing key may be back."""
        before = self._place
        if changed is None or before is None or place.entry == before.entry:
            return changed
        both = changed | self._known.refused_of
        return both if len(both) <= changes.MOST else None


def open_center_keys(source: str, keys: EnvelopeKeys, *, diagnosis: bool = False) -> CenterKeys:
    """Open ``center:URL``, or ``center:URL?disaster=2026-11-23T10:00:00Z`` for a disaster then.

    Raises `KeySourceError` for a malformed text, `gatepass.errors.CenterError` when the store
    cannot be used.
    """
    try:
        url = make_url(source.removeprefix(PREFIX))
    except ArgumentError:
        raise KeySourceError(NOT_A_URL) from None
    disaster = url.query.get("disaster")
    if not isinstance(disaster, str):
        # An empty value is dropped when the URL is parsed, and must not mean the present.
        if "disaster" in source.partition("?")[2]:
            raise KeySourceError(_NO_INSTANT)
        disaster = None
    at = None if disaster is None else _instant(disaster)
    others = set(url.query) - {"disaster"}
    if others and url.get_backend_name() == "sqlite":
        # SQLite has no settings, and a misspelt disaster must not mean the present.
        raise KeySourceError(f"unknown setting {', '.join(sorted(others))}: {_NO_INSTANT}")
    plain = url.difference_update_query(["disaster"]).render_as_string(hide_password=False)
    database = Database(plain, lock_wait=LOCK_WAIT)
    try:
        return CenterKeys(database, Vault(keys), at, diagnosis=diagnosis)
    except BaseException:
        database.close()
        raise


_NO_INSTANT = "give one time of the disaster, in the form 2026-11-23T10:00:00Z"


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        require_aware(at)
    except ValueError:
        raise KeySourceError(_NO_INSTANT) from None
    return at
