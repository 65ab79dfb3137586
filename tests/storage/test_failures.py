"""An unusable file gives a `StoreError` that says what to do, and what was stored stays."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gatepass.errors import StoreError
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.storage import SqliteDatabase, SqliteStore, database

BEFORE = Numbers(2, 3, "2026-03-01")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT", 0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "week.sqlite"


@pytest.fixture
def store(path: Path, _impatient: None) -> Iterator[SqliteStore]:
    opened = SqliteStore(path, "ABC123")
    opened.save(BEFORE, SentMessage(1, b"first", True), ReceivedMessage(2, b"second"))
    yield opened
    opened.close()


def locked(_store: SqliteStore, path: Path) -> Callable[[], None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def full(store: SqliteStore, _path: Path) -> Callable[[], None]:
    db = store._file._db
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count={pages}")
    return lambda: db.execute("PRAGMA max_page_count=1000000") and None


def read_only(store: SqliteStore, _path: Path) -> Callable[[], None]:
    store._file._db.execute("PRAGMA query_only=1")
    return lambda: store._file._db.execute("PRAGMA query_only=0") and None


@pytest.mark.parametrize(
    ("spoil", "words", "advice"),
    [
        (locked, "database is locked", "end the other program"),
        (full, "database or disk is full", "make room"),
        (read_only, "attempt to write a readonly database", "let this user write"),
    ],
)
def test_a_save_that_fails_changes_nothing(
    store: SqliteStore,
    path: Path,
    spoil: Callable[[SqliteStore, Path], Callable[[], None]],
    words: str,
    advice: str,
) -> None:
    repair = spoil(store, path)
    much = b"x" * 100_000
    with pytest.raises(StoreError) as caught:
        store.save(Numbers(3, 4), SentMessage(2, much, True), ReceivedMessage(3, much))
    assert str(caught.value).startswith(f"the session store {path} cannot be written: {words}; ")
    assert advice in str(caught.value)
    assert caught.value.path == str(path)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301
    repair()
    assert store.load() == BEFORE
    assert [kept.wire for kept in store.sent(1, 9)] == [b"first"]
    assert [kept.wire for kept in store.undelivered()] == [b"second"]
    store.save(Numbers(3, 4))
    assert store.load() == Numbers(3, 4)


@pytest.mark.parametrize(
    ("content", "words", "advice"),
    [
        (b"this is no database" * 99, "cannot be opened: file is not a database", "another path"),
        (None, "cannot be opened: unable to open database file", "its folder"),
    ],
)
def test_a_file_that_cannot_be_opened_says_what_to_do(
    tmp_path: Path, content: bytes | None, words: str, advice: str
) -> None:
    path = tmp_path / ("file" if content else "no-folder/file")
    if content:
        path.write_bytes(content)
    for make in (lambda: SqliteStore(path, "ABC123"), lambda: SqliteDatabase(path)):
        with pytest.raises(StoreError) as caught:
            make()
        assert words in str(caught.value)
        assert advice in str(caught.value)


def test_another_programs_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE session (shoe TEXT)")
    with pytest.raises(StoreError, match="made by another version of gatepass"):
        SqliteStore(path, "ABC123")


def test_a_damaged_file_is_refused(store: SqliteStore, path: Path) -> None:
    store.save(BEFORE, SentMessage(5, b"x" * 100_000, True))
    store.close()
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 100_000)
    with pytest.raises(StoreError) as caught:
        SqliteStore(path, "ABC123")
    assert "restore it from a copy" in str(caught.value)


def test_every_call_of_a_closed_store_raises(path: Path) -> None:
    database = SqliteDatabase(path)
    store = database.store("ABC123")
    database.close()
    calls: list[Callable[[], object]] = [
        store.load,
        lambda: store.save(Numbers()),
        lambda: store.sent(1, 9),
        store.undelivered,
        lambda: store.delivered(1, ""),
    ]
    for call in calls:
        with pytest.raises(StoreError, match="closed database; keep it open"):
            call()


def test_thousands_of_sessions_share_one_connection(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, opened = sqlite3.connect, []

    def counting(*args: object, **options: object) -> sqlite3.Connection:
        opened.append(args)
        return connect(*args, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(sqlite3, "connect", counting)
    database = SqliteDatabase(path)
    stores = [database.store(f"S{number:05d}") for number in range(2000)]
    for number, store in enumerate(stores):
        if number % 100 == 0:
            store.save(Numbers(number + 1, 1))
            store.close()
    assert [store.load().next_out for store in stores[::100]] == list(range(1, 2000, 100))
    assert stores[1].load() == Numbers()
    assert len(opened) == 1
    database.close()
