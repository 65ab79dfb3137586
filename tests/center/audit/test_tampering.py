# ruff: noqa: S608 - statements of these tests' own texts
"""Altered values in the store: a typed error that names the pair, no traceback."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gatepass.center import background
from gatepass.center.backup.backup import backup
from gatepass.center.backup.restore import restore
from gatepass.center.pairs import pairs
from gatepass.center.pairs.key_source import CenterKeys
from gatepass.center.people.codes import Purpose
from gatepass.center.secrets.envelope import TAMPERED, LocalKeys
from gatepass.errors import DatabaseError, GatepassError, VaultError
from tests.center.pairs.test_pairs import download
from tests.center.world import ENVELOPE_KEY, World

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

SEALS = ["X''", "X'01'", "X'0110FFFF'"]
#: Times that no pair has: it would live longer than the rules allow.
TIMES = [
    ("created_at", "'2020-03-04 15:00:00.000000'"),
    ("expires_at", "'2036-03-04 15:00:00.000000'"),
]
VALUES = {"sealed": SEALS, "environment": ["' '"]}
CASES = TIMES + [(column, value) for column, values in VALUES.items() for value in values]


def change(world: World, statement: str) -> None:
    world.center.database.write(lambda connection: connection.execute(text(statement)))


@pytest.mark.parametrize(("column", "value"), CASES)
def test_one_bad_pair_hides_no_other_at_the_gateway(
    world: World, column: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = (
        pairs.generate(world.center, world.manager, name).access_key_id for name in ("ABC", "DEF")
    )
    change(world, f"UPDATE pair SET {column} = {value} WHERE access_key_id = '{bad}'")
    with caplog.at_level(logging.ERROR):
        keys = CenterKeys(world.center.database, world.center.vault)
        names = {pair.access_key_id for pair in keys.ring}
        assert names - {bad} == {good}
        if bad not in names:
            assert caplog.text.count("is left out") == 1


def test_one_bad_pair_hides_no_other_after_a_disaster(world: World) -> None:
    bad, good = (
        pairs.generate(world.center, world.manager, name).access_key_id for name in ("ABC", "DEF")
    )
    change(world, f"UPDATE pair SET created_at = {TIMES[0][1]} WHERE access_key_id = '{bad}'")
    later = world.clock() + timedelta(hours=1)
    keys = CenterKeys(world.center.database, world.center.vault, later)
    assert {pair.access_key_id for pair in keys.ring} == {good}


@pytest.mark.parametrize("name", ["'5'", "'another'"])
def test_a_bad_name_hides_no_other(world: World, name: str) -> None:
    bad, good = (
        pairs.generate(world.center, world.manager, name).access_key_id for name in ("ABC", "DEF")
    )
    change(world, f"UPDATE pair SET access_key_id = {name} WHERE access_key_id = '{bad}'")
    keys = CenterKeys(world.center.database, world.center.vault)
    assert {pair.access_key_id for pair in keys.ring} == {good}


@pytest.mark.parametrize("value", SEALS)
def test_a_download_of_an_altered_seal_names_the_pair(world: World, value: str) -> None:
    bad = pairs.generate(world.center, world.manager, "ABC").access_key_id
    pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, [bad])
    code = world.outbox.last_code
    change(world, f"UPDATE pair SET sealed = {value}")
    with pytest.raises(VaultError, match=f"key pair {bad}"):
        pairs.download(world.center, world.manager, [bad], code)


@pytest.mark.parametrize(("column", "value"), TIMES)
def test_a_download_of_a_pair_that_lives_too_long_names_it(
    world: World, column: str, value: str
) -> None:
    bad = pairs.generate(world.center, world.manager, "ABC").access_key_id
    change(world, f"UPDATE pair SET {column} = {value}")
    with pytest.raises(VaultError, match=f"key pair {bad}"):
        download(world, bad, actor=world.manager)


@pytest.mark.parametrize(("column", "value"), TIMES)
def test_a_sweep_names_a_bad_pair_and_skips_it(world: World, column: str, value: str) -> None:
    bad, good = (
        pairs.generate(world.center, world.manager, name).access_key_id for name in ("ABC", "DEF")
    )
    world.clock.go(days=360)  # Warnings are due, and the end of the altered pair.
    change(world, f"UPDATE pair SET {column} = {value} WHERE access_key_id = '{bad}'")
    first = background.sweep_all(world.center, accept_clock=True)
    assert first.warned
    assert first.broken
    assert bad in first.broken[0]
    world.clock.go(days=30)
    second = background.sweep_all(world.center, accept_clock=True)
    assert second.expired >= 1
    assert second.broken
    query = text(f"SELECT state FROM pair WHERE access_key_id = '{good}'")
    with world.center.database.read() as connection:
        assert connection.execute(query).scalar_one() == "expired"
    world.clock.go(days=2)
    assert background.sweep_all(world.center, accept_clock=True).broken


@pytest.mark.parametrize("value", ["X''", "X'01'"])
def test_a_malformed_root_secret_is_refused(world: World, value: str) -> None:
    change(world, f"UPDATE root SET sealed = {value}")
    with pytest.raises(VaultError, match="restore"):
        CenterKeys(world.center.database, world.center.vault)


#: A table that accepts any value, instead of the strict one.
LOOSE = (
    "CREATE TABLE loose AS SELECT * FROM pair; DROP TABLE pair; ALTER TABLE loose RENAME TO pair"
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE backup_manifest SET text = 'x'",
        "UPDATE backup_manifest SET text = '{}'",
        "UPDATE backup_manifest SET text = '[]'",
        "UPDATE backup_manifest SET text = X'ff'",
        "UPDATE backup_manifest SET text = NULL",
        "UPDATE backup_manifest SET mac = 'x'",
        "UPDATE backup_manifest SET mac = 5",
        "UPDATE backup_manifest SET mac = NULL",
        "UPDATE pair SET environment = 'other'",
        f"{LOOSE}; UPDATE pair SET created_at = 'garbage'",
        f"{LOOSE}; UPDATE pair SET created_at = 5",
        f"{LOOSE}; UPDATE pair SET environment = CAST(X'eda080' AS TEXT)",
        f"{LOOSE}; UPDATE pair SET environment = X'6161'",
        "UPDATE root SET sealed = X''",
        "UPDATE person SET role = 'READER'",
        "DROP TABLE code",
    ],
)
def test_a_changed_backup_is_refused(world: World, tmp_path: Path, statement: str) -> None:
    pairs.generate(world.center, world.manager, "ABC")
    path = tmp_path / "changed.backup"
    backup(world.center, path)
    path.chmod(0o600)
    with closing(sqlite3.connect(path)) as changed:
        changed.executescript(statement)
    with pytest.raises(GatepassError) as refused:
        restore(world.center.database, LocalKeys([ENVELOPE_KEY]), path, replace=True)
    assert isinstance(refused.value, DatabaseError | VaultError)


def test_the_secret_of_a_renamed_pair_is_erased(world: World) -> None:
    keys = [
        pairs.generate(world.center, world.manager, name).access_key_id for name in ("ABC", "DEF")
    ]
    for key in keys:
        pairs.request_code(world.center, world.manager, Purpose.DELETE, [key])
        pairs.delete(world.center, world.manager, key, world.outbox.last_code)
    change(world, f"UPDATE pair SET access_key_id = '5' WHERE access_key_id = '{keys[0]}'")
    world.clock.go(days=40)
    swept = background.sweep_all(world.center, accept_clock=True)
    assert swept.erased == 2
    assert not swept.broken
    with world.center.database.read() as connection:
        for left in ("pair WHERE sealed IS NOT NULL", "code"):
            query = text(f"SELECT count(*) FROM {left}")
            assert connection.execute(query).scalar_one() == 0


def test_the_sweep_names_a_pair_that_would_never_expire(world: World) -> None:
    bad, _ = (
        pairs.generate(world.center, world.manager, name).access_key_id for name in ("ABC", "DEF")
    )
    change(world, f"UPDATE pair SET expires_at = {TIMES[1][1]} WHERE access_key_id = '{bad}'")
    assert [*background.sweep_all(world.center).broken] == [f"key pair {bad}: {TAMPERED}"]
