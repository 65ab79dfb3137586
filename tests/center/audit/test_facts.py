"""An entry's facts are data in the chain; its words are for people and decide nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select, update

from gatepass.center.audit import log as audit
from gatepass.center.audit import words
from gatepass.center.audit.facts import Facts, as_json
from gatepass.center.pairs import handover, pairs
from gatepass.center.people.codes import Purpose
from gatepass.center.store.schema import audit as table
from tests.center.audit.test_matching import generate, head, remove, verdict, write
from tests.center.pairs.test_pairs import download
from tests.center.world import World


def live(world: World) -> str:
    """Do what the check compares with the store; return the pair that was deleted for another."""
    first, second = generate(world), generate(world)
    generate(world, delete=first)
    download(world, second, actor=world.manager)
    remove(world, second)
    pairs.request_code(world.center, world.manager, Purpose.DELETE, [generate(world, "DEF")])
    handover.hand_over(world.center, "ABC", "kim")
    return first


def last_facts(world: World, action: audit.Action) -> dict[str, Any]:
    query = select(table.c.facts).where(table.c.action == action).order_by(table.c.id.desc())
    with world.center.database.read() as connection:
        found: dict[str, Any] = json.loads(connection.execute(query).scalars().first() or "")
    return found


@pytest.mark.parametrize("template", ["reworded", "deleted somebody to make room"])
def test_the_check_does_not_depend_on_the_wording(
    world: World, monkeypatch: pytest.MonkeyPatch, template: str
) -> None:
    for name in ("_SUBJECTS", "_DETAILS"):
        monkeypatch.setattr(words, name, dict.fromkeys(getattr(words, name), template))
    live(world)
    assert verdict(world).entries == head(world)["last_id"]
    assert verdict(world)


def test_the_pair_that_made_room_is_a_fact(world: World) -> None:
    first = live(world)
    query = select(table.c.facts).where(table.c.facts.contains('"deleted"'))
    with world.center.database.read() as connection:
        (facts,) = connection.execute(query).scalars()
    assert json.loads(facts)["deleted"] == first
    assert json.loads(facts)["session"] == "ABC"


def test_a_code_shows_its_purpose_and_only_the_end_of_the_number(world: World) -> None:
    live(world)
    facts = last_facts(world, audit.Action.CODE)
    assert facts.keys() == {"purpose", "access_key_id", "sent_to"}
    assert facts["purpose"] == "delete"
    assert facts["sent_to"].startswith("…")


@pytest.mark.parametrize("value", ["{}", '{"session":"DEF"}', '{"a":1,"a":2}'])
def test_a_changed_fact_breaks_the_chain_at_its_entry(world: World, value: str) -> None:
    live(world)
    entry = head(world)["last_id"] - 2
    write(world, update(table).where(table.c.id == entry).values(facts=value))
    assert (verdict(world).entries, verdict(world).broken) == (entry - 1, entry)


def test_facts_with_the_same_meaning_but_other_bytes_break_the_chain(world: World) -> None:
    """JSON readers differ, so not even a blank may be added."""
    live(world)
    with world.center.database.read() as connection:
        row = connection.execute(select(table).order_by(table.c.id.desc()).limit(1)).one()
    spaced = json.dumps(json.loads(row.facts))
    write(world, update(table).where(table.c.id == row.id).values(facts=spaced))
    assert verdict(world).broken == row.id


def test_equal_facts_are_always_written_alike() -> None:
    facts = Facts(session="ABC", access_key_id=None, firm='Müller "\0\ud800', seals=3)
    assert as_json(facts) == '{"firm":"Müller \\"\ufffd?","seals":3,"session":"ABC"}'
    assert as_json(Facts(seals=3, session="ABC")) == as_json(Facts(session="ABC", seals=3))


def test_facts_contain_no_secret(world: World) -> None:
    key = generate(world)
    line = download(world, key, actor=world.manager).splitlines()[1]
    with world.center.database.read() as connection:
        entries = [json.loads(text) for text in connection.execute(select(table.c.facts)).scalars()]
    values = {value for facts in entries for value in facts.values()}
    mobile, _, text = world.outbox.sent[-1]
    assert key in values
    assert values.isdisjoint({world.outbox.last_code, mobile, text})
    assert set(line.split()) & values == {"ABC", key}
