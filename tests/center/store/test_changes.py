"""Which sessions changed since the last look, whoever changed them."""

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
    """Return what changed while this was done."""
    place, _ = here(world)
    for do in does:
        do()
    return here(world, place)[1]


def test_nothing_is_known_before_the_first_look(world: World) -> None:
    assert here(world)[1] is None


def test_whatever_is_logged_of_something_else_changes_no_session(world: World) -> None:
    def entry(connection: Connection) -> int:
        action = audit.Action.LOG_ON
        return audit.append(connection, world.center, world.manager, action, user="maria")

    assert changed(world) == frozenset()
    assert changed(world, lambda: world.center.database.write(entry)) == frozenset()


def test_each_session_is_named_whose_pair_changed(world: World) -> None:
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


#: What somebody may do to the database, to a pair of the session ABC.
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
def test_a_change_by_hand_is_seen_though_nothing_is_logged(world: World, statement: Any) -> None:
    generate(world)
    abc = id_of(world, "ABC")
    assert changed(world, lambda: write(world, statement)) == {abc}


def test_a_pair_that_is_moved_changes_both_sessions(world: World) -> None:
    generate(world)
    abc, other = id_of(world, "ABC"), id_of(world, "DEF")
    assert changed(world, lambda: write(world, update(pair).values(session_id=other))) == {
        abc,
        other,
    }


def test_a_pair_that_is_deleted_by_hand_changes_its_session(world: World) -> None:
    generate(world)
    abc = id_of(world, "ABC")
    write(world, delete(pair_version))
    assert changed(world, lambda: write(world, delete(pair))) == {abc}
    assert changed(world, lambda: write(world, delete(session).where(session.c.id == abc))) == {abc}


def test_what_is_undone_changed_nothing(world: World) -> None:
    def work(connection: Any) -> None:
        connection.execute(update(session).values(description="x"))
        raise CenterError("no")

    def do() -> None:
        with pytest.raises(CenterError, match="no"):
            world.center.database.write(work)

    assert changed(world, do) == frozenset()


def test_more_changes_than_are_read_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST", 2)
    touched = update(session).values(description="x")
    two = session.c.name.in_(["ABC", "DEF"])
    assert len(changed(world, lambda: write(world, touched.where(two))) or ()) == 2
    assert changed(world, lambda: write(world, touched)) is None


def test_a_log_that_does_not_go_on_from_where_it_was_proves_nothing(world: World) -> None:
    place, _ = here(world)
    with world.center.database.read() as connection:
        head = connection.execute(select(audit_head)).one()
    generate(world)
    later, _ = here(world)
    write(world, delete(log).where(log.c.id > head.last_id))
    write(world, update(audit_head).values(last_id=head.last_id, mac=head.mac))
    assert here(world, later)[1] is None
    # As long as before, and another one.
    world.clock.now += timedelta(seconds=1)
    world.center.database.write(
        lambda c: audit.append(c, world.center, world.manager, audit.Action.GENERATE, session="ABC")
    )
    assert here(world, later)[1] is None
    assert here(world, place)[1] is not None


def test_notes_that_were_taken_away_prove_nothing(world: World) -> None:
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
    """How to take a trigger away and to put it back."""
    off, on = ON_SQLITE if world.center.database.is_sqlite else ON_POSTGRESQL
    return lambda: write(world, text(off)), lambda: write(world, text(on))


def test_without_a_trigger_whatever_is_logged_may_have_changed_anything(world: World) -> None:
    place, _ = here(world)
    off, _ = off_and_on(world)
    off()
    without, found = here(world, place)
    assert without.triggers is None
    assert found == frozenset()
    generate(world)
    assert here(world, without)[1] is None
    # Also to whoever looked before they were gone.
    assert here(world, place)[1] is None


def test_anything_may_have_changed_while_a_trigger_was_gone(world: World) -> None:
    place, _ = here(world)
    off, on = off_and_on(world)
    off()
    without, _ = here(world, place)
    on()
    for before in (place, without):
        back, found = here(world, before)
        assert found is None
        assert here(world, back)[1] == frozenset()


def test_a_change_that_is_committed_late_is_not_missed(world: World) -> None:
    """On PostgreSQL one that began earlier may be committed after one that began later."""
    center = world.center
    abc, other = id_of(world, "ABC"), id_of(world, "DEF")
    place, _ = here(world)
    late = update(session).where(session.c.id == abc).values(description="x")
    url = center.database.engine.url.render_as_string(hide_password=False)
    with closing(Database(url)) as second, second.engine.connect() as connection:
        connection.execute(late)
        if not center.database.is_sqlite:  # where there is one writer at a time
            generate(world, "DEF")
            place, found = here(world, place)
            assert found == {other}
            assert here(world, place)[1] == frozenset()
        connection.commit()
    place, found = here(world, place)
    assert found == {abc}
    assert here(world, place)[1] == frozenset()


def test_notes_of_another_server_are_not_read_each_time(world: World) -> None:
    """As after a dump of one server was loaded into another, whose numbers are lower."""
    if not world.center.database.is_sqlite:
        write(world, insert(session_change).values(number=1 << 60, session_id=1))
    assert changed(world) == frozenset()
    assert changed(world, lambda: generate(world, "DEF")) == {id_of(world, "DEF")}


def test_a_table_that_is_emptied_at_once(world: World) -> None:
    """SQLite has no such statement: there it deletes row by row."""
    generate(world)
    if world.center.database.is_sqlite:
        write(world, delete(pair_version))
        assert changed(world, lambda: write(world, delete(pair))) == {id_of(world, "ABC")}
    else:
        assert changed(world, lambda: write(world, text("TRUNCATE pair CASCADE"))) is None


def test_a_page_that_is_looked_at_changes_nothing(world: World) -> None:
    generate(world)
    assert changed(world, lambda: firms.list_sessions(world.center, world.manager)) == frozenset()
    code = pairs.Purpose.DOWNLOAD
    key = generate(world, "DEF")
    asked = lambda: pairs.request_code(world.center, world.manager, code, [key])  # noqa: E731
    assert changed(world, asked) == frozenset()
