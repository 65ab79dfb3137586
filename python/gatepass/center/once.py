"""Insert a row unless it is there: the unique constraint decides, whoever comes second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnClause, Connection, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite

_NEW: ColumnClause[int] = literal_column("1")


def insert_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row and tell whether it is new. A row that is there stays as it is."""
    # What it returns and not how many rows it counted: psycopg's count is not told for this.
    if connection.dialect.name == "sqlite":
        new = sqlite.insert(table).values(values).on_conflict_do_nothing()
        return connection.execute(new.returning(_NEW)).first() is not None
    row = postgresql.insert(table).values(values).on_conflict_do_nothing()
    return connection.execute(row.returning(_NEW)).first() is not None
