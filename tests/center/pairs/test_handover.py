"""A session is handed over: its codes go to another user's mobile at once."""

from __future__ import annotations

import pytest

from gatepass.center.audit import reading as audit_reading
from gatepass.center.audit.verifying import verify
from gatepass.center.pairs import handover, pairs
from gatepass.center.pairs.firms import SessionKind, add_session, find_session
from gatepass.center.people import codes
from gatepass.center.people import users as people
from gatepass.center.people.codes import Purpose
from gatepass.errors import CenterError, CodeError, NotFoundError
from tests.center.world import World


def mobile_of(world: World, name: str) -> str:
    return next(one.mobile for one in people.people(world.center) if one.name == name)


def test_codes_go_to_the_new_owner(world: World) -> None:
    key = pairs.generate(world.center, world.manager, "ABC").access_key_id
    pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, [key])
    old = world.outbox.last_code
    handover.hand_over(world.center, "ABC", " Kim ")
    assert find_session(world.center, world.reader, "ABC").created_by == "kim"
    # A code that went to the former owner's mobile is not valid any more.
    with pytest.raises(CodeError, match="expired"):
        pairs.download(world.center, world.manager, [key], old)
    pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, [key])
    assert world.outbox.sent[-1][0] == mobile_of(world, "kim")
    assert pairs.download(world.center, world.manager, [key], world.outbox.last_code)
    (entry,) = [
        one
        for one in audit_reading.entries(world.center, world.manager, 1).items
        if one.action == "hand over session"
    ]
    assert (entry.actor, entry.subject, entry.detail) == ("system", "ABC", "from maria to kim")
    assert verify(world.center.database, world.center.vault).broken is None


def test_codes_of_another_firm_stay_valid(world: World) -> None:
    key = pairs.generate(world.center, world.foreign, "XYZ").access_key_id
    pairs.request_code(world.center, world.foreign, Purpose.DOWNLOAD, [key])
    handover.hand_over(world.center, "ABC", "kim")
    assert pairs.download(world.center, world.foreign, [key], world.outbox.last_code)


@pytest.mark.parametrize(
    ("session", "to", "kind", "why"),
    [
        ("QQQ", "kim", NotFoundError, "no session QQQ"),
        ("not one", "kim", NotFoundError, "no such session"),
        ("ABC", "nobody", NotFoundError, "no user 'nobody'"),
        ("ABC", "bob", NotFoundError, "no user 'bob'"),
        ("ABC", "rae", CenterError, "disabled"),
    ],
)
def test_a_user_who_cannot_own_the_session_is_refused(
    world: World, session: str, to: str, kind: type[CenterError], why: str
) -> None:
    people.set_disabled(world.center, "rae", disabled=True)
    with pytest.raises(kind, match=why):
        handover.hand_over(world.center, session, to)
    assert find_session(world.center, world.manager, "ABC").created_by == "maria"


def test_a_session_id_that_differs_only_in_capitals_is_refused(world: World) -> None:
    for name in ("abc", "Abc"):
        with pytest.raises(CenterError, match=f"{name} differs from it only in capitals"):
            add_session(world.center, "Beta", name, SessionKind.ILINK, "bob")


def test_each_reset_of_codes_allows_exactly_ten_more(world: World) -> None:
    def use_up() -> None:
        for _ in range(codes.PER_DAY):
            codes.send_code(world.center, world.keys, Purpose.LOGON, "", world.keys.user_id)
        with pytest.raises(CodeError, match="center user reset-codes") as caught:
            codes.send_code(world.center, world.keys, Purpose.LOGON, "", world.keys.user_id)
        assert caught.value.rule == "budget"

    for _ in range(3):
        use_up()
        people.reset_codes(world.center, "kim")
    use_up()
    assert len(world.outbox.sent) == 4 * codes.PER_DAY
    done = [e.action for e in audit_reading.entries(world.center, world.manager, 1).items]
    assert done.count("reset codes") == 3
    # Another user's budget does not change.
    assert (
        codes.send_code(
            world.center, world.reader, Purpose.LOGON, "", world.reader.user_id
        ).left_today
        == codes.PER_DAY - 1
    )
