"""At a Logon a gateway reads only what has changed in the store."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from gatepass.center.backup.backup import backup
from gatepass.center.backup.restore import restore
from gatepass.center.pairs import firms, handover, pairs
from gatepass.center.pairs.firms import SessionKind
from gatepass.center.pairs.key_source import RECOVERY_GAP, CenterKeys
from gatepass.center.pairs.rewrap import rewrap
from gatepass.center.pairs.sweep import SECRETS_KEPT, sweep
from gatepass.center.people.codes import Purpose
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.secrets.vault import Vault
from gatepass.center.store import changes
from gatepass.center.store.database import Database
from gatepass.center.store.schema import session
from gatepass.errors import DatabaseError, VaultError
from gatepass.keys import KeyRing
from tests.center.audit.test_matching import generate, remove, write
from tests.center.following import Gateway, gateway, grow, log_on
from tests.center.world import ENVELOPE_KEY, World

HOUR = timedelta(hours=1)


#: Frequent events for a pair of session ABC.
NOTHING_OF_PAIRS: dict[str, Callable[[World, str], object]] = {
    "nothing": lambda _, __: None,
    "a log-on": lambda world, _: log_on(world),
    "a code": lambda world, key: pairs.request_code(
        world.center, world.manager, Purpose.DOWNLOAD, [key]
    ),
    "a page": lambda world, _: firms.list_sessions(world.center, world.manager),
    "a session without pairs": lambda world, _: firms.add_session(
        world.center, "Alpha", "NEW", SessionKind.ILINK, "maria"
    ),
    "a sweep": lambda world, _: sweep(world.center),
}


@pytest.mark.parametrize("happens", NOTHING_OF_PAIRS.values(), ids=NOTHING_OF_PAIRS)
def test_an_event_that_touches_no_pair_reads_no_pair(
    world: World, happens: Callable[[World, str], object]
) -> None:
    key = generate(world)
    its = gateway(world)
    before = its.keys.ring
    happens(world, key)
    assert its.look() == [key]
    assert its.rows == [0]
    assert its.keys.ring is before


def rotate(world: World, name: str) -> list[int]:
    """Generate two pairs and delete one; return how many rows were read before and after each."""
    its = gateway(world)
    before = its.look()
    first = generate(world, name)
    assert its.look() == [*before, first]
    second = generate(world, name)
    assert its.look() == [*before, first, second]
    remove(world, first)
    assert its.look() == [*before, second]
    assert its.look() == [*before, second]
    return its.rows


def test_a_generated_pair_reads_one_pair_in_a_store_of_any_size(world: World) -> None:
    small = rotate(world, "ABC")
    grow(world)
    # A session is read with its pairs, at most two.
    assert rotate(world, "DEF") == small == [0, 1, 2, 1, 0]


def test_a_ring_does_not_change_once_it_is_in_use(world: World) -> None:
    key = generate(world)
    its = gateway(world)
    before = its.keys.ring
    other = generate(world, "DEF")
    remove(world, key)
    assert its.look() == [other]
    assert [one.access_key_id for one in before] == [key]
    assert before.find(key) is not None
    assert before.serving("ABC123")
    assert isinstance(before, KeyRing)


def test_a_pair_that_makes_room_and_one_that_expires_disappear(large: World) -> None:
    world = large
    first, second = generate(world), generate(world)
    its = gateway(world)
    its.look()
    third = generate(world, delete=first)
    found = its.look()
    assert first not in found
    assert {second, third} < set(found)
    end = firms.find_session(world.center, world.manager, "ABC").pairs[1].expires_at
    world.clock.now = end
    assert sweep(world.center, accept_clock=True).expired == 1
    assert second not in its.look()
    assert its.rows == [0, 2, 1]


def test_a_removed_session_and_a_new_one_with_its_name_are_followed(world: World) -> None:
    key = generate(world)
    its = gateway(world)
    remove(world, key)
    firms.remove_session(world.center, "ABC")
    firms.add_session(world.center, "Beta", "ABC", SessionKind.ILINK, "bob")
    assert its.look() == []
    new = pairs.generate(world.center, world.foreign, "ABC").access_key_id
    assert its.look() == [new]
    removed = update(session).where(session.c.name == "ABC").values(removed_at=world.clock())
    write(world, removed)
    assert its.look() == []


def test_a_hand_over_changes_no_pair(world: World) -> None:
    key = generate(world)
    its = gateway(world)
    before = its.keys.ring
    handover.hand_over(world.center, "ABC", "kim")
    assert its.look() == [key]
    assert its.keys.ring is before


def test_a_restored_store_is_read_completely(large: World, tmp_path: Path) -> None:
    world = large
    key = generate(world)
    path = tmp_path / "center.backup"
    backup(world.center, path)
    its = gateway(world)
    before = its.look()
    remove(world, key)
    later = generate(world, "DEF")
    assert its.look() == [*before[:-1], later]
    restore(world.center.database, LocalKeys([ENVELOPE_KEY]), path, replace=True, clock=world.clock)
    assert its.look() == before
    # After that it is followed as before.
    its.rows.clear()
    new = generate(world, "DEF")
    assert its.look() == [*before, new]
    assert its.rows == [1]


def test_a_secret_that_can_be_opened_after_a_rewrap_is_used(large: World) -> None:
    world, old = large, LocalKeys([ENVELOPE_KEY])
    key = generate(world)
    new = LocalKeys([bytes(32), ENVELOPE_KEY])
    vault = Vault(new)
    vault.prepare(world.center.database)
    later = generate(replace(world, center=replace(world.center, vault=vault)), "DEF")
    its = Gateway(CenterKeys(world.center.database, Vault(old)), world.center.database)
    assert later not in its.look()
    assert rewrap(world.center).wrapped == 0
    back = replace(world.center, vault=Vault(LocalKeys([ENVELOPE_KEY, bytes(32)])))
    back.vault.prepare(back.database)
    assert rewrap(back).wrapped == 1
    assert {key, later} < set(its.look())
    assert its.rows == [0, 1]


@dataclass
class Provider:
    """Has the envelope key elsewhere, and sometimes does not answer."""

    keys: LocalKeys
    away: bool = False

    @property
    def current(self) -> str:
        return self.keys.current

    def wrap(self, data_key: bytes, subject: bytes) -> bytes:
        return self.keys.wrap(data_key, subject)

    def unwrap(self, wrapped: bytes, subject: bytes, envelope: str) -> bytes:
        if self.away:
            raise VaultError("the provider does not answer")
        return self.keys.unwrap(wrapped, subject, envelope)


def test_a_pair_that_could_not_be_opened_is_tried_again_when_something_is_logged(
    large: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = large
    provider = Provider(LocalKeys([ENVELOPE_KEY]))
    its = Gateway(
        CenterKeys(world.center.database, Vault(provider)),
        world.center.database,
    )
    before = its.look()
    provider.away = True
    key = generate(world)
    assert its.look() == before
    log_on(world)
    assert its.look() == before
    provider.away = False
    assert its.look() == before
    log_on(world)
    assert its.look() == [*before, key]
    log_on(world)
    assert its.look() == [*before, key]
    assert its.rows == [0, 1, 1, 0, 1, 0]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_two_gateways_each_read_what_changed(large: World) -> None:
    world = large
    url = world.center.database.engine.url.render_as_string(hide_password=False)
    with closing(Database(url)) as elsewhere:
        one = gateway(world)
        other = Gateway(CenterKeys(elsewhere, world.center.vault), elsewhere)
        generate(world)
        found = one.look()
        generate(world, "DEF")
        assert other.look() == one.look()
        assert set(found) < set(other.look())
        assert (one.rows, other.rows) == ([1, 1], [2, 0])


def test_a_database_that_is_available_again_is_read_completely(
    large: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been restored meanwhile."""
    world = large
    its = gateway(world)
    before = its.look()

    def gone(_self: Database) -> object:
        raise DatabaseError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(Database, "read", gone)
        assert its.look() == before
    key = generate(world)
    assert its.look() == [*before, key]
    assert its.look() == [*before, key]
    assert its.rows == [0, 0, len(before) + 1, 0]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("how", ["replaced", "removed"])
