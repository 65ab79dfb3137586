"""A key ring that follows a key file, so that keys are rotated without a restart."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from gatepass.errors import KeyFileError, KeySourceError
from gatepass.keys.expiry import ExpiryReminder, ExpiryWarning
from gatepass.keys.pair import KeyPair
from gatepass.keys.reading import (
    ChangedWhileReadError,
    Identity,
    Snapshot,
    identity_of,
    read_snapshot,
)
from gatepass.keys.ring import KeyRing

#: Seconds without a write after which a file counts as whole, and its timestamp as telling: two
#: writes inside one tick of the file system's clock look like one.
SETTLE_SECONDS = 1.0

logger = logging.getLogger("gatepass.keys")


class KeyFile:
    """The key ring of a file, as the file is now.

    A file that is being written cannot be told from one that is whole: cut at a line's end, it is
    a good file that lacks a pair. So new pairs are taken up at once, but a content that drops or
    alters a pair in use, or that ends inside a line, only when the file has been still for
    `SETTLE_SECONDS`, or when another file was renamed into its place (as
    `gatepass.keys.write_key_file` does). A content that cannot be read leaves the ring as it is,
    and so does a file that is gone; a header alone means that all pairs were deleted.

    Any number of threads may share one. ``on_problem`` is called, once for each change, with
    the `KeySourceError` for which the file was not taken up; the same goes to the log
    ``gatepass.keys``. The constructor raises it instead: there is no ring to keep.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        allow_insecure: bool = False,
        on_problem: Callable[[KeySourceError], None] | None = None,
    ) -> None:
        self.path = Path(path)
        self._allow_insecure = allow_insecure
        self._on_problem = on_problem
        self._lock = threading.Lock()
        self._reminder = ExpiryReminder()
        self._ring = KeyRing(())
        #: The state of the file that the ring was read from, once there is no more to come of it.
        self._settled: Identity | None = None
        self._inode = 0
        self._seen: tuple[Identity, float] | None = None
        self._reported: tuple[Identity | None, str] | None = None
        self.reload()

    @property
    def ring(self) -> KeyRing:
        """The ring as of now. Costs one ``stat`` while the file stays the same.

        Raises nothing but what ``on_problem`` raises.
        """
        if self._settled is not None and self._settled == self._identity():
            return self._ring
        with self._lock:
            problem = self._follow()
        if problem is not None:
            logger.error("%s: the key pairs read before stay in use", problem)
            if self._on_problem is not None:
                self._on_problem(problem)
        return self._ring

    def reload(self) -> KeyRing:
        """Take the file up as it is, at once, and return the ring.

        Raises `KeySourceError` when it cannot be used; the ring then stays what it was.
        """
        with self._lock:
            self._adopt(read_snapshot(self.path, allow_insecure=self._allow_insecure))
            return self._ring

    def warn(self, at: datetime) -> list[ExpiryWarning]:
        """Log the expiry warnings that are due at ``at`` and were not yet given; return them.

        Raises `ValueError` when ``at`` has no time zone.
        """
        due = self.ring.warnings(at)
        with self._lock:
            new = self._reminder.unseen(due)
        for warning in new:
            logger.warning("%s", warning)
        return new

    def _follow(self) -> KeySourceError | None:
        """Take up a change of the file if that is safe; return what stands in the way, if new."""
        identity = self._identity()
        try:
            snapshot = read_snapshot(
                self.path, allow_insecure=self._allow_insecure, may_be_empty=True
            )
        except ChangedWhileReadError:
            return None
        except KeySourceError as error:
            return self._once(identity, error)
        whole = self._is_still(snapshot) or self._replaces(snapshot)
        if whole or (snapshot.closed and self._keeps_all(snapshot)):
            self._adopt(snapshot)
            return None
        message = f"it lacks or alters key pairs in use: it must be still for {SETTLE_SECONDS:g} s"
        return self._once(identity, KeyFileError(message, self.path))

    def _once(self, identity: Identity | None, error: KeySourceError) -> KeySourceError | None:
        """Return an error that this state of the file has not led to before."""
        report = (identity, str(error))
        if report == self._reported:
            return None
        self._reported = report
        return error

    def _adopt(self, snapshot: Snapshot) -> None:
        new = KeyRing(snapshot.pairs)
        for pair in self._ring:
            if new.find(pair.access_key_id) is None:
                logger.warning("%s: key pair %s is gone", self.path, pair.access_key_id)
        # One assignment: another thread has the old ring or the new one. The ring comes before
        # the state that vouches for it.
        self._ring = new
        self._inode = snapshot.inode
        self._settled = snapshot.identity if self._is_still(snapshot) else None
        self._reported = None

    def _is_still(self, snapshot: Snapshot) -> bool:
        """Tell whether the file has long been as it is, by its own time or by being watched.

        Watching helps where the file's time lies in the future: on a share whose clock is ahead.
        """
        now = time.monotonic()
        if self._seen is None or self._seen[0] != snapshot.identity:
            self._seen = (snapshot.identity, now)
        return max(time.time() - snapshot.mtime, now - self._seen[1]) >= SETTLE_SECONDS

    def _replaces(self, snapshot: Snapshot) -> bool:
        """Tell whether this is another file than the ring's, and was whole before it came here."""
        return snapshot.closed and snapshot.moved_here and snapshot.inode != self._inode

    def _keeps_all(self, snapshot: Snapshot) -> bool:
        new = {pair.access_key_id: pair for pair in snapshot.pairs}
        return all(_is_same(pair, new.get(pair.access_key_id)) for pair in self._ring)

    def _identity(self) -> Identity | None:
        try:
            return identity_of(self.path.stat())
        except OSError:
            return None


def _is_same(old: KeyPair, new: KeyPair | None) -> bool:
    """Compare two pairs with their keys, which only what they sign can tell apart."""
    probe = b"gatepass"
    return old == new and new.signing_key.verify(probe, old.signing_key.sign(probe))
