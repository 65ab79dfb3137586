"""Firms, their sessions, and the list of sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepass.center.audit.verifying import verify
from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.firms import SessionKind
from gatepass.center.pairs.key_source import CenterKeys
from gatepass.center.people.codes import Purpose
from gatepass.center.roles import Actor
from gatepass.errors import CenterError, FieldError, NotFoundError
from tests.center.world import World


def listed(world: World, search: str = "", actor: Actor | None = None) -> list[str]:
    page = firms.list_sessions(world.center, actor or world.reader, search)
    return [session.name for session in page.items]


def test_a_session_is_removed_only_without_active_pairs(world: World) -> None:
    center, maria = world.center, world.manager
    made = pairs.generate(center, maria, "ABC").access_key_id
    with pytest.raises(CenterError, match=rf"active key pairs \({made}\)"):
        firms.remove_session(center, "ABC")
    world.clock.go(hours=1)
    pairs.request_code(center, maria, Purpose.DELETE, [made])
    pairs.delete(center, maria, made, world.outbox.last_code)
    firms.remove_session(center, "ABC")
    for gone in (
        lambda: firms.find_session(center, maria, "ABC"),
        lambda: pairs.generate(center, maria, "ABC"),
        lambda: firms.find_pairs(center, maria, [made]),
        lambda: firms.remove_session(center, "ABC"),
        lambda: firms.remove_session(center, "nothing"),
    ):
        with pytest.raises(NotFoundError):
            gone()
    assert "ABC" not in [one.name for one in firms.list_sessions(center, maria).items]
    assert verify(center.database, center.vault).broken is None
    # Its pair may be needed after a disaster; another firm can use its Session ID.
    disaster = world.clock() + timedelta(minutes=10)
    firms.add_session(center, "Beta", "ABC", SessionKind.ILINK, "bob")
    assert firms.find_session(center, world.foreign, "ABC").pairs == ()
    pairs.generate(center, world.foreign, "ABC")
    keys = CenterKeys(center.database, center.vault, disaster)
    assert [one.access_key_id for one in keys.ring] == [made]


def test_a_firm_sees_only_its_own_sessions(world: World) -> None:
    assert listed(world) == ["ABC", "ABC123", "DEF"]
    assert listed(world, actor=world.foreign) == ["XYZ"]
    assert firms.find_session(world.center, world.reader, "ABC").created_by == "maria"
    for name in ("XYZ", "QQQ", "", "abc", "\0", "x" * 100):
        with pytest.raises(NotFoundError, match=firms.NO_SESSION):
            firms.find_session(world.center, world.reader, name)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("abc", ["ABC", "ABC123"]),
        ("FRONT", ["ABC"]),
        ("%", ["DEF"]),
        ("50% of", ["DEF"]),
        ("_", []),
        ("\\", []),
        ("A\0BC", ["ABC", "ABC123"]),
        ("XYZ", []),
    ],
)
def test_a_search_finds_session_ids_and_descriptions(
    world: World, search: str, found: list[str]
) -> None:
    assert listed(world, search) == found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(search=st.text(st.characters(exclude_categories=["Cs"])))
def test_no_search_finds_sessions_of_another_firm(world: World, search: str) -> None:
    assert set(listed(world, search)) <= {"ABC", "ABC123", "DEF"}


def test_the_list_has_pages(world: World) -> None:
    seen = []
    for number in (1, 2):
        page = firms.list_sessions(world.center, world.reader, page=number, size=2)
        assert (page.number, page.total, page.count) == (number, 3, 2)
        seen += [session.name for session in page.items]
    assert seen == ["ABC", "ABC123", "DEF"]
    assert firms.list_sessions(world.center, world.reader, page=9, size=2).items == ()
    assert firms.list_sessions(world.center, world.reader, page=-1, size=2).number == 1


def test_the_list_shows_only_active_pairs(world: World) -> None:
    for _ in range(2):
        pairs.generate(world.center, world.manager, "ABC")
        world.clock.go(hours=1)
    before = firms.find_session(world.center, world.manager, "ABC").active
    pairs.generate(world.center, world.manager, "ABC", before[1].access_key_id)
    (listed_,) = firms.list_sessions(world.center, world.reader, "front").items
    found = firms.find_session(world.center, world.reader, "ABC")
    assert listed_.pairs == listed_.active == found.active
    assert len(found.pairs) == 3


def test_a_firm_or_session_that_exists_is_refused(world: World) -> None:
    with pytest.raises(CenterError, match="already"):
        firms.add_firm(world.center, "Alpha")
    for firm, user in (("Alpha", "maria"), ("Beta", "bob")):
        with pytest.raises(CenterError, match="already"):
            firms.add_session(world.center, firm, "ABC", SessionKind.ILINK, user)


def test_impossible_sessions_and_firms_are_refused(world: World) -> None:
    add = firms.add_session
    for name in ("", "AB", "AB-", "ABCD"):
        with pytest.raises(FieldError):
            add(world.center, "Alpha", name, SessionKind.ILINK, "maria")
    for name, kind in (("QRS", SessionKind.DROPCOPY), ("QRS123", SessionKind.ILINK)):
        with pytest.raises(CenterError, match=f"{kind.value} characters"):
            add(world.center, "Alpha", name, kind, "maria")
    for firm, user in (("Gamma", "maria"), ("Alpha", "bob"), ("Alpha", "nobody")):
        with pytest.raises(NotFoundError):
            add(world.center, firm, "QRS", SessionKind.ILINK, user)
    for name in ("", " ", "x" * 101):
        with pytest.raises(CenterError, match=r"blank|1 to 100 characters, not 101"):
            firms.add_firm(world.center, name)
