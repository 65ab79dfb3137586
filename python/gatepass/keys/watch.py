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

from gatepass.counting import counted
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
from gatepass.keys.ring import KeyRing

#: Seconds without a write after which a file counts as complete, and its timestamp as reliable: two
#: writes inside one tick of the file system's clock look like one.
SETTLE_SECONDS = 1.0
#: How many key pairs one line of the log names.
MOST_NAMED = 10
#: Errors of a system that has run out of resources: nothing is wrong with the file.
_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
#: The state of a missing file: no file has it.
GONE: Identity = (0, 0, 0, 0)

logger = logging.getLogger("gatepass.keys")


@dataclass(frozen=True, slots=True)
class _Sight:
    """A state of the file: when it was written to, and since when it has been known."""

    identity: Identity
    mtime: float
    since: float

    @property
    def is_still(self) -> bool:
        """Whether the file has not changed for long enough, by its own time or as seen here.

        The second helps if the file's time is in the future: on a share whose clock is ahead.
        """
        age = max(time.time() - self.mtime, time.monotonic() - self.since)
        return self.identity == GONE or age >= SETTLE_SECONDS


class KeyFile:
    """The key ring of a file, always up to date with the file.

    A file that is being written looks like a complete one: cut at a line's end, it is a valid file
    that lacks a pair. So new pairs are loaded at once. But a content that drops or alters a pair
    in use, or that ends inside a line, is loaded only when the file has not changed for
    `SETTLE_SECONDS`, or when another file was renamed into its place (as
    `gatepass.keys.write_key_file` does). If the content cannot be read, or the file is missing, the
    ring stays unchanged; a header alone means that all pairs were deleted.

    A state of the file that was not loaded is read once more after `SETTLE_SECONDS`, because it may
    have changed unseen until then, and after that only when the file changes.

    A pipe, such as a shell's ``<(...)``, is read once and not followed.

    With ``diagnosis``, its pairs have their diagnosis keys (see `KeyPair`), for `gatepass.explain`.

    Any number of threads may share one. If a change cannot be loaded, ``on_problem`` is called
    once with the `KeySourceError`, in the thread that asked for the ring; the log
    ``gatepass.keys`` gets it, too. The constructor raises it instead: it has no ring to keep.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        allow_insecure: bool = False,
        diagnosis: bool = False,
        on_problem: Callable[[KeySourceError], None] | None = None,
    ) -> None:
        self.path = Path(path)
        self._place = os.fspath(path)
        self._allow_insecure = allow_insecure
        self._diagnosis = diagnosis
        self._on_problem = on_problem
        self._lock = threading.Lock()
        self._reminder = ExpiryReminder()
        self._pairs: FilePairs | None = None
        #: The pairs whose key may be cut, which were reported.
        self._unusual: tuple[KeyPair, ...] = ()
        self._ring = KeyRing(())
        #: The state of the file that need not be read again: its pairs are those of the ring, or
        #: cannot be used.
        self._settled: Identity | None = None
        #: The state that was not loaded, and is read once more when it has not changed for long.
        self._refused: _Sight | None = None
        self._adopted: Identity | None = None
        self._inode = 0
        self._kept: Kept | None = None
        #: A pipe is read only once.
        self._is_pipe = False
        self._seen: _Sight | None = None
        self._reported: tuple[Identity, str] | None = None
        self.reload()

    def __repr__(self) -> str:
        return f"<KeyFile {str(self.path)!r}: {counted(len(self._ring), 'pair')}>"

    @property
    def ring(self) -> KeyRing:
        """The current ring. Costs one ``stat`` while the file does not change.

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
        """The ring that was read last, even if the file has changed."""
        return self._ring

    def is_current(self) -> bool:
        """Tell whether the ring at hand is current, without reading: costs one ``stat``."""
        return self._is_pipe or self._is_known(self._state()[0])

    def reload(self) -> KeyRing:
        """Load the file as it is, at once, and return the ring.

        Raises `KeySourceError` when it cannot be used; the ring then stays unchanged.
        """
        with self._lock:
            self._adopt(self._read())
            return self._ring

    def warn(self, at: datetime) -> list[ExpiryWarning]:
        """Log the expiry warnings that are due at ``at`` and were not given before; return them.

        Raises `ValueError` when ``at`` has no time zone.
        """
        due = self.ring.warnings(at)
        with self._lock:
            new = self._reminder.unseen(due)
        for warning in new:
            logger.warning("%s", warning)
        return new

    def _follow(self) -> KeySourceError | None:
        """Load a change of the file if that is safe; return what prevents it, if that is new."""
        identity, mtime = self._state()
        if self._is_known(identity):
            return None  # another thread was faster
        sight = self._sight(identity, mtime)
        # Checked before reading: a later write gives the file another state.
        was_still = sight.is_still
        try:
            snapshot = self._read(may_be_empty=True, may_wait=False)
        except ChangedWhileReadError:
            return None
        except KeySourceError as error:
            self._refuse(sight, is_final=was_still and not _passes(error))
            return self._once(identity, error)
        sight = self._sight(snapshot.identity, snapshot.mtime)
        whole = sight.is_still or self._replaces(snapshot)
        if whole or (snapshot.closed and self._keeps_all(snapshot)):
            self._adopt(snapshot)
            return None
        if snapshot.identity == self._adopted:
            return None  # loaded by `reload`; an unseen change is looked for again
        self._refuse(sight, is_final=False)
        message = (
            "key pairs in use were removed or changed, or it is still being written: it is loaded"
            f" when it has not changed for {SETTLE_SECONDS:g} s"
        )
        return self._once(snapshot.identity, KeyFileError(message, self.path))

    def _read(self, *, may_be_empty: bool = False, may_wait: bool = True) -> Snapshot:
        return read_snapshot(
            self.path,
            allow_insecure=self._allow_insecure,
            diagnosis=self._diagnosis,
            may_be_empty=may_be_empty,
            may_wait=may_wait,
        )

    def _refuse(self, sight: _Sight, *, is_final: bool) -> None:
        """Note that a state of the file was not loaded."""
        if is_final:
            self._settled, self._refused = sight.identity, None
        else:
            self._settled, self._refused = None, sight

    def _once(self, identity: Identity, error: KeySourceError) -> KeySourceError | None:
        """Return an error unless this state of the file has caused it before."""
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
                "%s: it can be used again, and has %s",
                self.path,
                counted(len(snapshot.pairs), "key pair"),
            )
        unusual = snapshot.pairs.unusual
        if unusual != self._unusual:
            warn_of_lengths(str(self.path), unusual)
        self._unusual = unusual
        sight = self._sight(snapshot.identity, snapshot.mtime)
        # One assignment: another thread sees the old ring or the new one. The ring is set before
        # the state that says it is current.
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
        """Tell whether reading the file in this state would give nothing new."""
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
        """Tell whether this file replaced the ring's file, and was complete before that."""
        return snapshot.closed and snapshot.moved_here and snapshot.inode != self._inode

    def _keeps_all(self, snapshot: Snapshot) -> bool:
        return self._pairs is None or snapshot.pairs.keeps_all_of(self._pairs)

    def _state(self) -> tuple[Identity, float]:
        """Return the file's state, and when it was written to."""
        try:
            status = os.stat(self._place)  # noqa: PTH116 - for each Logon: twice as fast
        except OSError:
            return GONE, 0.0
        return identity_of(status), status.st_mtime


def _passes(error: KeySourceError) -> bool:
    """Tell whether the same file may be readable later."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _PASSING
