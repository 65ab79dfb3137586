"""SQLite and PostgreSQL are used in the same way; the errors say what to do."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from gatepass.center.context import Center
from gatepass.center.pairs.firms import add_firm
from gatepass.center.store import dialects
from gatepass.center.store.database import Database, KeptError
from gatepass.center.store.schema import firm, metadata, pair, session
from gatepass.errors import CenterError, CodeError, DatabaseError
from tests.center.world import START, World


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def add(connection: Connection, name: str) -> None:
    connection.execute(insert(firm).values(name=name, created_at=START))


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(firm)).scalar_one()


def test_the_migrations_create_the_schema(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_an_upgrade_creates_the_tables_and_can_be_repeated(empty_url: str) -> None:
    with opened(empty_url) as database:
        with pytest.raises(DatabaseError, match="center init"):
            database.check_version()
        for _ in range(2):
            database.upgrade()
            database.check_version()


def test_several_processes_can_upgrade_at_once(empty_url: str) -> None:
    problems: list[BaseException] = []

    def work() -> None:
        try:
            with opened(empty_url) as database:
                database.upgrade()
        except BaseException as error:  # noqa: BLE001 - asserted below
            problems.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []
    with opened(empty_url) as database:
        database.check_version()


@pytest.mark.parametrize("version", ["9999", "0002"])
def test_tables_of_another_version_are_refused(database: Database, version: str) -> None:
    """A newer version, and one before the first release, whose tables allowed any value."""
    other = text("UPDATE alembic_version SET version_num = :version").bindparams(version=version)
    database.write(lambda connection: connection.execute(other))
    for refused in (database.check_version, database.upgrade):
        with pytest.raises(DatabaseError, match=f"newer gatepass.*{version}.*new database"):
            refused()


def test_an_error_rolls_everything_back(database: Database) -> None:
    def work(connection: Connection) -> None:
        add(connection, "Alpha")
        raise CenterError("no")

    with pytest.raises(CenterError, match="no"):
        database.write(work)
    assert count(database) == 0


def test_a_kept_error_keeps_what_was_written(database: Database) -> None:
    def work(connection: Connection) -> None:
        add(connection, "Alpha")
        raise KeptError(CodeError("wrong", "wrong"))

    with pytest.raises(CodeError):
        database.write(work)
    assert count(database) == 1


def test_a_read_changes_nothing(database: Database) -> None:
    with opened(database.engine.url.render_as_string(hide_password=False)) as other:
        other.write(lambda connection: add(connection, "Alpha"))
    try:
        with database.read() as connection:
            add(connection, "Beta")
    except DatabaseError:
        pass  # PostgreSQL refuses; SQLite rolls it back
    assert count(database) == 1


def test_a_read_sees_one_moment(database: Database) -> None:
    with database.read() as connection:
        query = select(func.count()).select_from(firm)
        assert connection.execute(query).scalar_one() == 0
        database.write(lambda other: add(other, "Alpha"))
        assert connection.execute(query).scalar_one() == 0
    assert count(database) == 1


def test_work_is_called_again_after_a_conflict(database: Database) -> None:
    database.write(lambda connection: add(connection, "1"))
    calls: list[str] = []

    def work(connection: Connection) -> None:
        calls.append(str(len(calls) + 1))
        add(connection, calls[-1])

    database.write(work, again=True)
    assert calls == ["1", "2"]
    calls.clear()
    with pytest.raises(IntegrityError):
        database.write(work)


def test_a_deadlock_is_retried(database: Database) -> None:
    """Two threads lock two rows in different orders, repeatedly."""
    for name in ("Alpha", "Beta"):
        database.write(lambda connection, name=name: add(connection, name))
    together = threading.Barrier(2)
    problems: list[BaseException] = []

    def swap(*names: str) -> None:
        def work(connection: Connection) -> None:
            for name in names:
                its = update(firm).where(firm.c.name == name).values(created_at=START)
                connection.execute(its)

        try:
            for _ in range(20):
                together.wait(30)
                database.write(work)
        except BaseException as error:  # noqa: BLE001 - asserted below
            problems.append(error)

    workers = [
        threading.Thread(target=swap, args=names)
        for names in (("Alpha", "Beta"), ("Beta", "Alpha"))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []


def test_the_database_refuses_a_third_active_pair(world: World) -> None:
    with world.center.database.read() as connection:
        number = connection.execute(
            select(session.c.id).where(session.c.name == "ABC")
        ).scalar_one()

    def place(slot: int | None, state: str = "active") -> None:
        values = {"session_id": number, "slot": slot, "state": state, "created_by": 1}
        values |= {"created_at": START, "expires_at": START, "access_key_id": f"k{len(used)}"}
        values |= {"ended_at": None if state == "active" else START, "sealed": b"sealed"}
        used.append(slot)
        world.center.database.write(lambda c: c.execute(insert(pair).values(values)))

    used: list[int | None] = []
    place(1)
    place(2)
    place(None, "deleted")
    for slot, state in ((1, "active"), (3, "active"), (None, "active"), (2, "deleted")):
        with pytest.raises(IntegrityError):
            place(slot, state)


def test_the_password_is_in_no_text() -> None:
    database = Database("postgresql://gatepass:pass-word@127.0.0.1:1/none")
    assert "pass-word" not in repr(database)
    with pytest.raises(DatabaseError, match="server") as refusal, database.read():
        pass
    assert "pass-word" not in str(refusal.value)
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("url", ["", "center.sqlite", "mysql://pass-word@host/x", "a://b", "://"])
def test_a_malformed_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(DatabaseError, match="sqlite:///") as refusal:
        Database(url)
    assert "pass-word" not in str(refusal.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError, match="needs a file"):
        Database(url)


def test_the_files_are_private_to_their_owner(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'center.sqlite'}") as database:
        database.upgrade()
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="folder exists"):
        Database(f"sqlite:///{tmp_path / 'none' / 'center.sqlite'}")


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
@pytest.mark.parametrize("name", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_a_file_that_other_users_can_access_is_refused(
    tmp_path: Path, name: str, mode: int
) -> None:
    """Its rows are hashes, addresses and sealed secrets."""
    path = tmp_path / "it's here.sqlite"
    with opened(f"sqlite:///{path}") as database:
        database.upgrade()
    concerned = path.with_name(path.name + name)
    concerned.touch()
    concerned.chmod(mode)
    with pytest.raises(DatabaseError, match=f"mode {mode:04o}") as caught:
        Database(f"sqlite:///{path}")
    advice = str(caught.value).rpartition(": ")[2]
    subprocess.run(["/bin/sh", "-c", advice], check=True)
    Database(f"sqlite:///{path}").close()


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "center.sqlite"
    path.write_bytes(b"some other file" * 500)
    path.chmod(0o600)
    with opened(f"sqlite:///{path}") as database:
        for refused in (database.upgrade, database.check_version):
            with pytest.raises(DatabaseError, match="not a database file"):
                refused()


def test_a_file_locked_by_another_program_can_be_read_but_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, "LOCK_WAIT", 0)
    path = tmp_path / "center.sqlite"
    with opened(f"sqlite:///{path}") as database:
        database.upgrade()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            with pytest.raises(DatabaseError, match="another program"):
                database.write(lambda connection: add(connection, "Alpha"))
            assert count(database) == 0
        finally:
            other.close()
        database.write(lambda connection: add(connection, "Alpha"))


def test_a_missing_table_is_reported_and_used_once_it_is_back(
    center: Center, database: Database
) -> None:
    rename = 'ALTER TABLE firm RENAME TO "away"'
    database.write(lambda connection: connection.execute(text(rename)))
    with pytest.raises(DatabaseError, match="center init"):
        add_firm(center, "Alpha")
    database.write(lambda c: c.execute(text("ALTER TABLE away RENAME TO firm")))
    add_firm(center, "Alpha")
    assert count(database) == 1


@pytest.mark.parametrize("other", ["nothing", "an empty file", "another store"])
def test_nothing_is_written_to_a_file_that_was_removed_or_replaced(
    tmp_path: Path, other: str
) -> None:
    path, aside = tmp_path / "center.sqlite", tmp_path / "aside"
    with opened(f"sqlite:///{path}") as database:
        database.upgrade()
        path.rename(aside)
        if other == "an empty file":
            path.touch(0o600)
        elif other == "another store":
            with opened(f"sqlite:///{path}") as another:
                another.upgrade()
        there = path.exists() and path.read_bytes()
        for _ in range(2):
            with pytest.raises(DatabaseError, match="put it back"):
                database.write(lambda connection: add(connection, "Alpha"))
            with pytest.raises(DatabaseError, match="put it back"):
                database.check_writing()
            # A new connection opens no other file either, and creates none.
            database.engine.dispose()
        assert (path.exists() and path.read_bytes()) == there
        if other == "another store":
            # The other store has taken over the log beside the file, which the first one lacks.
            return
        aside.rename(path)
        database.write(lambda connection: add(connection, "Alpha"))
        assert count(database) == 1


def test_closed_connections_are_replaced(center: Center, database: Database) -> None:
    add_firm(center, "Alpha")
    if database.is_sqlite:
        database.close()
    else:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        ended = text(f"{others} WHERE pid <> pg_backend_pid() AND datname = current_database()")
        with opened(database.engine.url.render_as_string(hide_password=False)) as other:
            other.write(lambda connection: connection.execute(ended))
    add_firm(center, "Beta")
    assert count(database) == 2


def test_a_read_replaces_closed_connections_too(center: Center, database: Database) -> None:
    add_firm(center, "Alpha")
    if database.is_sqlite:
        database.close()
    else:
        ended = text(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        with opened(database.engine.url.render_as_string(hide_password=False)) as other:
            other.write(lambda connection: connection.execute(ended))
    assert database.ask(select(firm.c.name)) == [("Alpha",)]
    assert count(database) == 1
