"""Rows that cannot be read, where somebody may have got past what the database refuses.

A backup is anybody's file until it was checked, and the check of the audit log names the entry that
somebody wrote into. Reading such a row fails for all the rows of its query at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Row, Select
from sqlalchemy.exc import DataError, OperationalError

from gatepass.center.store.columns import NoTimeError
from gatepass.errors import CenterError, FieldError


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row whose values are not what its columns hold. ``number`` is its id."""

    number: int


def rows(
    connection: Connection,
    query: Select[Any],
    number: Column[int],
    values: Mapping[str, Any] | None = None,
) -> list[Row[Any] | Unreadable]:
    """Return the rows of a query; ``number`` is the column that tells them apart, an id.

    Only when they cannot be read together, each is read by itself.
    """
    try:
        return list(connection.execute(query, values))
    except Exception as error:
        if not is_unreadable(error):
            raise
    numbers = (
        connection.execute(query.with_only_columns(number, maintain_column_froms=True), values)
        .scalars()
        .all()
    )
    return [_one(connection, query.where(number == one), values, one) for one in numbers]


@contextmanager
def told_as(refusal: CenterError) -> Iterator[None]:
    """Raise ``refusal`` where a row cannot be read, without what the row holds."""
    try:
        yield
    except Exception as error:
        if not is_unreadable(error):
            raise
    else:
        return
    # Outside the handler, so that no traceback holds the value.
    raise refusal


#: Among them a name that is none, and a time that no time zone can be reckoned for.
_KINDS = (TypeError, ValueError, AttributeError, OverflowError, DataError, FieldError, NoTimeError)


def is_unreadable(error: Exception) -> bool:
    """Tell whether an error comes of a value that its column cannot hold."""
    if isinstance(error, OperationalError):
        # What sqlite3 says of a text that is no UTF-8; anything else is the database's trouble.
        return "decode" in str(error.orig).lower()
    return isinstance(error, _KINDS)


def _one(
    connection: Connection, query: Select[Any], values: Mapping[str, Any] | None, number: int
) -> Row[Any] | Unreadable:
    try:
        # Which page of a list it is on does not matter any more.
        return connection.execute(query.limit(None).offset(None), values).one()
    except Exception as error:
        if not is_unreadable(error):
            raise
        return Unreadable(number)
