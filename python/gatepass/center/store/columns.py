"""The kinds of columns. The database refuses any value that a kind does not allow.

On SQLite the tables are STRICT, which allows only five types; CHECKs add what PostgreSQL's types
say beyond that. `schema` and the migrations use these kinds. So a released kind never changes: a
new rule needs a new kind.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Boolean, TypeDecorator, TypeEngine

from gatepass.errors import DatabaseError


class NoTimeError(DatabaseError):
    """A malformed time got past the database's own checks."""

    def __init__(self) -> None:
        super().__init__(
            "the database contains a malformed time, which its own checks refuse: restore a backup"
            " into a new database (gatepass center restore), and find out who writes to this one"
        )


class Instant(TypeDecorator[datetime]):
    """A moment: an aware `datetime` in UTC on both databases. Refuses naive times.

    SQLite has no type for times: there it is a text that sorts like them. Raises `NoTimeError`.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Give the database UTC."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("a moment needs a time zone")
        at = value.astimezone(UTC)
        if dialect.name != "sqlite":
            return at
        return at.replace(tzinfo=None).isoformat(" ", "microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the program UTC."""
        if value is None:
            return None
        try:
            if dialect.name == "sqlite":
                return datetime.fromisoformat(value).replace(tzinfo=UTC)
            at: datetime = value
            return at.astimezone(UTC)
        except (ValueError, OverflowError):
            # Not chained: it quotes the value.
            raise NoTimeError from None


class Flag(TypeDecorator[bool]):
    """True or false; 1 or 0 on SQLite, which has no booleans."""

    impl = Boolean
    cache_ok = True
    # So that `is_(False)` becomes a constant and not a parameter.
    coerce_to_is_types = (type(None), bool)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Boolean())

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        """Give the program a `bool`."""
        return None if value is None else bool(value)


#: SQLite counts up only INTEGER PRIMARY KEY, and a STRICT table allows no BIGINT.
Whole = BigInteger().with_variant(Integer, "sqlite")

#: Sets of characters, as in the brackets of a pattern.
LETTERS_AND_DIGITS = "A-Za-z0-9"
NAME = "A-Za-z0-9_-"
PRINTABLE = " -~"


def number(name: str = "id", *, counts_up: bool = True) -> Column[int]:
    """Make a primary key."""
    return Column(name, Whole, primary_key=True, autoincrement=counts_up)


def of(table: str, name: str = "", *, index: bool = True) -> Column[int]:
    """Make a column for the id of a row in another table."""
    key = ForeignKey(f"{table}.id")
    return Column(name or f"{table}_id", Whole, key, nullable=False, index=index)


def at(name: str, *, nullable: bool = False) -> Column[datetime]:
    """Make a column for a moment from 1970 to 8999, so that adding to it cannot overflow."""
    its = f'"{name}"'
    between = f"{its} >= '1970-01-01 00:00:00{{}}' AND {its} < '9000-01-01 00:00:00{{}}'"
    digits = "[0-9]" * 6
    # Adding to a day such as 31 February gives another day.
    whole = f"substr({its}, 1, 19)"
    is_time = (
        # SQLite's functions stop at the first NUL of a text.
        f"length(CAST({its} AS BLOB)) = 26 AND {its} GLOB '????-??-?? ??:??:??.{digits}'"
        f" AND datetime({whole}, '+0 days') IS {whole}"
    )
    rules = f"{is_time} AND {between.format('', '')}", between.format("+00", "+00")
    return Column(name, Instant, _check(name, *rules), nullable=nullable)


def flag(name: str, **more: Any) -> Column[bool]:
    """Make a column for true or false."""
    rules = f'"{name}" IN (0, 1)', f'"{name}" IN (true, false)'
    return Column(name, Flag, _check(name, *rules), nullable=False, **more)


def words(longest: int) -> String:
    """Return the type for a text of at most ``longest`` characters."""
    return String(longest).with_variant(Text(), "sqlite")


def text(
    name: str, longest: int, lengths: str = "", *, of: str = "", nullable: bool = False, **more: Any
) -> Column[str]:
    """Make a column for a text; ``lengths`` limits its length, ``of`` its characters."""
    its = f'"{name}"'
    rule = f"length({its}) {lengths or f'<= {longest}'}"
    # SQLite's functions stop at the first NUL of a text; PostgreSQL allows none.
    rules = f"{rule} AND instr({its}, char(0)) = 0", rule
    if of:
        rules = f"{rules[0]} AND {its} NOT GLOB '*[^{of}]*'", f"{rule} AND {its} ~ '^[{of}]*$'"
    check = _check(name, *rules)
    return Column(name, words(longest), check, nullable=nullable, **more)


def json(name: str) -> Column[str]:
    """Make a column for the text of a JSON object."""
    its = f'"{name}"'
    rules = (
        f"json_valid({its}) AND json_type({its}) = 'object'",
        f"json_typeof({its}::json) = 'object'",
    )
    return Column(name, Text, _check(name, *rules), nullable=False)


def one_of(name: str, *known: str) -> Column[str]:
    """Make a column for one of a few words."""
    listed = ", ".join(f"'{word}'" for word in known)
    return Column(name, words(16), _check(name, f'"{name}" IN ({listed})'), nullable=False)


def digest(name: str, **more: Any) -> Column[bytes]:
    """Make a column for 32 bytes."""
    return Column(
        name, LargeBinary(32), _check(name, f'length("{name}") = 32'), nullable=False, **more
    )


def count(name: str, **more: Any) -> Column[int]:
    """Make a column for a number that is not negative."""
    return Column(name, Whole, _check(name, f'"{name}" >= 0'), nullable=False, **more)


def _check(name: str, rule: str, on_postgresql: str = "") -> CheckConstraint:
    return CheckConstraint(_Rule(rule, on_postgresql or rule), name=name)


class _Rule(ColumnElement[bool]):
    """A condition in the SQL of each database."""

    inherit_cache = False

    def __init__(self, on_sqlite: str, on_postgresql: str) -> None:
        self.sql = {"sqlite": on_sqlite, "postgresql": on_postgresql}


@compiles(_Rule)
def _compiled(rule: _Rule, compiler: SQLCompiler, **_more: Any) -> str:
    return rule.sql[compiler.dialect.name]
