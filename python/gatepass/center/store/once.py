"""Insert a row unless it is there: the unique constraint decides, whoever comes second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnClause, Connection, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

_NEW: ColumnClause[int] = literal_column("1")


def insert_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row and tell whether it is new. A row that is there stays as it is."""
    return insert_all_once(connection, table, [values]) == 1


def insert_all_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert those rows of several that are not there, in one statement; tell how many are new."""
    if not rows:
        return 0
    made = connection.execute(_insert(table, connection.dialect.name), rows)
    # What it returns and not how many rows it counted: psycopg's count is not told for this.
    return len(made.all())


@cache
def _insert(table: Table, dialect: str) -> ReturningInsert[tuple[int]]:
    """Make the statement once: building it takes longer than running it."""
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing().returning(_NEW)
    return postgresql.insert(table).on_conflict_do_nothing().returning(_NEW)
