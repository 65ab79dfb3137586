"""Insert a row unless it exists; the unique constraint decides between simultaneous inserts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnClause, Connection, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

_NEW: ColumnClause[int] = literal_column("1")


def insert_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row and tell whether it is new. An existing row stays unchanged."""
    return insert_all_once(connection, table, [values]) == 1


def insert_all_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows that do not exist yet, in one statement, and return their number."""
    if not rows:
        return 0
    made = connection.execute(_insert(table, connection.dialect.name), rows)
    # Not the row count: psycopg has none for this statement.
    return len(made.all())


@cache
def _insert(table: Table, dialect: str) -> ReturningInsert[tuple[int]]:
    """Build the statement once: that takes longer than running it."""
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing().returning(_NEW)
    return postgresql.insert(table).on_conflict_do_nothing().returning(_NEW)
