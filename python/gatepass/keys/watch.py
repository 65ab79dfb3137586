"""A key ring that follows a key file, so that keys are rotated without a restart."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gatepass.errors import KeyFileError, KeySourceError
from gatepass.keys.expiry import ExpiryReminder, ExpiryWarning
from gatepass.keys.keyfile import FilePairs
from gatepass.keys.lengths import warn_of_lengths
from gatepass.keys.pair import KeyPair
from gatepass.keys.reading import (
    ChangedWhileReadError,
    Identity,
    Kept,
    Snapshot,
    identity_of,
    read_snapshot,
)
from gatepass.keys.ring import KeyRing, counted

#: Seconds without a write after which a file counts as whole, and its timestamp as telling: two
#: writes inside one tick of the file system's clock look like one.
SETTLE_SECONDS = 1.0
#: Key pairs that one line of the log names.
MOST_NAMED = 10
#: What the system says where it has nothing left to read with: the file is not to blame for it.
_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
#: The state of a file that is not there: no file has it.
GONE: Identity = (0, 0, 0, 0)

logger = logging.getLogger("gatepass.keys")


@dataclass(frozen=True, slots=True)
class _Sight:
    """A state of the file: when it was written to, and since when it is known."""

    identity: Identity
    mtime: float
    since: float

    @property
    def is_still(self) -> bool:
        """Whether the file has long been as it is, by its own time or by being watched.

        Watching helps where the file's time lies in the future: on a share whose clock is ahead.
        """
        age = max(time.time() - self.mtime, time.monotonic() - self.since)
        return self.identity == GONE or age >= SETTLE_SECONDS


class KeyFile:
    """The key ring of a file, as the file is now.

    A file that is being written cannot be told from one that is whole: cut at a line's end, it is
    a good file that lacks a pair. So new pairs are taken up at once, but a content that drops or
    alters a pair in use, or that ends inside a line, only when the file has been still for
    `SETTLE_SECONDS`, or when another file was renamed into its place (as
    `gatepass.keys.write_key_file` does). A content that cannot be read leaves the ring as it is,
    and so does a file that is gone; a header alone means that all pairs were deleted.

    A state of the file that was not taken up is read once more when the file is still, as it may
    have changed unseen until then, and after that not before it changes.

    A pipe, such as a shell's ``<(...)``, is read once and not followed.

    Any number of threads may share one. ``on_problem`` is called, once for each change, with
    the `KeySourceError` for which the file was not taken up, in the thread that asked for the ring;
    the same goes to the log ``gatepass.keys``. The constructor raises it instead: there is no ring
    to keep.
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
        self._pairs: FilePairs | None = None
        #: The pairs whose key may be cut, which were told of.
        self._unusual: tuple[KeyPair, ...] = ()
        self._ring = KeyRing(())
        #: The state of the file that there is no more to learn of: its pairs are those of the ring,
        #: or cannot be used.
        self._settled: Identity | None = None
        #: The state that was not taken up, and is read once more when the file is still.
        self._refused: _Sight | None = None
        self._adopted: Identity | None = None
        self._inode = 0
        self._kept: Kept | None = None
        #: A pipe is read once: it has nothing more to give.
        self._is_pipe = False
        self._seen: _Sight | None = None
        self._reported: tuple[Identity, str] | None = None
        self.reload()

    def __repr__(self) -> str:
        return f"<KeyFile {str(self.path)!r}: {counted(len(self._ring), 'pair')}>"

    @property
    def ring(self) -> KeyRing:
        """The ring as of now. Costs one ``stat`` while there is nothing to learn from the file.

        Raises nothing but what ``on_problem`` raises.
        """
        if self.is_current():
            return self._ring
        with self._lock:
            problem = self._follow()
        if problem is not None:
            logger.error("%s: the last good key pairs stay in use, deleted ones too", problem)
            if self._on_problem is not None:
                self._on_problem(problem)
        return self._ring

    @property
    def ring_at_hand(self) -> KeyRing:
        """The ring that was read last, whatever has become of the file."""
        return self._ring

    def is_current(self) -> bool:
        """Tell whether the ring at hand is that of now, without reading: costs one ``stat``."""
        return self._is_pipe or self._is_known(self._state()[0])

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
        identity, mtime = self._state()
        if self._is_known(identity):
            return None  # another thread was faster
        sight = self._sight(identity, mtime)
        # Asked before reading: what is written from now on gives the file another state.
        was_still = sight.is_still
        try:
            snapshot = read_snapshot(
                self.path,
                allow_insecure=self._allow_insecure,
                may_be_empty=True,
                may_wait=False,
            )
        except ChangedWhileReadError:
            return None
        except KeySourceError as error:
            self._refuse(sight, for_good=was_still and not _passes(error))
            return self._once(identity, error)
        sight = self._sight(snapshot.identity, snapshot.mtime)
        whole = sight.is_still or self._replaces(snapshot)
        if whole or (snapshot.closed and self._keeps_all(snapshot)):
            self._adopt(snapshot)
            return None
        if snapshot.identity == self._adopted:
            return None  # taken up when it was asked for; what changed unseen is looked at again
        self._refuse(sight, for_good=False)
        message = (
            "key pairs in use were removed or changed, or it is still being written: it is taken up"
            f" when nobody has written to it for {SETTLE_SECONDS:g} s"
        )
        return self._once(snapshot.identity, KeyFileError(message, self.path))

    def _refuse(self, sight: _Sight, *, for_good: bool) -> None:
        """Note that a state of the file was not taken up."""
        if for_good:
            self._settled, self._refused = sight.identity, None
        else:
            self._settled, self._refused = None, sight

    def _once(self, identity: Identity, error: KeySourceError) -> KeySourceError | None:
        """Return an error that this state of the file has not led to before."""
        report = (identity, str(error))
        if report == self._reported:
            return None
        self._reported = report
        return error

    def _adopt(self, snapshot: Snapshot) -> None:
        if self._pairs is not None:
            self._tell_of_gone(snapshot.pairs.gone_since(self._pairs))
        if self._reported is not None:
            logger.info(
                "%s: it is good again, and has %s",
                self.path,
                counted(len(snapshot.pairs), "key pair"),
            )
        unusual = snapshot.pairs.unusual
        if unusual != self._unusual:
            warn_of_lengths(str(self.path), unusual)
        self._unusual = unusual
        sight = self._sight(snapshot.identity, snapshot.mtime)
        # One assignment: another thread has the old ring or the new one. The ring comes before
        # the state that vouches for it.
        self._pairs, self._ring = snapshot.pairs, KeyRing(snapshot.pairs)
        self._adopted, self._inode = snapshot.identity, snapshot.inode
        self._kept, self._is_pipe = snapshot.kept, not snapshot.is_file
        self._refused = None
        self._settled = snapshot.identity if sight.is_still else None
        self._reported = None

    def _tell_of_gone(self, names: list[str]) -> None:
        if not names:
            return
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        shown = ", ".join(names[:MOST_NAMED]) + more
        plural = "s are" if len(names) > 1 else " is"
        logger.warning("%s: key pair%s gone: %s", self.path, plural, shown)

    def _is_known(self, identity: Identity) -> bool:
        """Tell whether reading the file in this state would tell nothing."""
        refused = self._refused
        return identity == self._settled or (
            refused is not None and refused.identity == identity and not refused.is_still
        )

    def _sight(self, identity: Identity, mtime: float) -> _Sight:
        """Note when a state of the file was seen first."""
        if self._seen is None or self._seen.identity != identity:
            self._seen = _Sight(identity, mtime, time.monotonic())
        return self._seen

    def _replaces(self, snapshot: Snapshot) -> bool:
        """Tell whether this is another file than the ring's, and was whole before it came here."""
        return snapshot.closed and snapshot.moved_here and snapshot.inode != self._inode

    def _keeps_all(self, snapshot: Snapshot) -> bool:
        return self._pairs is None or snapshot.pairs.keeps_all_of(self._pairs)

    def _state(self) -> tuple[Identity, float]:
        """Give the file's state, and when it was written to."""
        try:
            status = self.path.stat()
        except OSError:
            return GONE, 0.0
        return identity_of(status), status.st_mtime


def _passes(error: KeySourceError) -> bool:
    """Tell whether the same file can be read another time."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _PASSING
