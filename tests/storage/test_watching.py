"""A store that is emptied, removed, replaced or written over is not used, and not taken for new."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepass.client import SqliteAttempts, connect
from gatepass.client.attempts import Attempt
from gatepass.errors import NoConnectionError, StoreError
from gatepass.fix.settings import ClientSettings
from gatepass.gateway import Event, Gateway, Kind, Report, SqliteClosedPorts
from gatepass.keys import KeyRing, generate_pair
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.session.store import MemoryStore
from gatepass.storage import SqliteDatabase, SqliteStore, database, disk, making, watch
from gatepass.transport import utc_now

KEPT = Numbers(40, 30, "2026-03-01")
TODAY = date.today()
RING = KeyRing(
    [generate_pair("ABC", TODAY - timedelta(days=9), TODAY + timedelta(days=90)).key_pair()]
)
SETTINGS = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "V")


def filled(path: Path, name: str = "ABC123") -> None:
    with closing(SqliteStore(path, name)) as store:
        store.save(KEPT, SentMessage(39, b"order", True), ReceivedMessage(29, b"fill"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A session's store in its own folder, a copy of it, and another session's store."""
    folder = tmp_path / "state"
    folder.mkdir()
    filled(folder / "s.sqlite")
    filled(tmp_path / "other.sqlite", "XYZ999")
    shutil.copy(folder / "s.sqlite", tmp_path / "copy.sqlite")
    return folder / "s.sqlite"


def emptied(path: Path) -> None:
    with path.open("wb"):
        pass


def removed(path: Path) -> None:
    path.unlink()


def removed_with_its_journals(path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()


def made_again(path: Path) -> None:
    removed_with_its_journals(path)
    SqliteStore(path, "ABC123").close()


def made_again_empty(path: Path) -> None:
    path.unlink()
    path.touch()


def replaced_by_a_copy(path: Path) -> None:
    (path.parent.parent / "copy.sqlite").rename(path)


def written_over_by_a_copy(path: Path) -> None:
    shutil.copy(path.parent.parent / "copy.sqlite", path)


def written_over_by_another_session(path: Path) -> None:
    shutil.copy(path.parent.parent / "other.sqlite", path)


def replaced_by_another_session(path: Path) -> None:
    (path.parent.parent / "other.sqlite").rename(path)


def folder_removed(path: Path) -> None:
    shutil.rmtree(path.parent)


def folder_swapped(path: Path) -> None:
    path.parent.rename(path.parent.with_name("old"))
    path.parent.mkdir()
    filled(path)


def log_removed(path: Path) -> None:
    path.with_name("s.sqlite-wal").unlink()


def log_emptied(path: Path) -> None:
    os.truncate(path.with_name("s.sqlite-wal"), 0)


def log_made_again(path: Path) -> None:
    log_removed(path)
    path.with_name("s.sqlite-wal").touch()


DAMAGES: list[Callable[[Path], None]] = [
    emptied,
    removed,
    removed_with_its_journals,
    made_again,
    made_again_empty,
    replaced_by_a_copy,
    replaced_by_another_session,
    written_over_by_a_copy,
    written_over_by_another_session,
    folder_removed,
    folder_swapped,
    log_removed,
    log_emptied,
    log_made_again,
]
USES: dict[str, Callable[[SqliteStore], object]] = {
    "load": lambda store: store.load(),
    "save": lambda store: store.save(KEPT),
    "sent": lambda store: store.sent(1, 99),
    "undelivered": lambda store: store.undelivered(),
    "delivered": lambda store: store.delivered(29, ""),
}


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path, "ABC123")) as opened:
        opened.save(Numbers(41, 31, "2026-03-01"))
        yield opened


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("use", USES)
def test_a_file_that_another_program_has_changed_is_not_used(
    store: SqliteStore, path: Path, damage: Callable[[Path], None], use: str
) -> None:
    damage(path)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"while it was open; .*then log on again") as caught:
            USES[use](store)
        assert caught.value.path == str(path)


