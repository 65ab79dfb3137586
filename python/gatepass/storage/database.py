"""An SQLite file that says what is wrong with it: every failure is a `StoreError`.

A write-ahead log survives ``kill -9`` of the process at any instant: a transaction is in the file
if it was committed, and only then. (Against a power cut, set ``synchronous`` to ``FULL``, which
makes every message slower.)
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gatepass.errors import StoreError
from gatepass.storage.disk import DISK_FULL, is_full
from gatepass.storage.making import APPLICATION_ID, FORMAT, make_unless_there
from gatepass.storage.watch import Watch, is_busy_log
from gatepass.storage.write_ahead import write_ahead

#: Seconds to wait for another process that writes. Meanwhile the process does nothing else, and a
#: gateway's other sessions wait as well: so it is a tenth of the shortest heartbeat interval. A
#: write takes milliseconds; a program that keeps the lock longer is not a session, and ends this
#: one.
LOCK_WAIT = 0.5

_FULL = "make room on its disk, then log on again"
#: What SQLite says, and what to do about it.
_ADVICE = (
    ("locked", "end the other program that uses it, or give each program a file of its own"),
    ("full", _FULL),
    ("not a database", "it is some other file: give another path"),
    ("malformed", "it is damaged: move it away and restore it from a copy"),
    ("readonly", "let this user write the file and the folder it is in"),
    ("unable to open", "check that its folder exists and that this user may write there"),
    ("I/O", "look for errors of its disk in the system's log"),
    ("closed", "keep it open for as long as its sessions run"),
)
#: What SQLite says for a full disk, and for other errors as well.
_PERHAPS_FULL = ("I/O", "unable to open")
_OTHER = "check that it is a session store of this version of gatepass"

#: One of these tables is in each file that earlier versions made.
_TABLES = frozenset({"session", "sent", "received", "logon_attempt", "closed_port"})
WITHOUT_TABLES = "has no tables, so something has emptied it: restore it from a copy"
NO_PATH = "has no path: give one, or use MemoryStore()"
FOREIGN = "is another program's database: give another path"
OTHER_FORMAT = (
    "was made by another version of gatepass (format {}, this one reads {}): use that version, or"
    " give another path"
)


class Database:
    """One connection to a file. Raises `StoreError` if the file cannot be used.

    Only its owner can access a new file (mode 0600). A file that is empty, or that is emptied,
    removed, replaced or written over while it is open, cannot be used: see `making` and `watch`.

    `lock_wait` is in seconds, `LOCK_WAIT` by default.
    """

    def __init__(
        self,
        path: Path | str,
        schema: str,
        *,
        synchronous: str = "NORMAL",
        lock_wait: float | None = None,
    ) -> None:
        # SQLite follows links, so a claim and the watch on the log must, too. The path is absolute
        # because the program may change its working directory.
        is_file = str(path) != ":memory:"
        self.path = os.path.realpath(path) if is_file else str(path)
        if not str(path):
            raise StoreError(NO_PATH, "''")
        self._watch: Watch | None = None
        self._others = 0
        with self._failing("opened"):
            if is_file:
                self._make()
            is_busy = is_file and is_busy_log(self.path)
            wait = LOCK_WAIT if lock_wait is None else lock_wait
            self._db = sqlite3.connect(self.path, timeout=wait, isolation_level=None)
            try:
                write_ahead(self._db, wait)
                self._db.execute(f"PRAGMA synchronous={synchronous}")
                if is_file:
                    self._refuse_strangers()
                self._db.executescript(schema)
                if is_file:
                    self._watch = Watch(self.path, self._has_others, is_busy=is_busy)
            except BaseException:
                self._db.close()
                raise

    def _make(self) -> None:
        try:
            make_unless_there(self.path)
        except (OSError, RuntimeError) as error:  # a RuntimeError is a circle of links
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise
            # SQLite cannot open it either, and says so.

    def _refuse_strangers(self) -> None:
        """Raise `StoreError` for a database that is not a gatepass store."""
        names = {row[0] for row in self._db.execute("SELECT name FROM sqlite_master")}
        (number,) = self._db.execute("PRAGMA application_id").fetchone()
        if number != APPLICATION_ID and not names & _TABLES:
            raise StoreError(FOREIGN if names else WITHOUT_TABLES, self.path)
        (made_as,) = self._db.execute("PRAGMA user_version").fetchone()
        if made_as != FORMAT:
            raise StoreError(OTHER_FORMAT.format(made_as, FORMAT), self.path)

    def _has_others(self) -> bool:
        """Whether another connection has committed something since the last call."""
        before = self._others
        (self._others,) = self._db.execute("PRAGMA data_version").fetchone()
        return self._others != before

    def _check(self) -> None:
        """Check the file, unless this is inside a transaction, which has checked it."""
        if self._watch is not None and not self._db.in_transaction:
            self._watch.check()

    def _note(self) -> None:
        if self._watch is not None and not self._db.in_transaction:
            self._watch.note()

    def read(self, query: str, values: Sequence[object]) -> list[Any]:
        """Return the rows of a query."""
        with self._failing("read"):
            self._check()
            return self._db.execute(query, values).fetchall()

    def write(self, statement: str, values: Sequence[object]) -> None:
        """Execute one statement: in a transaction of its own, or in the one that is open."""
        with self._failing("written"):
            self._check()
            self._db.execute(statement, values)
            self._note()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one transaction; inside another block it is part of that one."""
        with self._failing("written"):
            if self._db.in_transaction:
                yield
                return
            self._check()
            # The lock is taken first: a transaction that reads before it writes may not get it.
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
                self._note()
            except BaseException:
                # SQLite may have rolled it back already, if the disk is full.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        self._watch = None
        with self._failing("closed"):
            self._db.close()

    @contextmanager
    def _failing(self, done: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            words = str(error).rstrip(".")
            if self._is_full(error, words):
                raise StoreError(
                    f"cannot be {done}: its disk is full; {_FULL}", self.path
                ) from error
            advice = next((advice for part, advice in _ADVICE if part in words), _OTHER)
            raise StoreError(f"cannot be {done}: {words}; {advice}", self.path) from error

    def _is_full(self, error: Exception, words: str) -> bool:
        """Tell whether the disk is full, also if SQLite calls it an I/O error."""
        if isinstance(error, OSError):
            return error.errno in DISK_FULL
        return any(part in words for part in _PERHAPS_FULL) and is_full(self.path)
