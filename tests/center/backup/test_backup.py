"""A backup is the store at one moment; a restore says what would be lost."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from gatepass.center.audit.verifying import verify
from gatepass.center.backup.backup import backup
from gatepass.center.backup.copying import digest_of
from gatepass.center.backup.restore import restore
from gatepass.center.pairs import firms, pairs
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.database import Database
from gatepass.center.store.schema import audit as log
from gatepass.errors import DatabaseError, VaultError
from tests.center.pairs.test_pairs import delete, download, states
from tests.center.world import ENVELOPE_KEY, World, make_center

KEYS = LocalKeys([ENVELOPE_KEY])


@pytest.fixture
def saved(world: World, tmp_path: Path) -> Path:
    pairs.generate(world.center, world.manager, "ABC")
    world.clock.go(hours=1)
    pairs.generate(world.center, world.manager, "ABC")
    path = tmp_path / "center.backup"
    backup(world.center, path)
    return path


def content(database: Database) -> str:
    with database.read() as connection:
        return digest_of(connection).hex()


def test_a_backup_is_one_private_file(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    backup(world.center, folder / "center.backup")
    (only,) = folder.iterdir()
    assert stat.S_IMODE(only.stat().st_mode) == 0o600


def test_a_backup_is_restored_into_a_new_store(world: World, saved: Path, empty_url: str) -> None:
    names = list(states(world))
    before = download(world, *names)
    fresh = Database(empty_url)
    try:
        assert restore(fresh, KEYS, saved, clock=world.clock) is None
        center = make_center(fresh, world.clock, world.outbox)
        assert verify(fresh, center.vault).broken is None
        again = World(center, world.clock, world.outbox, *_actors(world))
        assert download(again, *names) == before
        # New rows get numbers after the copied ones.
        pairs.generate(center, world.manager, "DEF")
        firms.add_firm(center, "Gamma")
    finally:
        fresh.close()


def _actors(world: World) -> tuple[object, ...]:
    return world.manager, world.keys, world.reader, world.foreign


def test_a_restore_without_any_loss_needs_no_replace(world: World, saved: Path) -> None:
    assert restore(world.center.database, KEYS, saved, clock=world.clock) is None
    with world.center.database.read() as connection:
        last = connection.execute(select(log).order_by(log.c.id.desc()).limit(1)).one()
    assert last.action == "restore"


def test_a_restore_with_a_loss_names_it_and_needs_replace(world: World, saved: Path) -> None:
    center, database = world.center, world.center.database
    kept, deleted = reversed(states(world))
    delete(world, deleted)
    made = pairs.generate(center, world.manager, "DEF").access_key_id
    before = content(database)

    with pytest.raises(DatabaseError, match="--replace") as refusal:
        restore(database, KEYS, saved, clock=world.clock)
    said = str(refusal.value)
    assert f"would stop working: {made};" in said
    assert f"would work again: {deleted}:" in said
    assert kept not in said
    assert content(database) == before

    loss = restore(database, KEYS, saved, replace=True, clock=world.clock)
    assert loss is not None
    assert (loss.gone, loss.revived, loss.foreign) == ((made,), (deleted,), False)
    assert {state.value for state in states(world).values()} == {"active"}
    assert verify(database, center.vault).broken is None


def test_a_backup_of_another_store_is_refused(world: World, saved: Path, empty_url: str) -> None:
    other = Database(empty_url)
    try:
        other.upgrade()
        firms.add_firm(make_center(other, world.clock, world.outbox), "Other")
        before = content(other)
        with pytest.raises(DatabaseError, match="another store"):
            restore(other, KEYS, saved, clock=world.clock)
        assert content(other) == before
    finally:
        other.close()


def test_a_restore_with_another_envelope_key_is_refused(world: World, saved: Path) -> None:
    with pytest.raises(VaultError, match="envelope key"):
        restore(world.center.database, LocalKeys([bytes(32)]), saved, replace=True)


CHANGES: dict[str, str] = {
    "a pair's state": "UPDATE pair SET state = 'expired', slot = NULL, ended_at = created_at",
    "a role": "UPDATE person SET role = 'MANAGER' WHERE name = 'rae'",
    "a lost row": "DELETE FROM pair_version WHERE id = 1",
    "the manifest": "UPDATE backup_manifest SET text = replace(text, '\"pair\": 2', '\"pair\": 1')",
    "no manifest": "DELETE FROM backup_manifest",
    "an older gatepass": "UPDATE backup_manifest SET text = replace(text, '0003', '0002')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_backup_is_refused(world: World, saved: Path, change: str) -> None:
    with sqlite3.connect(saved) as raw:
        assert raw.execute(CHANGES[change]).rowcount > 0
    raw.close()
    before = content(world.center.database)
    with pytest.raises(DatabaseError, match="backup"):
        restore(world.center.database, KEYS, saved, replace=True)
    assert content(world.center.database) == before


def _whole(path: Path) -> bytes:
    """An SQLite database with several pages."""
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE backup_manifest (text TEXT, mac BLOB)")
        raw.execute("INSERT INTO backup_manifest VALUES (?, ?)", ("{}" * 8000, b""))
    raw.close()
    return path.read_bytes()


FILES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.exists(),
    "empty": lambda path: path.write_bytes(b""),
    "other": lambda path: path.write_bytes(b"not a database at all" * 1000),
    "folder": lambda path: path.mkdir(),
    "cut off": lambda path: path.write_bytes(_whole(path)[:9000]),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_not_a_backup_is_refused(world: World, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    FILES[kind](path)
    with pytest.raises(DatabaseError, match="path") as caught:
        restore(world.center.database, KEYS, path, replace=True)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_backup_replaces_no_file(world: World, saved: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(DatabaseError, match="already exists"):
        backup(world.center, saved)
    assert saved.read_bytes() == before


def test_a_backup_needs_an_existing_folder(world: World, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="folder exists"):
        backup(world.center, tmp_path / "no" / "center.backup")


def test_a_restored_store_has_the_same_keys(world: World, saved: Path) -> None:
    restore(world.center.database, KEYS, saved, clock=world.clock)
    vault = Vault(KEYS)
    vault.prepare(world.center.database)
    assert vault.mac_key("x") == world.center.vault.mac_key("x")
