"""Copy the tables from one database to another, of either kind, and hash the copied rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, insert, select

from gatepass.center.store.schema import metadata, session_change

#: Rows in memory at a time.
_BATCH = 1000
#: All tables except a store's notes of its changes: their numbers mean nothing in another store,
#: and a gateway that follows a store continues to count after a restore.
_TABLES = tuple(table for table in metadata.sorted_tables if table is not session_change)


class Digest:
    """SHA-256 over rows, each with its table's name, and their count by table.

    Both kinds of database give the same Python values, so the same rows give the same digest.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.counts: dict[str, int] = {table.name: 0 for table in _TABLES}

    def add(self, table: Table, row: Row[Any]) -> None:
        """Add a row."""
        self.counts[table.name] += 1
        self._hash.update(repr((table.name, *row)).encode())

    def hex(self) -> str:
        """Return the digest of all rows so far."""
        return self._hash.hexdigest()


def copy(source: Connection, target: Connection) -> Digest:
    """Copy all rows into empty tables, and return their digest."""
    digest = Digest()
    for table in _TABLES:
        rows = _rows(source, table, digest)
        while batch := [row._asdict() for row in islice(rows, _BATCH)]:
            target.execute(insert(table), batch)
        _advance_sequence(target, table)
    return digest


def digest_of(connection: Connection) -> Digest:
    """Return the digest of all rows that a connection sees."""
    digest = Digest()
    for table in _TABLES:
        for _ in _rows(connection, table, digest):
            pass
    return digest


def clear(connection: Connection) -> None:
    """Delete all rows of these tables."""
    for table in reversed(_TABLES):
        connection.execute(delete(table))


def _rows(connection: Connection, table: Table, digest: Digest) -> Iterator[Row[Any]]:
    query = select(table).order_by(*table.primary_key.columns)
    for row in connection.execution_options(yield_per=_BATCH).execute(query):
        digest.add(table, row)
        yield row


def _advance_sequence(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows after the copied ones."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return
    last = connection.execute(select(func.max(column))).scalar_one()
    if last is not None:
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        connection.execute(select(func.setval(sequence, last)))
