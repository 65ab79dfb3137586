"""Rows of sessions and pairs that were moved to another firm or given a longer life."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from gatepass.center import background
from gatepass.center.audit.verifying import Verdict
from gatepass.center.context import Center
from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.calendar import GlobexCalendar
from gatepass.center.pairs.key_source import CenterKeys
from gatepass.center.pairs.rewrap import rewrap
from gatepass.center.people.codes import Purpose
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.schema import pair, session
from gatepass.errors import VaultError
from gatepass.keys.rules import outlives_rules
from gatepass.keys.rules.life import end_of_life, end_of_overlap
from tests.center.audit.test_matching import generate, remove, verdict, write
from tests.center.world import ENVELOPE_KEY, START, World

HOUR = timedelta(hours=1)


def to_another_firm(world: World, _: str) -> None:
    moved = {"firm_id": world.foreign.firm_id, "created_by": world.foreign.user_id}
    write(world, update(session).where(session.c.name == "ABC").values(moved))


def to_another_session(world: World, key: str) -> None:
    its = select(session.c.id).where(session.c.name == "XYZ").scalar_subquery()
    write(world, update(pair).where(pair.c.access_key_id == key).values(session_id=its))


def to_another_name(world: World, _: str) -> None:
    """Takes the name of another firm's session, which was renamed."""
    write(world, update(session).where(session.c.name == "XYZ").values(name="QQQ"))
    write(world, update(session).where(session.c.name == "ABC").values(name="XYZ"))


MOVES = [to_another_firm, to_another_session, to_another_name]


def names(world: World, disaster: datetime | None = None) -> set[str]:
    ring = CenterKeys(world.center.database, world.center.vault, disaster).ring
    return {str(one.access_key_id) for one in ring}


@pytest.mark.parametrize("move", MOVES)
def test_a_moved_row_gives_no_secret_to_another_firm(world: World, move: Any) -> None:
    key = generate(world)
    move(world, key)
    actor = world.manager if move is to_another_name else world.foreign
    pairs.request_code(world.center, actor, Purpose.DOWNLOAD, [key])
    with pytest.raises(VaultError, match=key):
        pairs.download(world.center, actor, [key], world.outbox.last_code)


@pytest.mark.parametrize("move", MOVES)
def test_no_gateway_accepts_a_moved_pair(world: World, move: Any) -> None:
    key, good = generate(world), generate(world, "DEF")
    follows = CenterKeys(world.center.database, world.center.vault)
    assert {one.access_key_id for one in follows.ring} == {key, good}
    move(world, key)
    later = generate(world, "ABC123")
    assert {one.access_key_id for one in follows.ring} == {good, later}
    assert names(world) == {good, later}
    assert names(world, world.clock() + HOUR) == {good, later}


@pytest.mark.parametrize("move", MOVES)
def test_the_audit_log_reveals_a_moved_row(world: World, move: Any) -> None:
    key = generate(world)
    assert verdict(world).broken is None
    move(world, key)
    assert verdict(world).broken is not None


@pytest.mark.parametrize("move", MOVES)
def test_a_moved_pair_is_not_rewrapped(world: World, move: Any) -> None:
    key, _ = generate(world), generate(world, "DEF")
    move(world, key)
    keys = LocalKeys([bytes(32), ENVELOPE_KEY])
    center = world.center
    vault = Vault(keys)
    vault.prepare(center.database)
    found = rewrap(Center(center.database, vault, center.calendar, center.courier, center.clock))
    assert found.wrapped == 2  # The root secret and the other pair.
    assert [key in one for one in found.broken] == [True]


def test_a_session_that_was_removed_in_the_database_is_reported(world: World) -> None:
    key, good = generate(world), generate(world, "DEF")
    at = world.clock()
    world.clock.go(hours=1)
    removed = update(session).where(session.c.name == "ABC").values(removed_at=world.clock())
    write(world, removed)
    assert names(world) == {good}
    assert names(world, at + HOUR / 2) == {key, good}
    assert names(world, at + 2 * HOUR) == {good}
    assert "removed" in verdict(world).problem
    world.clock.go(days=500)
    swept = background.sweep_all(world.center, accept_clock=True)
    assert swept.expired == 1
    assert any("session ABC was removed" in one for one in swept.broken)


def test_a_removed_session_that_was_restored_in_the_database_is_reported(world: World) -> None:
    remove(world, generate(world))
    firms.remove_session(world.center, "ABC")
    assert verdict(world).broken is None
    write(world, update(session).values(removed_at=None))
    assert "removed" in verdict(world).problem


def test_a_session_that_was_added_in_the_database_is_reported(world: World) -> None:
    write(world, update(session).where(session.c.name == "DEF").values(name="GHI"))
    assert "added" in verdict(world).problem


def test_a_pair_with_a_longer_life_than_the_rules_allow_is_refused_everywhere(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    key, good = generate(world), generate(world, "DEF")
    end = world.clock() + timedelta(days=500)
    write(world, update(pair).where(pair.c.access_key_id == key).values(expires_at=end))
    with caplog.at_level(logging.ERROR):
        assert names(world) == {good}
    assert key in caplog.text
    assert key in verdict(world).problem
    shown = firms.find_session(world.center, world.manager, "ABC")
    assert not shown.pairs
    assert key in shown.problem
    assert key in background.sweep_all(world.center).broken[0]
    with pytest.raises(VaultError, match=key):
        pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, [key])


def test_a_later_start_of_a_pairs_life_is_reported(world: World) -> None:
    """With it, a later end would be within the rules."""
    key = generate(world)
    later = {"created_at": world.clock() + timedelta(days=90)}
    write(world, update(pair).values(**later, expires_at=world.clock() + timedelta(days=455)))
    assert key in verdict(world).problem


def test_an_end_that_was_put_off_again_is_reported(world: World) -> None:
    first = generate(world)
    with world.center.database.read() as connection:
        end = connection.execute(select(pair.c.expires_at)).scalar_one()
    generate(world)
    assert verdict(world) == Verdict(verdict(world).entries)
    write(world, update(pair).where(pair.c.access_key_id == first).values(expires_at=end))
    assert first in verdict(world).problem


def test_the_rules_never_give_a_pair_such_a_long_life() -> None:
    """So no generated pair looks like an altered one."""
    calendar = GlobexCalendar()
    for day in range(4 * 366):
        at = START + timedelta(days=day)
        assert not outlives_rules(at, end_of_life(at, calendar))
        assert end_of_overlap(at, calendar) < at + timedelta(days=40)
