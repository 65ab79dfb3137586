"""Rows of the log: an entry whose time got past the database's checks hides no other entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select
from sqlalchemy.exc import DataError

from gatepass.center.store.columns import NoTimeError
from gatepass.center.store.schema import audit

#: Errors from reading a time that the checks refuse. One fails the whole query.
UNREADABLE = (NoTimeError, DataError)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry whose row cannot be read. ``number`` is its id."""

    number: int


def rows(connection: Connection, query: Select[Any]) -> list[Row[Any] | Unreadable]:
    """Return the rows of a query for entries; read them one by one only if one is unreadable."""
    try:
        return list(connection.execute(query))
    except UNREADABLE:
        ids = query.with_only_columns(audit.c.id, maintain_column_froms=True)
    numbers = connection.execute(ids).scalars().all()
    return [_one(connection, query.limit(None).offset(None), number) for number in numbers]


def _one(connection: Connection, query: Select[Any], number: int) -> Row[Any] | Unreadable:
    try:
        return connection.execute(query.where(audit.c.id == number)).one()
    except UNREADABLE:
        return Unreadable(number)