@pytest.mark.parametrize("rows", [1, 400])
def test_commits_of_other_programs_are_not_damage(path: Path, rows: int) -> None:
    """Several programs and connections share a file, and each may move the log into it."""
    much = b"x" * 5000
    with (
        closing(SqliteDatabase(path)) as gateway,
        closing(SqliteClosedPorts(path)) as ports,
        closing(SqliteAttempts(path, "ABC")) as attempts,
        closing(SqliteStore(path, "ABC123")) as store,
    ):
        others = [gateway.store("XYZ999"), store]
        for number in range(1, rows):
            for each in others:
                each.save(Numbers(number + 1, 1), SentMessage(number, much, True))
            ports.keep("ABC", number % 2 == 0)
            now = Attempt(utc_now())
            attempts.add(now, now, 4)
            SqliteStore(path, "third").close()
        with closing(sqlite3.connect(path)) as person:
            person.execute("DELETE FROM received")
            person.commit()
            person.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for each in others:
            assert each.load().next_out == rows or rows == 1


def test_another_program_that_opens_and_closes_the_file_is_not_damage(path: Path) -> None:
    words = (
        "import sys; from gatepass.storage import SqliteStore;"
        " from gatepass.session.numbers import Numbers, SentMessage\n"
        "s = SqliteStore(sys.argv[1], 'XYZ999')\n"
        "[s.save(Numbers(n + 1, 1), SentMessage(n, bytes(9000), True)) for n in range(1, 700)]\n"
        "s.close()"
    )
    with closing(SqliteStore(path, "ABC123")) as store:
        for number in range(3):
            store.save(Numbers(number + 2, 1))
            subprocess.run([sys.executable, "-c", words, str(path)], check=True)
            store.save(Numbers(number + 3, 1))
        assert store.load() == Numbers(5, 1)


def test_moving_the_log_while_others_check_the_file_is_not_damage(tmp_path: Path) -> None:
    """A commit is seen before its program has moved the log into the file."""
    words = (
        "import sys, time; from gatepass.storage import SqliteStore, database;"
        " from gatepass.session.numbers import Numbers, SentMessage\n"
        "database.LOCK_WAIT = 30.0\n"
        "s, end, n = SqliteStore(sys.argv[1], sys.argv[2]), time.monotonic() + 2.0, 0\n"
        "while time.monotonic() < end:\n"
        "    n += 1; s.save(Numbers(n + 1, 1), SentMessage(n, bytes(50000), True))\n"
        "s.close()"
    )
    path = str(tmp_path / "s.sqlite")
    programs = [
        subprocess.Popen([sys.executable, "-c", words, path, f"S{n}"], stderr=subprocess.PIPE)
        for n in range(3)
    ]
    assert [program.communicate()[1] for program in programs] == [b""] * 3


def test_another_programs_commit_excuses_a_change_only_for_a_while(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqliteStore(path, "ABC123")) as store:
        with closing(SqliteStore(path, "XYZ999")) as other:
            other.save(KEPT)
        store.load()
        later = watch.time.monotonic() + watch.EXCUSED + 1.0
        monkeypatch.setattr(watch.time, "monotonic", lambda: later)
        written_over_by_a_copy(path)
        with pytest.raises(StoreError, match="was written over"):
            store.load()


