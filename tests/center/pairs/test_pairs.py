"""Generate, download and delete key pairs, as users do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from gatepass.center.audit import reading as audit_reading
from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.sweep import SECRETS_KEPT, sweep
from gatepass.center.people.codes import Purpose
from gatepass.center.roles import Actor
from gatepass.center.store.schema import mail, pair, pair_version
from gatepass.errors import (
    CenterError,
    ClosedError,
    CodeError,
    NotAllowedError,
    NotFoundError,
    ThirdPairError,
    VaultError,
)
from gatepass.keys.keyfile import parse_key_file
from gatepass.keys.rules import PairState
from tests.center.world import World

FOUR_WEEKS = timedelta(weeks=4)


def code_for(world: World, purpose: Purpose, *names: str, actor: Actor | None = None) -> str:
    pairs.request_code(world.center, actor or world.manager, purpose, names)
    return world.outbox.last_code


def download(world: World, *names: str, actor: Actor | None = None) -> str:
    who = actor or world.manager
    code = code_for(world, Purpose.DOWNLOAD, *names, actor=who)
    return pairs.download(world.center, who, names, code)


def delete(world: World, name: str) -> None:
    code = code_for(world, Purpose.DELETE, name)
    pairs.delete(world.center, world.manager, name, code)


def states(world: World, session: str = "ABC") -> dict[str, PairState]:
    view = firms.find_session(world.center, world.manager, session)
    return {pair.access_key_id: pair.state for pair in view.pairs}


def logged(world: World) -> list[tuple[str, str, str]]:
    """The entries about pairs in the audit log, oldest first."""
    page = audit_reading.entries(world.center, world.manager, size=1000)
    kinds = {"generate", "download", "delete", "expire", "erase"}
    rows = [(e.action, e.subject, e.access_key_id) for e in page.items if e.action in kinds]
    return rows[::-1]


def test_a_first_pair_is_generated(world: World) -> None:
    made = pairs.generate(world.center, world.keys, "ABC")
    assert made.state is PairState.ACTIVE
    assert made.created_by == "kim"
    assert made.environment == "SIMULATION"
    assert made.days_left == (made.expires_at.date() - world.clock.now.date()).days
    assert firms.find_session(world.center, world.manager, "ABC").pairs == (made,)
    assert logged(world) == [("generate", "ABC", made.access_key_id)]


def test_a_downloaded_key_file_can_be_parsed(world: World) -> None:
    names = [
        pairs.generate(world.center, world.manager, session).access_key_id
        for session in ("ABC", "ABC123", "ABC")
    ]
    text = download(world, *names)
    read = parse_key_file(text.encode())
    assert [pair.access_key_id for pair in read] == names
    assert [pair.session for pair in read] == ["ABC", "ABC123", "ABC"]
    assert {pair.environment for pair in read} == {"SIMULATION"}
    assert download(world, *names) == text
    assert logged(world)[3:] == 2 * [
        ("download", "ABC", names[0]),
        ("download", "ABC123", names[1]),
        ("download", "ABC", names[2]),
    ]


def test_a_second_pair_shortens_the_life_of_the_first(world: World) -> None:
    first = pairs.generate(world.center, world.manager, "ABC")
    world.clock.go(days=30)
    second = pairs.generate(world.center, world.manager, "ABC")
    (new, old) = firms.find_session(world.center, world.manager, "ABC").active
    assert (new.access_key_id, old.access_key_id) == (second.access_key_id, first.access_key_id)
    assert FOUR_WEEKS <= old.expires_at - world.clock.now < FOUR_WEEKS + timedelta(days=5)
    assert old.expires_at < first.expires_at


def test_a_third_pair_needs_a_choice(world: World) -> None:
    first = pairs.generate(world.center, world.manager, "ABC").access_key_id
    world.clock.go(hours=1)
    second = pairs.generate(world.center, world.manager, "ABC").access_key_id
    with pytest.raises(ThirdPairError) as refusal:
        pairs.generate(world.center, world.manager, "ABC")
    assert refusal.value.choices == (first, second)
    third = pairs.generate(world.center, world.manager, "ABC", delete=second).access_key_id
    assert states(world) == {
        first: PairState.ACTIVE,
        second: PairState.DELETED,
        third: PairState.ACTIVE,
    }
    assert len(logged(world)) == 3


def test_a_deleted_pair_cannot_be_used(world: World) -> None:
    name = pairs.generate(world.center, world.manager, "ABC").access_key_id
    delete(world, name)
    assert states(world) == {name: PairState.DELETED}
    assert logged(world)[-1] == ("delete", "ABC", name)
    for refused in (
        lambda: pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, [name]),
        lambda: pairs.delete(world.center, world.manager, name, "000000"),
    ):
        with pytest.raises(CenterError, match="deleted"):
            refused()


def test_the_code_goes_to_the_owner_of_the_session(world: World) -> None:
    name = pairs.generate(world.center, world.manager, "DEF").access_key_id
    code_for(world, Purpose.DOWNLOAD, name, actor=world.manager)
    assert world.outbox.sent[-1][1] == "kim@example.com"


def test_sessions_of_two_owners_cannot_share_a_code(world: World) -> None:
    names = [pairs.generate(world.center, world.manager, s).access_key_id for s in ("ABC", "DEF")]
    with pytest.raises(CenterError, match="one by one"):
        pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, names)


def test_a_wrong_code_changes_nothing_and_is_counted(world: World) -> None:
    name = pairs.generate(world.center, world.manager, "ABC").access_key_id
    right = code_for(world, Purpose.DELETE, name)
    wrong = "000000" if right != "000000" else "111111"
    rules = []
    for _ in range(6):
        with pytest.raises(CodeError) as refusal:
            pairs.delete(world.center, world.manager, name, wrong)
        rules.append(refusal.value.rule)
    assert rules[:4] == ["wrong"] * 4
    assert set(rules[4:]) == {"tries"}
    assert states(world) == {name: PairState.ACTIVE}


def test_a_code_is_for_one_purpose_and_one_pair(world: World) -> None:
    center = world.center
    one, other = (
        pairs.generate(center, world.manager, session).access_key_id
        for session in ("ABC", "ABC123")
    )
    code = code_for(world, Purpose.DOWNLOAD, one)
    with pytest.raises(CodeError):
        pairs.delete(center, world.manager, one, code)
    for names in ([other], [one, other]):
        with pytest.raises(CodeError):
            pairs.download(center, world.manager, names, code)
    assert pairs.download(center, world.manager, [one], code)
    with pytest.raises(CodeError) as refusal:
        pairs.download(center, world.manager, [one], code)
    assert refusal.value.rule == "used"


Try = Callable[[World, Actor, str, str], object]


def generate(world: World, who: Actor, session: str, _name: str) -> object:
    return pairs.generate(world.center, who, session)


def generate_third(world: World, who: Actor, session: str, name: str) -> object:
    return pairs.generate(world.center, who, session, delete=name)


def ask(world: World, who: Actor, name: str, purpose: Purpose) -> object:
    return pairs.request_code(world.center, who, purpose, [name])


ACTIONS: dict[str, Try] = {
    "generate": generate,
    "generate a third": generate_third,
    "code for a download": lambda w, who, _, name: ask(w, who, name, Purpose.DOWNLOAD),
    "code for a delete": lambda w, who, _, name: ask(w, who, name, Purpose.DELETE),
    "download": lambda w, who, _, name: pairs.download(w.center, who, [name], "000000"),
    "delete": lambda w, who, _, name: pairs.delete(w.center, who, name, "000000"),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_readers_other_firms_and_weekends_are_refused(world: World, action: str) -> None:
    name = pairs.generate(world.center, world.manager, "ABC").access_key_id
    do = ACTIONS[action]
    with pytest.raises(NotAllowedError):
        do(world, world.reader, "ABC", name)
    # The answers for another firm's pair and for an unknown one are the same.
    with pytest.raises(NotFoundError) as foreign:
        do(world, world.foreign, "ABC", name)
    with pytest.raises(NotFoundError) as unknown:
        do(world, world.foreign, "QQQ", "q" * 20)
    assert str(foreign.value) == str(unknown.value)
    assert name not in str(foreign.value)
    world.clock.go(days=3)
    with pytest.raises(ClosedError):
        do(world, world.manager, "ABC", name)


@pytest.mark.parametrize("text", ["", "no key", "x" * 33, "\0", "'; DROP TABLE pair; --"])
def test_malformed_access_key_ids_are_refused(world: World, text: str) -> None:
    for action in sorted(set(ACTIONS) - {"generate"}):
        with pytest.raises(NotFoundError):
            ACTIONS[action](world, world.manager, "ABC" if text else "QQQ", text)


def test_the_user_and_the_manager_each_get_one_mail(world: World) -> None:
    name = pairs.generate(world.center, world.keys, "ABC").access_key_id
    with world.center.database.read() as connection:
        rows = connection.execute(select(mail)).all()
    assert sorted(row.recipient for row in rows) == ["kim@example.com", "maria@example.com"]
    assert all(name in row.body for row in rows)


def test_a_pair_expires_in_time_and_its_secret_is_erased_later(world: World) -> None:
    first = pairs.generate(world.center, world.manager, "ABC")
    world.clock.go(hours=1)
    second = pairs.generate(world.center, world.manager, "ABC").access_key_id
    end = firms.find_session(world.center, world.manager, "ABC").pairs[1].expires_at
    name = first.access_key_id

    world.clock.now = end - timedelta(microseconds=1)
    assert sweep(world.center).expired == 0
    world.clock.now = end
    # It has expired even before the sweep.
    assert states(world) == {name: PairState.EXPIRED, second: PairState.ACTIVE}
    assert sweep(world.center).expired == 1
    assert sweep(world.center) == type(sweep(world.center))(0, 0, 0)
    assert states(world) == {name: PairState.EXPIRED, second: PairState.ACTIVE}

    world.clock.now = end + SECRETS_KEPT
    assert sweep(world.center).erased == 0
    world.clock.go(seconds=1)
    assert sweep(world.center).erased == 1
    with world.center.database.read() as connection:
        sealed = dict(connection.execute(select(pair.c.access_key_id, pair.c.sealed)).all())
    assert sealed[name] is None
    assert sealed[second] is not None
    assert logged(world)[-2:] == [("expire", "ABC", name), ("erase", "ABC", name)]


def test_an_expired_pair_makes_room_for_a_new_one(world: World) -> None:
    for _ in range(2):
        pairs.generate(world.center, world.manager, "ABC")
        world.clock.go(hours=1)
    world.clock.now = firms.find_session(world.center, world.manager, "ABC").pairs[1].expires_at
    pairs.generate(world.center, world.manager, "ABC")
    assert sorted(state.value for state in states(world).values()) == [
        "active",
        "active",
        "expired",
    ]
    assert [action for action, *_ in logged(world)][-2:] == ["expire", "generate"]


def test_each_warning_is_sent_once(world: World) -> None:
    made = pairs.generate(world.center, world.manager, "ABC")
    counts = []
    for days in (29, 28, 27, 21, 14, 14, 7, 3, 1, 0):
        world.clock.now = made.expires_at - timedelta(days=days, minutes=1)
        counts.append(sweep(world.center).warned)
    assert counts == [0, 1, 0, 0, 1, 0, 1, 1, 1, 0]


def test_every_change_records_a_version(world: World) -> None:
    first = pairs.generate(world.center, world.manager, "ABC").access_key_id
    world.clock.go(hours=1)
    pairs.generate(world.center, world.manager, "ABC")
    delete(world, first)
    query = (
        select(pair_version.c.state, func.count())
        .join(pair, pair.c.id == pair_version.c.pair_id)
        .where(pair.c.access_key_id == first)
        .group_by(pair_version.c.state)
    )
    with world.center.database.read() as connection:
        assert dict(connection.execute(query).all()) == {"active": 2, "deleted": 1}


def test_swapped_seals_do_not_open(world: World) -> None:
    center = world.center
    one, other = (pairs.generate(center, world.manager, s).access_key_id for s in ("ABC", "ABC123"))
    with center.database.read() as connection:
        sealed = dict(connection.execute(select(pair.c.access_key_id, pair.c.sealed)).all())
    for name, blob in ((one, sealed[other]), (other, sealed[one])):
        its = update(pair).where(pair.c.access_key_id == name).values(sealed=blob)
        center.database.write(lambda c, its=its: c.execute(its))
    for name in (one, other):
        code = code_for(world, Purpose.DOWNLOAD, name)
        for _ in range(2):
            # The code stays valid: nothing was downloaded with it.
            with pytest.raises(VaultError, match="backup"):
                pairs.download(center, world.manager, [name], code)
