"""Which sessions changed since the last look, in the program or with SQL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from gatepass.center.audit import log as audit
from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.firms import SessionKind
from gatepass.center.store import changes
from gatepass.center.store.changes import Place, look
from gatepass.center.store.database import Database
from gatepass.center.store.schema import audit as log
from gatepass.center.store.schema import audit_head, pair, pair_version, session, session_change
from gatepass.errors import CenterError
from tests.center.audit.test_matching import generate, remove, write
from tests.center.world import World


def here(world: World, before: Place | None = None) -> tuple[Place, frozenset[int] | None]:
    with world.center.database.read() as connection:
        return look(connection, before)


def id_of(world: World, name: str) -> int:
    with world.center.database.read() as connection:
        query = select(session.c.id).where(session.c.name == name)
        return int(connection.execute(query).scalar_one())


def changed(world: World, *does: Callable[[], object]) -> frozenset[int] | None:
    """Do this and return the sessions that changed."""
    place, _ = here(world)
    for do in does:
        do()
    return here(world, place)[1]


def test_the_first_look_proves_nothing(world: World) -> None:
    assert here(world)[1] is None


def test_an_audit_entry_alone_changes_no_session(world: World) -> None:
    def entry(connection: Connection) -> int:
        action = audit.Action.LOG_ON
        return audit.append(connection, world.center, world.manager, action, user="maria")

    assert changed(world) == frozenset()
    assert changed(world, lambda: world.center.database.write(entry)) == frozenset()


def test_a_session_has_changed_when_one_of_its_pairs_has(world: World) -> None:
    abc, other = id_of(world, "ABC"), id_of(world, "DEF")
    keys: list[str] = []
    assert changed(world, lambda: keys.append(generate(world))) == {abc}
    both = changed(world, lambda: generate(world, "DEF"), lambda: remove(world, keys[0]))
    assert both == {abc, other}
    assert changed(world, lambda: firms.remove_session(world.center, "ABC")) == {abc}
    new: list[int] = []
    add = ("Alpha", "GHI", SessionKind.ILINK, "maria")
    found = changed(world, lambda: new.append(firms.add_session(world.center, *add)))
    assert found == set(new)


#: Changes with SQL, to a pair of the session ABC or to the session.
BY_HAND: dict[str, Any] = {
    "a pair's end": update(pair).values(expires_at=pair.c.created_at),
    "a session's name": update(session).where(session.c.name == "ABC").values(name="QQQ"),
    "a session's id": text("UPDATE session SET firm_id = firm_id WHERE name = 'ABC'"),
    "the past": update(pair_version).values(at=pair_version.c.at),
    "no past": delete(pair_version),
    "another past": insert(pair_version).from_select(
        ["pair_id", "at", "state", "expires_at"],
        select(pair.c.id, pair.c.created_at, pair.c.state, pair.c.expires_at),
    ),
}


@pytest.mark.parametrize("statement", BY_HAND.values(), ids=BY_HAND)
def test_a_change_by_hand_is_noticed_without_an_audit_entry(world: World, statement: Any) -> None:
    generate(world)
    abc = id_of(world, "ABC")
    assert changed(world, lambda: write(world, statement)) == {abc}


def test_moving_a_pair_changes_both_sessions(world: World) -> None:
    generate(world)
    abc, other = id_of(world, "ABC"), id_of(world, "DEF")
    assert changed(world, lambda: write(world, update(pair).values(session_id=other))) == {
        abc,
        other,
    }


def test_deleting_a_pair_by_hand_changes_its_session(world: World) -> None:
    generate(world)
    abc = id_of(world, "ABC")
    write(world, delete(pair_version))
    assert changed(world, lambda: write(world, delete(pair))) == {abc}
    assert changed(world, lambda: write(world, delete(session).where(session.c.id == abc))) == {abc}


def test_a_rolled_back_change_is_not_noted(world: World) -> None:
    def work(connection: Any) -> None:
        connection.execute(update(session).values(description="x"))
        raise CenterError("no")

    def do() -> None:
        with pytest.raises(CenterError, match="no"):
            world.center.database.write(work)

    assert changed(world, do) == frozenset()


def test_after_too_many_changes_any_session_may_have_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST", 2)
    touched = update(session).values(description="x")
    two = session.c.name.in_(["ABC", "DEF"])
    assert len(changed(world, lambda: write(world, touched.where(two))) or ()) == 2
    assert changed(world, lambda: write(world, touched)) is None


def test_after_the_log_was_cut_off_any_session_may_have_changed(world: World) -> None:
    place, _ = here(world)
    with world.center.database.read() as connection:
        head = connection.execute(select(audit_head)).one()
    generate(world)
    later, _ = here(world)
    write(world, delete(log).where(log.c.id > head.last_id))
    write(world, update(audit_head).values(last_id=head.last_id, mac=head.mac))
    assert here(world, later)[1] is None
    # As long as before, but with another entry.
    world.clock.now += timedelta(seconds=1)
    world.center.database.write(
        lambda c: audit.append(c, world.center, world.manager, audit.Action.GENERATE, session="ABC")
    )
    assert here(world, later)[1] is None
    assert here(world, place)[1] is not None


def test_after_notes_were_removed_any_session_may_have_changed(world: World) -> None:
    place, _ = here(world)
    assert here(world, replace(place, latest=place.latest + 1000))[1] is None


ON_SQLITE = (
    "DROP TRIGGER session_change_pair_UPDATE",
    "CREATE TRIGGER session_change_pair_UPDATE AFTER UPDATE ON pair BEGIN SELECT 1; END",
)
ON_POSTGRESQL = (
    "ALTER TABLE pair DISABLE TRIGGER session_change_pair",
    "ALTER TABLE pair ENABLE TRIGGER session_change_pair",
)


def off_and_on(world: World) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return functions that remove a trigger and put it back."""
    off, on = ON_SQLITE if world.center.database.is_sqlite else ON_POSTGRESQL
    return lambda: write(world, text(off)), lambda: write(world, text(on))