def test_a_program_that_changes_its_working_directory_finds_its_store(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    with closing(SqliteStore(path.name, "ABC123")) as store:
        monkeypatch.chdir("/")
        store.save(KEPT)
        assert store.load() == KEPT


# Before a store is opened.


@pytest.mark.parametrize("beside", [b"", b"what was committed last"])
def test_an_empty_file_is_not_a_new_store(path: Path, beside: bytes) -> None:
    path.with_name("s.sqlite-wal").write_bytes(beside)
    emptied(path)
    for make in (
        lambda: SqliteStore(path, "ABC123"),
        lambda: SqliteDatabase(path),
        lambda: SqliteClosedPorts(path),
        lambda: SqliteAttempts(path, "ABC"),
    ):
        with pytest.raises(StoreError, match="is empty, so something has emptied it"):
            make()
    assert path.read_bytes() == b""


@pytest.mark.parametrize("journal", ["-wal", "-journal"])
def test_a_file_that_is_gone_and_left_its_journal_is_not_a_new_store(
    path: Path, journal: str
) -> None:
    path.with_name(path.name + journal).write_bytes(b"what was committed last")
    path.unlink()
    with pytest.raises(StoreError, match="is gone, but its journal is still there"):
        SqliteStore(path, "ABC123")
    assert not path.exists()


def test_a_file_of_zeros_is_not_a_store(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(StoreError, match="not a database"):
        SqliteStore(path, "ABC123")


@pytest.mark.parametrize(
    ("statement", "words"),
    [("PRAGMA user_version=1", "has no tables"), ("CREATE TABLE shoe (size)", "another program's")],
)
def test_a_database_without_our_tables_is_not_a_store(
    path: Path, statement: str, words: str
) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=words):
        SqliteStore(path, "ABC123")
    with closing(sqlite3.connect(path)) as db:
        assert "session" not in {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    assert before


def test_a_store_of_an_earlier_version_is_accepted(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA application_id=0")
    with closing(SqliteStore(path, "ABC123")) as store:
        assert store.load() == KEPT


def test_a_store_that_was_made_in_part_is_completed(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    assert making.make_unless_there(str(path))
    with closing(SqliteStore(path, "ABC123")) as store:
        store.save(KEPT)
        assert store.load() == KEPT


def test_a_store_of_another_session_is_not_taken_for_a_new_one(path: Path) -> None:
    with pytest.raises(StoreError, match="belongs to session ABC123, not to XYZ999"):
        SqliteStore(path, "XYZ999", alone=True)
    SqliteStore(path, "ABC123", alone=True).close()
    SqliteStore(path, "XYZ999").close()
    SqliteStore(path.with_name("new"), "XYZ999", alone=True).close()


# Making a store.


@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_only_its_owner_can_access_a_store(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with closing(SqliteStore(tmp_path / "s.sqlite", "ABC123")) as store, store.claim():
            store.save(KEPT)
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert set(modes) >= {"s.sqlite", "s.sqlite-wal", "s.sqlite-shm"}
    assert set(modes.values()) == {0o600}


def test_programs_that_make_a_store_at_once_share_one(tmp_path: Path) -> None:
    words = (
        "import sys; from gatepass.storage import SqliteStore;"
        " from gatepass.session.numbers import Numbers\n"
        "s = SqliteStore(sys.argv[1], sys.argv[2]); s.save(Numbers(9, 9)); s.close()"
    )
    path = tmp_path / "s.sqlite"
    programs = [
        subprocess.Popen([sys.executable, "-c", words, str(path), f"S{n}"]) for n in range(4)
    ]
    assert [program.wait() for program in programs] == [0] * 4
    with closing(SqliteDatabase(path)) as file:
        assert {file.store(f"S{n}").load() for n in range(4)} == {Numbers(9, 9)}
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(".new")] == []


@pytest.mark.parametrize("faster", [False, True])
def test_a_store_is_made_even_if_a_file_cannot_have_two_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faster: bool
) -> None:
    path = tmp_path / "s.sqlite"

    def no_links(*_: object) -> None:
        if faster:
            path.write_bytes(making.empty_database())
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(making.os, "link", no_links)
    assert making.make_unless_there(str(path)) is not faster
    assert [file.name for file in tmp_path.iterdir()] == ["s.sqlite"]
    SqliteStore(path, "ABC123").close()


def test_a_circle_of_links_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.symlink_to(path)
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(path, "ABC123")


def test_a_link_makes_the_store_where_it_points(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "s.sqlite").symlink_to(tmp_path / "there" / "real.sqlite")
    with closing(SqliteStore(tmp_path / "s.sqlite", "ABC123")) as store:
        store.save(KEPT)
    assert (tmp_path / "there" / "real.sqlite").stat().st_size
    assert (tmp_path / "s.sqlite").is_symlink()


# A full disk.


def no_space(*_: object, **__: object) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_is_full_when_a_store_is_made_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making.os, "write", no_space)
    with pytest.raises(StoreError, match="its disk is full; make room"):
        SqliteStore(tmp_path / "s.sqlite", "ABC123")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["disk I/O error", "unable to open database file"])
def test_a_full_disk_is_reported_even_if_sqlite_calls_it_another_error(
    path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise sqlite3.OperationalError(words)

    monkeypatch.setattr(database.sqlite3, "connect", fail)
    with pytest.raises(StoreError, match=words):
        SqliteStore(path, "ABC123")
    monkeypatch.setattr(disk.tempfile, "TemporaryFile", no_space)
    with pytest.raises(StoreError, match="its disk is full; make room"):
        SqliteStore(path, "ABC123")


# The session's end.


@pytest.mark.parametrize("damage", [emptied, removed_with_its_journals, written_over_by_a_copy])
def test_a_clients_session_ends_and_sends_nothing_more(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    (tmp_path / "state").mkdir()
    path = tmp_path / "state" / "s.sqlite"
    filled(tmp_path / "copy.sqlite")
    arrived: list[str] = []

    async def story() -> None:
        gateway = Gateway(
            RING, Kind.parse("cgw"), application=lambda _, m: arrived.append(m.get(58) or "")
        )
        port = await gateway.listen("127.0.0.1", 0)
        with closing(SqliteStore(path, "ABC123")) as store:
            try:
                await trade(port, store)
            finally:
                await gateway.close()

    async def trade(port: int, store: SqliteStore) -> None:
        async with connect("127.0.0.1", port, SETTINGS, RING, store, guarded=False) as link:
            link.send("D", [(58, "before")])
            await asyncio.sleep(0.05)
            damage(path)
            with pytest.raises(StoreError, match="while it was open"):
                link.send("D", [(58, "after")])
            await link.closed

    with pytest.raises(StoreError, match="while it was open"):
        asyncio.run(story())
    assert arrived == ["before"]


@pytest.mark.parametrize("damage", [emptied, removed, written_over_by_a_copy])
def test_a_gateways_sessions_end_and_no_logon_is_admitted(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "state" / "s.sqlite"
    path.parent.mkdir()
    filled(tmp_path / "copy.sqlite", "other")
    filled(path, "other")
    SqliteClosedPorts(path).close()
    said: list[Report] = []

    async def story() -> None:
        with (
            closing(SqliteClosedPorts(path)) as ports,
            closing(SqliteDatabase(path)) as file,
        ):
            gateway = Gateway(
                RING, Kind.parse("cgw"), store=file.store, closed_ports=ports, report=said.append
            )
            port = await gateway.listen("127.0.0.1", 0)
            where = ("127.0.0.1", port, SETTINGS, RING)
            async with connect(*where, MemoryStore(), guarded=False):
                pass
            damage(path)
            for _ in range(2):
                with pytest.raises(NoConnectionError, match="closed the connection"):
                    async with connect(*where, MemoryStore(), guarded=False):
                        pass
            await gateway.close()

    asyncio.run(story())
    failures = [report.detail for report in said if report.what == Event.STORE]
    assert len(failures) == 2
    assert all("while it was open" in failure for failure in failures)


def test_the_journal_of_a_store_that_was_just_made_is_not_taken_for_a_lost_ones(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process makes the store between the check for the file and that for its journal."""

    def size_when_another_has_made_it(journal: Path) -> int:
        path.write_bytes(making.empty_database())
        return 1

    monkeypatch.setattr(making, "_size", size_when_another_has_made_it)
    assert not making.make_unless_there(str(path))
