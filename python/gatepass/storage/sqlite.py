"""Stores a session's numbers and messages in an SQLite file; a transaction has one save or many."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

from gatepass.errors import StoreError
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.session.store import BATCH, Claim
from gatepass.storage.claim import claimed
from gatepass.storage.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    name TEXT PRIMARY KEY, next_out INTEGER, next_in INTEGER, epoch TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sent (
    name TEXT, number INTEGER, wire BLOB, PRIMARY KEY (name, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS received (
    place INTEGER PRIMARY KEY, name TEXT, epoch TEXT, number INTEGER, wire BLOB
);
CREATE INDEX IF NOT EXISTS received_by_name ON received (name, place);
"""
_SAVE = "INSERT OR REPLACE INTO session (name, next_out, next_in, epoch) VALUES (?, ?, ?, ?)"
_DELIVER = (
    "DELETE FROM received WHERE place ="
    " (SELECT min(place) FROM received WHERE name = ? AND number = ? AND epoch = ?)"
)
_TAKE = "INSERT INTO received (name, epoch, number, wire) VALUES (?, ?, ?, ?)"


class SqliteDatabase:
    """A file for any number of sessions, on one connection, for a gateway.

    Raises `StoreError` if the file cannot be used, here and in every call of its stores.
    """

    def __init__(self, path: Path | str) -> None:
        self._database = Database(path, _SCHEMA)

    def store(self, name: str) -> SqliteStore:
        """Return the store of one session; closing it leaves the file open."""
        return SqliteStore(self._database, name)

    def close(self) -> None:
        """Close the file, for all its sessions."""
        self._database.close()


class SqliteStore:
    """Stores one session, by name, in a file that several sessions may share.

    With `alone`, a file that contains other sessions and not this one is refused. Raises
    `StoreError` for that, and if the file cannot be used.
    """

    def __init__(self, file: Path | str | Database, name: str, *, alone: bool = False) -> None:
        self._owned = not isinstance(file, Database)
        self._file = file if isinstance(file, Database) else Database(file, _SCHEMA)
        self._name = name
        if alone:
            self._refuse_others()
        self._own_claim = Claim(name, self.path)

    @property
    def path(self) -> str:
        """The path of the file, or ``:memory:``."""
        return self._file.path

    def load(self) -> Numbers:
        """Return the numbers saved last, or new ones if there are none."""
        query = "SELECT next_out, next_in, epoch FROM session WHERE name = ?"
        row = next(iter(self._file.read(query, (self._name,))), None)
        return Numbers() if row is None else Numbers(*row)

    def save(
        self,
        numbers: Numbers,
        sent: SentMessage | None = None,
        received: ReceivedMessage | None = None,
    ) -> None:
        """Store the numbers and the message that changed them, all or nothing."""
        with self._file.transaction():
            self._write(numbers, sent, received)

    def together(self) -> AbstractContextManager[None]:
        """Store all saves of the block at its end, all or nothing. Raises `StoreError`."""
        return self._file.transaction()

    def sent(self, begin: int, end: int) -> Sequence[SentMessage]:
        """Return the stored messages numbered `begin` to `end`, ascending."""
        query = "SELECT number, wire FROM sent WHERE name = ? AND number BETWEEN ? AND ?"
        rows = self._file.read(query + " ORDER BY number", (self._name, begin, end))
        return [SentMessage(number, wire, True) for number, wire in rows]

    def undelivered(self, limit: int = BATCH) -> Sequence[ReceivedMessage]:
        """Return the oldest received messages not yet acknowledged, in order."""
        query = "SELECT number, wire, epoch FROM received WHERE name = ? ORDER BY place LIMIT ?"
        return [ReceivedMessage(*row) for row in self._file.read(query, (self._name, limit))]

    def delivered(self, number: int, epoch: str) -> None:
        """Acknowledge the undelivered message of this number in this epoch, if there is one."""
        self._file.write(_DELIVER, (self._name, number, epoch))

    def claim(self) -> AbstractContextManager[None]:
        """Claim the session for the block, with a lock file beside the store.

        The claim ends with the process at the latest, also after ``kill -9``. Raises `StoreError`
        if the session is already claimed.
        """
        if self.path == ":memory:":
            return self._own_claim.held()
        # A session's name may contain any character.
        return claimed(f"{self.path}.{quote(self._name, safe='')}.lock", self.path, self._name)

    def close(self) -> None:
        """Close the file, unless it belongs to a `SqliteDatabase`."""
        if self._owned:
            self._file.close()

    def _refuse_others(self) -> None:
        names = [row[0] for row in self._file.read("SELECT name FROM session ORDER BY name", ())]
        if names and self._name not in names:
            self.close()
            words = f"belongs to session {names[0]}, not to {self._name}: give each its own file"
            raise StoreError(words, self.path)

    def _write(
        self, numbers: Numbers, sent: SentMessage | None, received: ReceivedMessage | None
    ) -> None:
        self._file.write(_SAVE, (self._name, numbers.next_out, numbers.next_in, numbers.epoch))
        # When the numbers go back, sent messages with the same or a higher number are dropped.
        void = numbers.next_out if sent is None else sent.number
        self._file.write("DELETE FROM sent WHERE name = ? AND number >= ?", (self._name, void))
        if sent is not None and sent.keep:
            kept = (self._name, sent.number, sent.wire)
            self._file.write("INSERT INTO sent VALUES (?, ?, ?)", kept)
        if received is not None:
            taken = (self._name, received.epoch, received.number, received.wire)
            self._file.write(_TAKE, taken)
