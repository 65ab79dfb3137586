# ruff: noqa: S608 - statements of these tests' own texts
"""Values of another type in the store: a typed error that names the pair, and no traceback."""

from __future__ import annotations

import logging
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
from gatepass.center.store.database import Database
from gatepass.errors import DatabaseError, GatepassError, VaultError
from tests.center.pairs.test_pairs import download
from tests.center.world import ENVELOPE_KEY, World

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

SEALS = ["NULL", "5", "'text'", "X''", "X'01'", "X'0110FFFF'"]
VALUES = {
    "sealed": SEALS,
    "created_at": ["'garbage'", "5", "X'00'"],
    "expires_at": ["'garbage'", "5"],
    "environment": ["CAST(X'eda080' AS TEXT)", "X'6161'"],
}
CASES = [(column, value) for column, values in VALUES.items() for value in values]


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
    change(world, f"UPDATE pair SET created_at = 'garbage' WHERE access_key_id = '{bad}'")
    later = world.clock() + timedelta(hours=1)
    keys = CenterKeys(world.center.database, world.center.vault, later)
    assert {pair.access_key_id for pair in keys.ring} == {good}


@pytest.mark.parametrize("name", ["X'00ff'", "CAST(X'eda080' AS TEXT)", "5"])
def test_a_bad_name_hides_no_other(world: World, name: str) -> None:
    bad, good = (
        pairs.generate(world.center, world.manager, name).access_key_id for name in ("ABC", "DEF")
    )
    change(world, f"UPDATE pair SET access_key_id = {name} WHERE access_key_id = '{bad}'")
    keys = CenterKeys(world.center.database, world.center.vault)
    assert {pair.access_key_id for pair in keys.ring} == {good}


@pytest.mark.parametrize("value", SEALS)
def test_a_download_names_the_pair(world: World, value: str) -> None:
    bad = pairs.generate(world.center, world.manager, "ABC").access_key_id
    pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, [bad])
    code = world.outbox.last_code
    change(world, f"UPDATE pair SET sealed = {value}")
    with pytest.raises(VaultError, match=f"key pair {bad}|key pair with the id 1"):
        pairs.download(world.center, world.manager, [bad], code)


@pytest.mark.parametrize("column", ["created_at", "expires_at"])
def test_a_download_of_a_pair_with_a_bad_time(world: World, column: str) -> None:
    bad = pairs.generate(world.center, world.manager, "ABC").access_key_id
    change(world, f"UPDATE pair SET {column} = 'garbage'")
    with pytest.raises(VaultError, match="id 1"):
        download(world, bad, actor=world.manager)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("created_at", "'garbage'"),
        ("state", "'weird'"),
        ("access_key_id", "X'35'"),
        ("expires_at", "5"),
    ],
)
def test_a_sweep_passes_one_bad_pair_over(world: World, column: str, value: str) -> None:
    bad, good = (
        pairs.generate(world.center, world.manager, name).access_key_id for name in ("ABC", "DEF")
    )
    world.clock.go(days=360)  # Warnings are due, and the lapse of a time that is none.
    statement = f"UPDATE pair SET {column} = {value} WHERE access_key_id = '{bad}'"
    world.center.database.write(
        lambda connection: (
            connection.execute(text("PRAGMA ignore_check_constraints = ON")),
            connection.execute(text(statement)),
        )
    )
    first = background.sweep_all(world.center, accept_clock=True)
    assert first.warned
    assert first.broken
    assert "id 1" in first.broken[0]
    world.clock.go(days=30)
    second = background.sweep_all(world.center, accept_clock=True)
    assert second.expired >= 1
    assert second.broken
    query = text(f"SELECT state FROM pair WHERE access_key_id = '{good}'")
    with world.center.database.read() as connection:
        assert connection.execute(query).scalar_one() == "expired"
    world.clock.go(days=2)
    assert background.sweep_all(world.center, accept_clock=True).broken


@pytest.mark.parametrize("value", ["'abc'", "5", "X''", "X'01'"])
def test_a_root_secret_of_another_type(world: World, value: str) -> None:
    change(world, f"UPDATE root SET sealed = {value}")
    with pytest.raises(VaultError, match="restore"):
        CenterKeys(world.center.database, world.center.vault)


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
        "UPDATE pair SET created_at = 'garbage'",
        "UPDATE pair SET created_at = 5",
        "UPDATE pair SET environment = CAST(X'eda080' AS TEXT)",
        "UPDATE root SET sealed = 'abc'",
        "UPDATE root SET sealed = X''",
        "UPDATE person SET role = 'READER'",
        "DROP TABLE code",
    ],
)
def test_a_backup_that_was_changed(world: World, tmp_path: Path, statement: str) -> None:
    pairs.generate(world.center, world.manager, "ABC")
    path = tmp_path / "changed.backup"
    backup(world.center, path)
    path.chmod(0o600)
    changed = Database(f"sqlite:///{path}")
    changed.write(lambda connection: connection.execute(text(statement)))
    changed.close()
    with pytest.raises(GatepassError) as refused:
        restore(world.center.database, LocalKeys([ENVELOPE_KEY]), path, replace=True)
    assert isinstance(refused.value, DatabaseError | VaultError)


@pytest.mark.parametrize("name", ["X'fffe'", "CAST(X'fffe' AS TEXT)", "5"])
def test_secrets_are_erased_beside_a_bad_name(world: World, name: str) -> None:
    keys = [
        pairs.generate(world.center, world.manager, name).access_key_id for name in ("ABC", "DEF")
    ]
    for key in keys:
        pairs.request_code(world.center, world.manager, Purpose.DELETE, [key])
        pairs.delete(world.center, world.manager, key, world.outbox.last_code)
    change(world, f"UPDATE pair SET access_key_id = {name} WHERE access_key_id = '{keys[0]}'")
    world.clock.go(days=40)
    swept = background.sweep_all(world.center, accept_clock=True)
    assert swept.erased == 2
    assert all("id 1" in one for one in swept.broken)
    assert len(swept.broken) == (name != "5")  # As a text, which SQLite makes of a number.
    with world.center.database.read() as connection:
        for left in ("pair WHERE sealed IS NOT NULL", "code"):
            query = text(f"SELECT count(*) FROM {left}")
            assert connection.execute(query).scalar_one() == 0


@pytest.mark.parametrize("value", ["'garbage'", "X'39'"])
def test_an_end_that_never_comes_is_named(world: World, value: str) -> None:
    for name in ("ABC", "DEF"):
        pairs.generate(world.center, world.manager, name)
    change(world, f"UPDATE pair SET expires_at = {value} WHERE id = 1")
    assert [*background.sweep_all(world.center).broken] == [
        f"the key pair with the id 1: {TAMPERED}"
    ]
