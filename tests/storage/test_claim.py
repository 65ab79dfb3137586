"""One client at a time may use a session's store; a crash releases it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from gatepass.client import connect
from gatepass.errors import NoConnectionError, StoreError
from gatepass.fix.settings import ClientSettings
from gatepass.keys import KeyRing, generate_pair
from gatepass.session.numbers import Numbers
from gatepass.session.store import MemoryStore, Store, claim
from gatepass.storage import SqliteDatabase, SqliteStore

HOLDER = """
import sys, time
from gatepass.storage import SqliteStore
with SqliteStore(sys.argv[1], "ABC123").claim():
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(params=["memory", "memory file", "file", "shared file"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Two stores of the same session."""
    path = tmp_path / "s.sqlite"
    if request.param == "memory":
        store = MemoryStore()
        yield store, store
    elif request.param == "memory file":
        with closing(SqliteStore(":memory:", "ABC123")) as file:
            yield file, file
    elif request.param == "file":
        with (
            closing(SqliteStore(path, "ABC123")) as first,
            closing(SqliteStore(path, "ABC123")) as second,
        ):
            yield first, second
    else:
        with (
            closing(SqliteDatabase(path)) as database,
            closing(SqliteStore(path, "ABC123")) as second,
        ):
            yield database.store("ABC123"), second


def test_a_second_claim_is_refused_until_the_first_is_over(pair: tuple[Store, Store]) -> None:
    first, second = pair
    for _ in range(2):
        with claim(first):
            for store in pair:
                with (
                    pytest.raises(StoreError, match=r"is in use: this process .*; end that first"),
                    claim(store),
                ):
                    raise AssertionError
        with pytest.raises(ZeroDivisionError), claim(second):
            raise ZeroDivisionError


def test_a_file_is_claimed_under_every_path_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.sqlite").symlink_to("s.sqlite")
    (tmp_path / "folder").mkdir()
    with closing(SqliteStore("s.sqlite", "ABC123")) as first, claim(first):
        for path in ("s.sqlite", "link.sqlite", "folder/../s.sqlite", tmp_path / "s.sqlite"):
            with (
                closing(SqliteStore(path, "ABC123")) as second,
                pytest.raises(StoreError, match="is in use"),
                claim(second),
            ):
                raise AssertionError
        # The path is resolved when the store is opened.
        monkeypatch.chdir(tmp_path / "folder")
        first.save(Numbers(next_out=2))
        with (
            closing(SqliteStore("../link.sqlite", "ABC123")) as second,
            pytest.raises(StoreError, match="is in use"),
            claim(second),
        ):
            raise AssertionError


def test_a_store_without_a_path_is_refused() -> None:
    with pytest.raises(StoreError, match="has no path"):
        SqliteStore("", "ABC123")


def test_each_session_of_a_file_has_its_own_claim(tmp_path: Path) -> None:
    with closing(SqliteDatabase(tmp_path / "s.sqlite")) as file:
        stores = [file.store(name) for name in ("ABC123", "ABC999", "../ABC 123")]
        with claim(stores[0]), claim(stores[1]), claim(stores[2]):
            assert all(path.parent == tmp_path for path in tmp_path.iterdir())


def test_killing_a_process_releases_its_claim(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with (
        closing(SqliteStore(path, "ABC123")) as store,
        subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE) as it,
    ):
        assert it.stdout is not None
        assert it.stdout.readline() == b"held\n"
        words = f"process {it.pid} is logged on with session ABC123"
        with pytest.raises(StoreError, match=words), claim(store):
            raise AssertionError
        it.kill()
        it.wait()
        with claim(store):
            pass


def test_a_lock_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with closing(SqliteStore(path, "ABC123")) as store:
        (tmp_path / "s.sqlite.ABC123.lock").mkdir()
        with pytest.raises(StoreError, match="cannot be claimed"), claim(store):
            raise AssertionError


class Own:
    """A store with only the required methods."""

    def load(self) -> Numbers:
        return Numbers()


def test_a_store_without_a_claim_method_is_used_without_a_claim() -> None:
    store: Store = Own()  # type: ignore[assignment]
    with claim(store), claim(store):
        pass


def test_connect_refuses_a_store_in_use_with_or_without_a_backup() -> None:
    store = MemoryStore()
    expires = date(date.today().year + 1, 6, 1)
    ring = KeyRing([generate_pair("ABC", date(2026, 1, 5), expires).key_pair()])
    settings = ClientSettings("ABC123U", "OP1", "G", "US", "SYS", "1.0", "V")

    # Nothing listens there.
    here = ("127.0.0.1", 1)

    async def attempt(*, backup: bool) -> None:
        async with (
            connect(*here, settings, ring, store, backup=here)
            if backup
            else connect(*here, settings, ring, store)
        ):
            raise AssertionError

    for backup in (False, True):
        with claim(store), pytest.raises(StoreError):
            asyncio.run(attempt(backup=backup))
        # A failed attempt releases its claim.
        with pytest.raises(NoConnectionError):
            asyncio.run(attempt(backup=backup))
    with claim(store):
        pass
