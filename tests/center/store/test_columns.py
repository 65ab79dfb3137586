# ruff: noqa: S608 - statements of these tests' own texts
"""Values that the database refuses, and the errors for values that got past its checks."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect, select, text
from sqlalchemy.exc import IntegrityError

from gatepass.center.pairs import pairs
from gatepass.center.pairs.firms import list_sessions
from gatepass.center.store.database import Database
from gatepass.center.store.schema import metadata, session
from gatepass.errors import DatabaseError
from tests.center.world import World

#: Values that both databases refuse.
REFUSED = [
    ("pair", "created_at", "'garbage'"),
    ("pair", "created_at", "'2026-02-31 00:00:00.000000'"),
    ("pair", "created_at", "'2026-03-04 25:00:00.000000'"),
    ("pair", "created_at", "NULL"),
    ("pair", "expires_at", "'0001-01-01 00:00:00.000000'"),
    ("pair", "expires_at", "'9999-12-31 00:00:00.000000'"),
    ("pair", "expires_at", "'infinity'"),
    ("pair", "ended_at", "'2026-03-04 15:00:00.000000'"),
    ("pair", "sealed", "NULL"),
    ("pair", "slot", "3"),
    ("pair", "slot", "NULL"),
    ("pair", "state", "'weird'"),
    ("pair", "state", "'deleted'"),
    ("pair", "access_key_id", "'not a key id!'"),
    ("pair", "access_key_id", "''"),
    ("pair", "access_key_id", f"'{'A' * 33}'"),
    ("pair", "environment", "'\u00fc'"),
    ("pair", "environment", f"'{'A' * 21}'"),
    ("pair_version", "state", "'weird'"),
    ("session", "name", "'A!C'"),
    ("session", "name", "'ABCD'"),
    ("session", "name", "'\u00c4BC'"),
    ("session", "kind", "'drop'"),
    ("session", "description", f"'{'A' * 101}'"),
    ("person", "role", "'BOSS'"),
    ("person", "disabled", "'perhaps'"),
    ("audit_head", "mac", "'abc'"),
    ("audit_head", "last_id", "'zz'"),
    ("audit_head", "last_id", "-1"),
    ("audit", "at", "'garbage'"),
    ("audit", "firm_id", "'z'"),
    ("audit", "action", "'No action!'"),
    ("audit", "subject", f"'{'A' * 65}'"),
    ("audit", "facts", "'no JSON'"),
    ("audit", "facts", "'[]'"),
    ("audit", "facts", "NULL"),
    ("audit", "mac", "'abc'"),
]
#: Values that PostgreSQL has no syntax for, or reads as valid ones.
REFUSED_BY_SQLITE = [
    ("pair", "created_at", "5"),
    ("pair", "created_at", "'2026-03-04'"),
    ("pair", "created_at", "'2026-03-04 15:00:00'"),
    ("pair", "created_at", "X'00'"),
    ("pair_version", "at", "'now'"),
    ("pair_version", "at", "'2026-03-04 15:00:00.000000' || CAST(X'00' AS TEXT)"),
    ("pair_version", "at", "'2026-03-04 15:00:00.000000' || CAST(X'006a' AS TEXT)"),
    ("pair", "sealed", "5"),
    ("pair", "sealed", "'text'"),
    ("pair", "slot", "'one'"),
    ("pair", "environment", "X'6161'"),
    ("pair", "environment", "CAST(X'eda080' AS TEXT)"),
    ("pair", "access_key_id", "X'35'"),
    ("pair", "access_key_id", "CAST(X'410042' AS TEXT)"),
    ("pair", "access_key_id", "CAST(X'eda080' AS TEXT)"),
    ("session", "name", "CAST(X'41424300' AS TEXT)"),
    ("session", "name", "CAST(X'41420043' AS TEXT)"),
    ("session", "description", "X'00'"),
    ("session", "description", "CAST(X'00' AS TEXT)"),
    ("session", "description", f"CAST(X'{'4100' * 101}' AS TEXT)"),
    ("person", "disabled", "2"),
    ("root", "sealed", "'abc'"),
    ("audit", "actor", "X'6161'"),
    ("audit", "facts", "X'7b7d'"),
    ("audit", "mac", "'0123456789abcdef0123456789abcdef'"),
]


def change(world: World, table: str, column: str, value: str) -> None:
    statement = text(f'UPDATE {table} SET "{column}" = {value}')
    world.center.database.write(lambda connection: connection.execute(statement))


def refuse(world: World, table: str, column: str, value: str) -> None:
    pairs.generate(world.center, world.manager, "ABC")
    with pytest.raises((IntegrityError, DatabaseError)):
        change(world, table, column, value)


@pytest.mark.parametrize(("table", "column", "value"), REFUSED)
def test_a_value_that_its_column_does_not_allow_is_refused(
    world: World, table: str, column: str, value: str
) -> None:
    refuse(world, table, column, value)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("table", "column", "value"), REFUSED_BY_SQLITE)
def test_a_value_of_another_type_is_refused_by_sqlite_too(
    world: World, table: str, column: str, value: str
) -> None:
    refuse(world, table, column, value)


def checks(connection: Connection) -> dict[str, set[str]]:
    """Return the names of the checks of each table."""
    names = inspect(connection).get_multi_check_constraints()
    return {table: {str(one["name"]) for one in rules} for (_, table), rules in names.items()}


def test_the_migrations_create_the_checks_of_the_schema(database: Database) -> None:
    """Alembic does not compare them."""
    with database.read() as connection:
        found = checks(connection)
    with create_engine("sqlite://").connect() as connection:
        metadata.create_all(connection)
        wanted = checks(connection)
    assert {table: found[table] for table in wanted} == wanted
    assert sum(map(len, wanted.values())) > 60


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_all_tables_are_strict_and_equal_those_of_the_schema(database: Database) -> None:
    tables = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
    with database.read() as connection:
        found = {name: lines(sql) for name, sql in connection.execute(text(tables))}
    with create_engine("sqlite://").connect() as connection:
        metadata.create_all(connection)
        wanted = {name: lines(sql) for name, sql in connection.execute(text(tables))}
    assert {name: found[name] for name in wanted} == wanted
    assert all("STRICT" in sql for sql in wanted.values())


def lines(sql: str) -> list[str]:
    return sorted(line.strip().rstrip(",") for line in sql.splitlines())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_error_for_a_malformed_time_does_not_repeat_it(world: World) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(text("UPDATE session SET created_at = 'gar' || 'bage'"))

    world.center.database.write(work)
    with pytest.raises(DatabaseError, match="restore a backup into a new database") as caught:
        world.center.database.ask(select(session))
    assert "garbage" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_text_that_is_not_utf_8_hides_no_other_row(world: World) -> None:
    change(world, "session", "description", "CAST(X'5Afc72696368' AS TEXT)")
    found = list_sessions(world.center, world.manager).items
    assert [one.description for one in found] == ["Z\N{REPLACEMENT CHARACTER}rich"] * 3


def test_an_sqlite_without_strict_tables_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(DatabaseError, match=r"3\.37 or later"):
        Database(f"sqlite:///{tmp_path / 'center.sqlite'}")
    assert not list(tmp_path.iterdir())
