"""A session's numbers and messages in an SQLite file, one transaction a save.

A write-ahead log survives ``kill -9`` of the process at any instant: what was committed is in the
file, what was not never was. (Against a power cut, set ``synchronous`` to ``FULL`` and pay for it
with every message.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.session.store import BATCH

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    name TEXT PRIMARY KEY, next_out INTEGER, next_in INTEGER, week TEXT, begun INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sent (
    name TEXT, number INTEGER, wire BLOB, PRIMARY KEY (name, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS received (
    place INTEGER PRIMARY KEY, name TEXT, number INTEGER, wire BLOB
);
CREATE INDEX IF NOT EXISTS received_by_name ON received (name, place);
"""


class SqliteStore:
    """Keeps one session, by name, in a file that several sessions may share.

    Raises `OSError` and `sqlite3.Error` as the file system does.
    """

    def __init__(self, path: Path | str, name: str) -> None:
        self.path = str(path)
        self._name = name
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def load(self) -> Numbers:
        """Return the numbers saved last; fresh ones if there are none."""
        query = "SELECT next_out, next_in, week, begun FROM session WHERE name = ?"
        row = self._db.execute(query, (self._name,)).fetchone()
        return Numbers() if row is None else Numbers(row[0], row[1], row[2], bool(row[3]))

    def save(
        self,
        numbers: Numbers,
        sent: SentMessage | None = None,
        received: ReceivedMessage | None = None,
    ) -> None:
        """Keep the numbers and the message that moved them, all or nothing."""
        # The lock is taken first: a transaction that reads and then writes could be refused it.
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._write(numbers, sent, received)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def sent(self, begin: int, end: int) -> Sequence[SentMessage]:
        """Return the kept messages numbered `begin` to `end`, ascending."""
        query = "SELECT number, wire FROM sent WHERE name = ? AND number BETWEEN ? AND ?"
        rows = self._db.execute(query + " ORDER BY number", (self._name, begin, end))
        return [SentMessage(number, wire, True) for number, wire in rows]

    def undelivered(self, limit: int = BATCH) -> Sequence[ReceivedMessage]:
        """Return the oldest messages that were not acknowledged yet, in order."""
        query = "SELECT number, wire FROM received WHERE name = ? ORDER BY place LIMIT ?"
        rows = self._db.execute(query, (self._name, limit))
        return [ReceivedMessage(number, wire) for number, wire in rows]

    def delivered(self, number: int) -> None:
        """Drop the oldest undelivered message of this number."""
        oldest = "SELECT min(place) FROM received WHERE name = ? AND number = ?"
        query = f"DELETE FROM received WHERE place = ({oldest})"  # noqa: S608 - no value in it
        self._db.execute(query, (self._name, number))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _write(
        self, numbers: Numbers, sent: SentMessage | None, received: ReceivedMessage | None
    ) -> None:
        row = (self._name, numbers.next_out, numbers.next_in, numbers.week, numbers.begun)
        self._db.execute("INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)", row)
        # Numbers that go back make what was sent under the later ones void.
        void = numbers.next_out if sent is None else sent.number
        self._db.execute("DELETE FROM sent WHERE name = ? AND number >= ?", (self._name, void))
        if sent is not None and sent.keep:
            kept = (self._name, sent.number, sent.wire)
            self._db.execute("INSERT INTO sent VALUES (?, ?, ?)", kept)
        if received is not None:
            taken = (self._name, received.number, received.wire)
            self._db.execute("INSERT INTO received (name, number, wire) VALUES (?, ?, ?)", taken)
