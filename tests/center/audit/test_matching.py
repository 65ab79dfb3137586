"""The store reveals a cut-off end of the log, and the log reveals missing rows of the store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from gatepass.center.audit import log as audit
from gatepass.center.audit.verifying import Verdict, verify
from gatepass.center.pairs import pairs
from gatepass.center.pairs.sweep import sweep
from gatepass.center.people.codes import Purpose
from gatepass.center.store.schema import audit as table
from gatepass.center.store.schema import audit_head, code, pair, pair_version
from tests.center.pairs.test_pairs import download
from tests.center.world import World


def generate(world: World, session: str = "ABC", delete: str | None = None) -> str:
    return pairs.generate(world.center, world.manager, session, delete).access_key_id


def remove(world: World, key: str) -> None:
    pairs.request_code(world.center, world.manager, Purpose.DELETE, [key])
    pairs.delete(world.center, world.manager, key, world.outbox.last_code)


def verdict(world: World) -> Verdict:
    return verify(world.center.database, world.center.vault)


def write(world: World, statement: Any) -> None:
    world.center.database.write(lambda connection: connection.execute(statement))


def head(world: World) -> dict[str, Any]:
    with world.center.database.read() as connection:
        return dict(connection.execute(select(audit_head)).mappings().one())


def cut_off(world: World, to: dict[str, Any]) -> None:
    """Cut the log off, and restore the head row of that time."""
    write(world, delete(table).where(table.c.id > to["last_id"]))
    write(world, update(audit_head).values(last_id=to["last_id"], mac=to["mac"]))


def _expire(world: World) -> None:
    world.clock.go(days=500)
    assert sweep(world.center).expired


DEEDS = {
    "generate": lambda world, _: generate(world, "DEF"),
    "make room": lambda world, key: (generate(world), generate(world, delete=key)),
    "delete": remove,
    "expire": lambda world, _: _expire(world),
    "send a code": lambda world, key: pairs.request_code(
        world.center, world.manager, Purpose.DOWNLOAD, [key]
    ),
    "download": lambda world, key: download(world, key, actor=world.manager),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_cut_off_action_is_found(world: World, deed: str) -> None:
    key = generate(world)
    download(world, key, actor=world.manager)
    before = head(world)
    world.clock.go(hours=1)
    DEEDS[deed](world, key)
    assert verdict(world) == Verdict(head(world)["last_id"])
    cut_off(world, before)
    found = verdict(world)
    assert found.broken == before["last_id"] + 1
    assert found.entries == before["last_id"]
    assert "no entry " in found.problem


@pytest.mark.parametrize("deed", ["delete", "download"])
def test_a_cut_off_last_entry_is_found(world: World, deed: str) -> None:
    """The log says that the code was sent; the entry of its use is missing."""
    key = generate(world)
    pairs.request_code(world.center, world.manager, Purpose(deed), [key])
    before = head(world)
    getattr(pairs, deed)(
        world.center, world.manager, key if deed == "delete" else [key], world.outbox.last_code
    )
    cut_off(world, before)
    assert verdict(world).broken == before["last_id"] + 1


def test_one_code_for_several_pairs_is_good(world: World) -> None:
    keys = [generate(world), generate(world)]
    pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, keys)
    before = head(world)
    pairs.download(world.center, world.manager, keys, world.outbox.last_code)
    assert verdict(world).broken is None
    cut_off(world, before)
    assert verdict(world).broken == before["last_id"] + 1


def test_a_pair_without_a_generation_is_found(world: World) -> None:
    generate(world)
    with world.center.database.read() as connection:
        row = dict(connection.execute(select(pair)).mappings().one())
    write(world, insert(pair).values({**row, "id": 99, "slot": 2, "access_key_id": "planted"}))
    found = verdict(world)
    assert found.broken == head(world)["last_id"] + 1
    assert "planted" in found.problem


def test_a_removed_pair_is_found(world: World) -> None:
    key = generate(world)
    entry = head(world)["last_id"]
    generate(world, "DEF")
    write(world, delete(pair_version))
    write(world, delete(pair).where(pair.c.access_key_id == key))
    found = verdict(world)
    assert (found.entries, found.broken) == (entry - 1, entry)
    assert key in found.problem


@pytest.mark.parametrize("end", [remove, lambda world, _: _expire(world)])
@pytest.mark.parametrize("where", [pair, pair_version])
def test_a_deleted_pair_that_is_active_again_is_found(world: World, end: Any, where: Any) -> None:
    key = generate(world)
    end(world, key)
    assert verdict(world).broken is None
    alive = {"state": "active"} | ({"slot": 1, "ended_at": None} if where is pair else {})
    write(world, update(where).values(alive))
    found = verdict(world)
    assert found.broken is not None
    assert key in found.problem


def test_a_code_that_was_never_sent_is_found(world: World) -> None:
    key = generate(world)
    pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, [key])
    write(world, update(code).values(used_at=world.clock()))
    assert "used a code" in verdict(world).problem


def test_a_login_without_its_entry_is_found(world: World) -> None:
    """A code is used; an entry of another time does not count for it."""
    row = {
        "person_id": world.manager.user_id,
        "purpose": "logon",
        "subject": "",
        "digest": bytes(32),
    }
    at = world.clock()
    moments = {"created_at": at, "expires_at": at, "used_at": at, "day": "2026-03-04", "number": 1}
    write(world, insert(code).values(**row, **moments))
    for action, facts in (
        (audit.Action.CODE, {"purpose": "logon"}),
        (audit.Action.LOG_ON, {"user": "maria"}),
    ):
        assert verdict(world).broken is not None
        world.center.database.write(
            lambda c, a=action, f=facts: audit.append(c, world.center, world.manager, a, **f)
        )
    assert verdict(world).broken is None
    write(world, update(code).values(used_at=at + timedelta(minutes=10)))
    assert verdict(world).broken is not None


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit SET mac = zeroblob(32) WHERE id = 3", 3),
        ("UPDATE audit SET detail = CAST(X'eda080' AS TEXT) WHERE id = 3", 3),
        ("UPDATE audit SET facts = '{}' WHERE id = 3", 3),
        ("UPDATE audit_head SET mac = zeroblob(32)", 0),
        ("UPDATE pair SET access_key_id = 'another'", 0),
        ("UPDATE code SET created_at = '2036-03-04 15:00:00.000000'", 0),
    ],
)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_altered_value_is_found(world: World, change: str, broken: int) -> None:
    """The first broken entry is named, without a traceback."""
    key = generate(world)
    pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, [key])
    last = head(world)["last_id"]
    write(world, text(change))
    assert verdict(world).broken in ([broken] if broken else range(1, last + 2))
    assert verdict(world).problem


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_entry_with_a_malformed_time_is_named(world: World) -> None:
    generate(world)
    spoil = ("PRAGMA ignore_check_constraints = ON", "UPDATE audit SET at = 'garbage' WHERE id = 3")
    world.center.database.write(lambda c: [c.execute(text(one)) for one in spoil])
    assert (verdict(world).broken, verdict(world).entries) == (3, 2)
