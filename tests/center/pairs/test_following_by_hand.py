"""Direct changes of the database are followed; impossible ones are refused as before."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from gatepass.center.pairs.key_source import RECOVERY_GAP
from gatepass.center.store.schema import pair, pair_version
from tests.center.audit.test_matching import generate, remove, write
from tests.center.following import gateway, log_on
from tests.center.world import World

HOUR = timedelta(hours=1)


def test_a_pair_that_is_removed_in_the_database_is_not_valid_at_the_next_logon(
    large: World,
) -> None:
    """Although the audit log has no entry for it."""
    world = large
    key = generate(world)
    its = gateway(world)
    before = its.look()
    ended = {"slot": None, "state": "deleted", "ended_at": world.clock()}
    this = pair.c.access_key_id == key
    write(world, update(pair).where(this).values(ended))
    assert its.look() == [one for one in before if one != key]
    write(world, update(pair).where(this).values(slot=1, state="active", ended_at=None))
    assert its.look() == before
    number = select(pair.c.id).where(this).scalar_subquery()
    write(world, delete(pair_version).where(pair_version.c.pair_id == number))
    write(world, delete(pair).where(this))
    assert key not in its.look()
    assert its.rows == [0, 0, 1, 0]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_row_that_replace_removed_is_noticed(large: World) -> None:
    """SQLite runs no trigger for it: the pair appears at its new session, and all is read."""
    world = large
    key = generate(world)
    write(world, delete(pair_version))
    its = gateway(world)
    before = its.look()
    columns = [c.name for c in pair.c if c.name not in ("id", "session_id")]
    names = ", ".join(columns)
    moved = (
        f"REPLACE INTO pair (session_id, {names}) SELECT"  # noqa: S608 - texts of this test
        f" (SELECT id FROM session WHERE name = 'XYZ'), {names} FROM pair"
        f" WHERE access_key_id = '{key}'"
    )
    write(world, text(moved))
    assert its.look() == [one for one in before if one != key]
    assert its.rows == [0, 1 + len(before)]


def test_a_pair_that_was_tampered_with_is_left_out_until_it_is_repaired(
    large: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = large
    key, other = generate(world), generate(world, "DEF")
    its = gateway(world)
    before = its.look()
    with world.center.database.read() as connection:
        query = select(pair.c.expires_at, pair.c.environment).where(pair.c.access_key_id == key)
        good = dict(connection.execute(query).mappings().one())
    bad: list[dict[str, Any]] = [
        {"expires_at": world.clock() + timedelta(days=500)},
        {"expires_at": world.clock() - timedelta(days=500)},
        {"environment": " "},
    ]
    for values in bad:
        caplog.clear()
        its.rows.clear()
        write(world, update(pair).where(pair.c.access_key_id == key).values(values))
        for _ in range(2):
            found = its.look()
            assert key not in found
            assert other in found
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert key in caplog.text
        write(world, update(pair).where(pair.c.access_key_id == key).values(good))
        assert its.look() == before
        assert its.rows == [1, 0, 1]


def test_a_pair_that_lives_too_long_hides_no_other_and_returns_once_repaired(
    large: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = large
    key = generate(world)
    its = gateway(world)
    before = its.look()
    this = pair.c.access_key_id == key
    write(world, update(pair).where(this).values(created_at=world.clock() - timedelta(days=500)))
    for _ in range(2):
        assert its.look() == before[:-1]
        log_on(world)
    assert caplog.text.count("is left out") == 1
    write(world, update(pair).where(this).values(created_at=world.clock()))
    assert its.look() == before
    # Tried again with each entry of the log: what is wrong may be the gateway's.
    assert its.rows == [0, 1, 1, 1]


def test_a_store_without_its_triggers_is_read_after_each_audit_entry(large: World) -> None:
    """A backup that is used as a database has none, nor a table that a tool has rebuilt."""
    world = large
    its = gateway(world)
    on_sqlite = world.center.database.is_sqlite
    name = "session_change_pair_UPDATE" if on_sqlite else "session_change_pair ON pair"
    world.center.database.write(lambda c: c.execute(text(f"DROP TRIGGER {name}")))
    before = its.look()
    key = generate(world)
    assert its.look() == [*before, key]
    log_on(world)
    assert its.look() == [*before, key]
    assert its.look() == [*before, key]
    assert its.rows == [0, len(before) + 1, len(before) + 1, 0]


def test_a_third_pair_in_the_database_leaves_its_session_out_until_it_is_removed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    first = generate(world)
    other = generate(world, "DEF")
    its = gateway(world, world.clock() + RECOVERY_GAP + HOUR)
    third = generate(world)
    world.clock.go(minutes=1)
    fourth = generate(world, delete=first)
    gone = select(pair.c.id).where(pair.c.access_key_id == first).scalar_subquery()
    ended = (pair_version.c.pair_id == gone) & (pair_version.c.state == "deleted")
    write(world, update(pair_version).where(ended).values(state="active"))
    for _ in range(2):
        assert its.look() == [other]
    assert caplog.text.count("3 key pairs") == 1
    remove(world, fourth)
    assert set(its.look()) == {first, other, third}