def test_a_database_file_that_is_replaced_or_removed_is_noticed(
    world: World, tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An open file could still be read, with pairs that were deleted since."""
    key = generate(world)
    its = gateway(world)
    assert its.look() == [key]
    url = world.center.database.engine.url
    path, copy = Path(url.database or ""), tmp_path / "copy.sqlite"
    raw = sqlite3.connect(path)
    raw.execute("VACUUM INTO ?", (str(copy),))
    raw.close()
    raw = sqlite3.connect(copy)
    raw.execute("UPDATE pair SET slot = NULL, state = 'deleted', ended_at = created_at")
    raw.commit()
    raw.close()
    if how == "replaced":
        # A write-ahead log belongs to the file beside it.
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        copy.rename(path)
        assert its.look() == []
    else:
        path.unlink()
        assert its.look() == its.look() == [key]
        assert caplog.text.count("is missing or cannot be read") == 1


def test_many_changes_at_once_are_read_together(
    large: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST", 2)
    world = large
    its = gateway(world)
    before = its.look()
    new = [generate(world, name) for name in ("ABC", "DEF", "ABC123")]
    assert its.look() == [*before, *new]
    assert its.rows == [0, len(before) + len(new)]


def test_a_disaster_view_reads_only_what_changed_and_stays_as_it_was(large: World) -> None:
    world = large
    key = generate(world)
    at = world.clock() + RECOVERY_GAP
    world.clock.go(hours=1)
    its = gateway(world, at)
    before, ring = its.look(), its.keys.ring
    assert key in before
    log_on(world)
    assert its.look() == before
    generate(world)
    assert its.look() == before
    remove(world, key)
    assert its.look() == before
    assert its.rows == [0, 0, 1, 1]
    assert its.keys.ring is ring


def test_a_view_of_a_future_disaster_follows_the_store(large: World) -> None:
    world = large
    its = gateway(world, world.clock() + RECOVERY_GAP + HOUR)
    before = its.look()
    key = generate(world)
    assert its.look() == [*before, key]
    remove(world, key)
    assert its.look() == before
    assert its.rows == [0, 1, 0]


def test_a_disaster_view_is_read_completely_when_its_store_is_restored(
    large: World, tmp_path: Path
) -> None:
    world = large
    path = tmp_path / "center.backup"
    backup(world.center, path)
    world.clock.go(minutes=1)
    key = generate(world)
    its = gateway(world, world.clock() + RECOVERY_GAP)
    assert key in its.look()
    restore(world.center.database, LocalKeys([ENVELOPE_KEY]), path, replace=True, clock=world.clock)
    assert key not in its.look()


def test_an_erased_secret_is_not_in_a_disaster_view(large: World) -> None:
    world = large
    key = generate(world)
    at = world.clock() + RECOVERY_GAP
    world.clock.go(hours=1)
    remove(world, key)
    its = gateway(world, at)
    assert key in its.look()
    world.clock.now += SECRETS_KEPT + HOUR
    assert sweep(world.center, accept_clock=True).erased == 1
    assert key not in its.look()
    assert its.rows == [0, 1]


def test_an_erased_secret_is_not_tried_again_at_each_event(
    large: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = large
    key = generate(world)
    at = world.clock() + RECOVERY_GAP
    world.clock.go(hours=1)
    remove(world, key)
    world.clock.now += SECRETS_KEPT + HOUR
    assert sweep(world.center, accept_clock=True).erased == 1
    its = gateway(world, at)
    assert key not in its.look()
    log_on(world)
    assert key not in its.look()
    assert its.rows == [0, 0]
    assert caplog.text.count("too long ago") == 1
