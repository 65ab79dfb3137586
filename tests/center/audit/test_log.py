"""Every change of the log is found, and the first broken entry is named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from gatepass.center.audit import log as audit
from gatepass.center.audit import reading as audit_reading
from gatepass.center.audit.verifying import Verdict, verify
from gatepass.center.context import Center
from gatepass.center.roles import Actor, Role
from gatepass.center.store.schema import audit as table
from gatepass.center.store.schema import audit_head
from gatepass.errors import AuditError, CenterError, NotAllowedError
from tests.center.world import START, Clock, World

COUNT = 7


def actor(firm_id: int = 1, role: Role = Role.MANAGER) -> Actor:
    return Actor(1, firm_id, "maria", role, "127.0.0.1")


def append(center: Center, **given: Any) -> int:
    values: dict[str, Any] = {"action": audit.Action.GENERATE, "session": "ABC", **given}
    who = values.pop("actor", actor())
    return center.database.write(lambda c: audit.append(c, center, who, **values))


@pytest.fixture
def log(center: Center, clock: Clock) -> Center:
    for number in range(1, COUNT + 1):
        append(center, action=audit.Action.WARN, access_key_id=f"key{number}")
        clock.go(seconds=1)
    return center


def verdict(center: Center) -> Verdict:
    return verify(center.database, center.vault)


def test_an_unchanged_log_is_good(log: Center) -> None:
    steps: list[tuple[int, int]] = []
    assert verify(log.database, log.vault, lambda *step: steps.append(step)) == (Verdict(COUNT))
    assert steps[-1] == (COUNT, COUNT)


def test_an_empty_log_is_good(center: Center) -> None:
    assert verdict(center) == Verdict(0)


OTHER: dict[str, Any] = {
    "at": START - timedelta(days=1),
    "firm_id": 2,
    "actor": "bob",
    "action": "delete",
    "facts": '{"access_key_id":"other","session":"ABC"}',
    "subject": "XYZ",
    "access_key_id": "other",
    "detail": "nothing",
    "origin": "10.0.0.1",
    "mac": bytes(32),
}


def test_every_field_is_tried() -> None:
    assert {*OTHER, "id"} == {column.name for column in table.columns}


@pytest.mark.parametrize("field", sorted(OTHER))
def test_a_change_of_any_field_of_any_entry_is_found(log: Center, field: str) -> None:
    with log.database.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.id)).mappings().all()
    for row in rows:
        here = table.c.id == row["id"]
        for value in (OTHER[field], None if field == "firm_id" else OTHER[field]):
            log.database.write(
                lambda c, v=value, w=here: c.execute(update(table).where(w).values({field: v}))
            )
            assert verdict(log).broken == row["id"]
            assert verdict(log).entries == row["id"] - 1
        log.database.write(
            lambda c, v=row[field], w=here: c.execute(update(table).where(w).values({field: v}))
        )
    assert verdict(log) == Verdict(COUNT)


@pytest.mark.parametrize("gone", range(1, COUNT + 1))
def test_a_deleted_entry_is_found(log: Center, gone: int) -> None:
    log.database.write(lambda c: c.execute(delete(table).where(table.c.id == gone)))
    found = verdict(log)
    assert found.broken == gone
    assert not found
    assert "missing" in found.problem


@pytest.mark.parametrize("left", range(COUNT))
def test_the_end_is_cut_off(log: Center, left: int) -> None:
    log.database.write(lambda c: c.execute(delete(table).where(table.c.id > left)))
    assert verdict(log).broken == left + 1


@pytest.mark.parametrize("left", range(1, COUNT))
def test_a_cut_off_end_is_found_even_if_the_head_was_moved(log: Center, left: int) -> None:
    """An entry's HMAC is not accepted as the head's."""
    with log.database.read() as connection:
        mac = connection.execute(select(table.c.mac).where(table.c.id == left)).scalar_one()
    log.database.write(lambda c: c.execute(delete(table).where(table.c.id > left)))
    log.database.write(lambda c: c.execute(update(audit_head).values(last_id=left, mac=mac)))
    assert verdict(log).broken == left + 1


def test_a_log_without_any_entry_left_is_found(log: Center) -> None:
    log.database.write(lambda c: c.execute(delete(table)))
    assert verdict(log).broken == 1


def test_a_missing_head_is_found(log: Center) -> None:
    log.database.write(lambda c: c.execute(delete(audit_head)))
    assert verdict(log).broken == COUNT + 1
    with pytest.raises(AuditError, match="audit verify"):
        append(log)


def test_a_missing_log_is_found(world: World) -> None:
    center = world.center
    center.database.write(lambda c: c.execute(delete(table)))
    center.database.write(lambda c: c.execute(delete(audit_head)))
    assert verdict(center).broken == 1
    with pytest.raises(AuditError, match="audit verify"):
        append(center)


@pytest.mark.parametrize("first", range(1, COUNT))
def test_two_swapped_entries_are_found(log: Center, first: int) -> None:
    def swap(connection: Any) -> None:
        for old, new in ((first, -1), (first + 1, first), (-1, first + 1)):
            connection.execute(update(table).where(table.c.id == old).values(id=new))

    log.database.write(swap)
    assert verdict(log).broken == first


@pytest.mark.parametrize("number", [-1, 0, COUNT + 1, COUNT + 5])
def test_an_inserted_entry_is_found(log: Center, number: int) -> None:
    with log.database.read() as connection:
        row = dict(connection.execute(select(table).where(table.c.id == 3)).mappings().one())
    log.database.write(lambda c: c.execute(insert(table).values({**row, "id": number})))
    assert verdict(log).broken == (1 if number < 1 else COUNT + 1)


def test_nothing_is_done_unlogged(log: Center) -> None:
    log.database.write(lambda c: c.execute(delete(table).where(table.c.id == COUNT)))
    with pytest.raises(AuditError, match="audit verify"):
        append(log)


def test_no_text_of_a_user_prevents_an_entry(center: Center) -> None:
    author = audit.Author("x" * 1000, origin="\0")
    append(center, actor=author, action=audit.Action.ADD_TOKEN, token='a\0b\ud800"' * 100)
    assert verdict(center) == Verdict(1)


def test_a_firm_sees_only_its_own_entries(world: World) -> None:
    center = world.center
    for number in range(5):
        append(center, actor=world.manager, action=audit.Action.CODE_REFUSED, rule=str(number))
        append(center, actor=world.foreign, action=audit.Action.CODE_REFUSED, rule="of Beta")
    page = audit_reading.entries(center, world.manager, page=1, size=2)
    assert [entry.detail for entry in page.items] == ["4", "3"]
    everything = audit_reading.entries(center, world.manager, size=1000)
    assert everything.total == len(everything.items) == page.total
    assert {entry.firm_id for entry in everything.items} == {world.manager.firm_id}


def test_only_a_manager_sees_the_log(world: World) -> None:
    for who in (world.keys, world.reader):
        with pytest.raises(NotAllowedError):
            audit_reading.entries(world.center, who)


def test_a_refusal_leaves_no_entry(center: Center) -> None:
    def work(connection: Any) -> None:
        audit.append(connection, center, actor(), audit.Action.GENERATE, session="ABC")
        raise CenterError("no")

    with pytest.raises(CenterError, match="no"):
        center.database.write(work)
    with center.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