def test_without_a_trigger_each_audit_entry_may_have_changed_any_session(world: World) -> None:
    place, _ = here(world)
    off, _ = off_and_on(world)
    off()
    without, found = here(world, place)
    assert without.triggers is None
    assert found == frozenset()
    generate(world)
    assert here(world, without)[1] is None
    # Also compared with a look before the trigger was removed.
    assert here(world, place)[1] is None


def test_any_session_may_have_changed_while_a_trigger_was_missing(world: World) -> None:
    place, _ = here(world)
    off, on = off_and_on(world)
    off()
    without, _ = here(world, place)
    on()
    for before in (place, without):
        back, found = here(world, before)
        assert found is None
        assert here(world, back)[1] == frozenset()


def test_a_late_commit_is_not_missed(world: World) -> None:
    """On PostgreSQL a transaction can commit after one that began later."""
    center = world.center
    abc, other = id_of(world, "ABC"), id_of(world, "DEF")
    place, _ = here(world)
    late = update(session).where(session.c.id == abc).values(description="x")
    url = center.database.engine.url.render_as_string(hide_password=False)
    with closing(Database(url)) as second, second.engine.connect() as connection:
        connection.execute(late)
        if not center.database.is_sqlite:
            generate(world, "DEF")
            place, found = here(world, place)
            assert found == {other}
            assert here(world, place)[1] == frozenset()
        connection.commit()
    place, found = here(world, place)
    assert found == {abc}
    assert here(world, place)[1] == frozenset()


def test_notes_from_another_server_are_not_read_at_each_look(world: World) -> None:
    """A dump of one server was loaded into another one with lower numbers."""
    if not world.center.database.is_sqlite:
        write(world, insert(session_change).values(number=1 << 60, session_id=1))
    assert changed(world) == frozenset()
    assert changed(world, lambda: generate(world, "DEF")) == {id_of(world, "DEF")}


def test_after_a_truncate_any_session_may_have_changed(world: World) -> None:
    """SQLite has no such statement, and deletes row by row."""
    generate(world)
    if world.center.database.is_sqlite:
        write(world, delete(pair_version))
        assert changed(world, lambda: write(world, delete(pair))) == {id_of(world, "ABC")}
    else:
        assert changed(world, lambda: write(world, text("TRUNCATE pair CASCADE"))) is None


def test_reading_a_page_or_requesting_a_code_changes_no_session(world: World) -> None:
    generate(world)
    assert changed(world, lambda: firms.list_sessions(world.center, world.manager)) == frozenset()
    code = pairs.Purpose.DOWNLOAD
    key = generate(world, "DEF")
    asked = lambda: pairs.request_code(world.center, world.manager, code, [key])  # noqa: E731
    assert changed(world, asked) == frozenset()
