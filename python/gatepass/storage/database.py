"""An SQLite file that says what is wrong with it: every failure is a `StoreError`.

A write-ahead log survives ``kill -9`` of the process at any instant: what was committed is in the
file, what was not never was. (Against a power cut, set ``synchronous`` to ``FULL`` and pay for it
with every message.)
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gatepass.errors import StoreError

#: Seconds to wait for another process that writes. Meanwhile nothing else is done, and a gateway's
#: other sessions wait as well: it is a tenth of the shortest heartbeat interval. A write takes
#: milliseconds; whoever holds the lock longer is no session, and ends this one.
LOCK_WAIT = 0.5

#: What SQLite says, and what to do about it: Python 3.10 does not give its error codes.
_ADVICE = (
    ("locked", "end the other program that uses it, or give each program a file of its own"),
    ("full", "make room on its disk, then log on again"),
    ("not a database", "it is some other file: give another path"),
    ("malformed", "it is damaged: move it away and restore it from a copy"),
    ("readonly", "let this user write the file and the folder it is in"),
    ("unable to open", "see that its folder exists and that this user may write there"),
    ("I/O", "look for errors of its disk in the system's log"),
    ("closed", "keep it open for as long as its sessions run"),
)
_OTHER = "see that it is a session store of this version of gatepass"


class Database:
    """One connection to a file. Raises `StoreError` where the file cannot be used.

    `lock_wait` is in seconds, `LOCK_WAIT` if it is not given.
    """

    def __init__(
        self,
        path: Path | str,
        schema: str,
        *,
        synchronous: str = "NORMAL",
        lock_wait: float | None = None,
    ) -> None:
        self.path = str(path)
        with self._failing("opened"):
            wait = LOCK_WAIT if lock_wait is None else lock_wait
            self._db = sqlite3.connect(path, timeout=wait, isolation_level=None)
            try:
                self._write_ahead(time.monotonic() + wait)
                self._db.execute(f"PRAGMA synchronous={synchronous}")
                self._db.executescript(schema)
            except BaseException:
                self._db.close()
                raise

    def _write_ahead(self, until: float) -> None:
        """Turn the write-ahead log on: here SQLite waits for nobody by itself."""
        while True:
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    def read(self, query: str, values: Sequence[object]) -> list[Any]:
        """Give the rows of a query."""
        with self._failing("read"):
            return self._db.execute(query, values).fetchall()

    def write(self, statement: str, values: Sequence[object]) -> None:
        """Do one statement: a transaction of its own, or a part of the one that is open."""
        with self._failing("written"):
            self._db.execute(statement, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do what the block does, all or nothing; within another block it is a part of that."""
        with self._failing("written"):
            if self._db.in_transaction:
                yield
                return
            # The lock is taken first: a transaction that reads and then writes could be refused it.
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled it back already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        with self._failing("closed"):
            self._db.close()

    @contextmanager
    def _failing(self, done: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            words = str(error).rstrip(".")
            advice = next((advice for part, advice in _ADVICE if part in words), _OTHER)
            raise StoreError(f"cannot be {done}: {words}; {advice}", self.path) from error
