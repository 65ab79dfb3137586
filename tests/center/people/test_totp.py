"""The authenticator: enrolled with a first code, one code per time step, few wrong ones."""

from __future__ import annotations

import re

import pyotp
import pytest
from sqlalchemy import select

from gatepass.center.mail import notices
from gatepass.center.people import authenticator, codes, totp
from gatepass.center.people import users as people
from gatepass.center.people.codes import Purpose
from gatepass.center.people.totp import Enrolment
from gatepass.center.roles import Actor
from gatepass.center.store.schema import audit, mail, person
from gatepass.errors import AccountError, CodeError
from tests.center.users import at_once, rows
from tests.center.world import World

KEY = "oNDxM33uE81ohWuVRtWT"


def begin(world: World) -> Enrolment:
    """Start an enrolment for kim with the code that was sent."""
    totp.request_code(world.center, world.keys)
    return totp.begin_enrolment(world.center, world.keys, world.outbox.last_code)


def enrolled(world: World) -> pyotp.TOTP:
    """Kim's authenticator; its present code was used to confirm it."""
    app = pyotp.TOTP(begin(world).secret.reveal())
    totp.confirm_enrolment(world.center, world.keys, app.at(world.clock()))
    return app


def give(world: World, text: str, actor: Actor | None = None) -> None:
    who = actor or world.keys
    world.center.database.write(
        lambda c: codes.check_code(c, world.center, who, Purpose.DOWNLOAD, KEY, text)
    )


def rule_of(world: World, text: str, actor: Actor | None = None) -> str:
    with pytest.raises(CodeError) as caught:
        give(world, text, actor)
    return caught.value.rule


def wrong(app: pyotp.TOTP, world: World) -> str:
    near = {app.at(world.clock(), counter_offset=offset) for offset in (-1, 0, 1)}
    return next(text for text in ("000000", "111111", "222222", "333333") if text not in near)


def test_a_login_alone_cannot_set_up_an_authenticator(world: World) -> None:
    """Another user's code, one for another purpose, and a used one are refused."""
    center = world.center
    totp.request_code(center, world.manager)
    others = world.outbox.last_code
    codes.send_code(center, world.keys, Purpose.LOGON, "", world.keys.user_id)
    for text in ("", "000000", others, world.outbox.last_code):
        with pytest.raises(CodeError):
            totp.begin_enrolment(center, world.keys, text)
    with pytest.raises(CodeError, match="set one up first"):
        totp.confirm_enrolment(center, world.keys, "000000")
    begin(world)
    with pytest.raises(CodeError, match="used"):
        totp.begin_enrolment(center, world.keys, world.outbox.last_code)


def test_the_code_that_starts_an_enrolment_goes_to_the_users_own_mobile(world: World) -> None:
    sent = totp.request_code(world.center, world.keys)
    mobile, email, text = world.outbox.sent[-1]
    own = people.account(world.center, world.keys)
    assert (mobile, email) == (own.mobile, own.email)
    assert sent.to == codes.masked(own.mobile)
    assert "code for authenticator, valid until" in text


def test_the_user_and_the_managers_get_a_mail_about_a_new_authenticator(world: World) -> None:
    app = pyotp.TOTP(begin(world).secret.reveal())
    assert rows(world.center, mail) == 0
    totp.confirm_enrolment(world.center, world.keys, app.at(world.clock()))
    with world.center.database.read() as connection:
        told = connection.execute(select(mail).order_by(mail.c.id)).all()
    assert [one.recipient for one in told] == ["maria@example.com", "kim@example.com"]
    for one in told:
        assert "kim set up an authenticator app" in one.body
        assert app.secret not in one.body
    (shown,) = notices.unseen(world.center, world.keys)
    assert "authenticator" in shown.text


def test_an_authenticator_is_active_once_its_first_code_was_right(world: World) -> None:
    made = begin(world)
    app = pyotp.TOTP(made.secret.reveal())
    assert rule_of(world, app.at(world.clock())) == "wrong"
    assert not people.account(world.center, world.keys).authenticator
    with pytest.raises(CodeError, match="clock"):
        totp.confirm_enrolment(world.center, world.keys, wrong(app, world))
    totp.confirm_enrolment(world.center, world.keys, app.at(world.clock()))
    assert people.account(world.center, world.keys).authenticator
    world.clock.go(seconds=30)
    give(world, app.at(world.clock()))


def test_an_unfinished_enrolment_can_be_started_again(world: World) -> None:
    first = pyotp.TOTP(begin(world).secret.reveal())
    second = pyotp.TOTP(begin(world).secret.reveal())
    assert first.secret != second.secret
    with pytest.raises(CodeError):
        totp.confirm_enrolment(world.center, world.keys, first.at(world.clock()))
    totp.confirm_enrolment(world.center, world.keys, second.at(world.clock()))
    with pytest.raises(AccountError, match="remove it first"):
        totp.request_code(world.center, world.keys)
    with pytest.raises(AccountError, match="remove it first"):
        totp.begin_enrolment(world.center, world.keys, "000000")


def test_a_code_of_a_time_step_is_valid_once(world: World) -> None:
    app = enrolled(world)
    assert rule_of(world, app.at(world.clock())) == "used"
    world.clock.go(seconds=30)
    text = app.at(world.clock())
    give(world, f"{text[:3]} {text[3:]}")
    with pytest.raises(CodeError, match="already used: wait for the next one") as caught:
        give(world, text)
    assert caught.value.rule == "used"
    with pytest.raises(CodeError, match="already used: wait for the next one"):
        totp.remove(world.center, world.keys, text)


def test_of_two_requests_at_once_with_the_same_code_one_succeeds(world: World) -> None:
    app = enrolled(world)
    world.clock.go(seconds=30)
    outcomes = at_once(2, lambda: give(world, app.at(world.clock())))
    assert sorted(getattr(outcome, "rule", "done") for outcome in outcomes) == ["done", "used"]


def test_a_right_code_that_is_entered_again_is_not_a_wrong_code(world: World) -> None:
    """It is neither counted nor logged, however often."""
    app = enrolled(world)
    world.clock.go(seconds=30)
    text = app.at(world.clock())
    give(world, text)
    for _ in range(authenticator.WRONG.count + 1):
        assert rule_of(world, text) == "used"
    world.clock.go(seconds=30)
    give(world, app.at(world.clock()))
    query = select(audit.c.action).where(audit.c.action == "code refused")
    with world.center.database.read() as connection:
        assert not connection.execute(query).all()


def _sent(world: World) -> str:
    codes.send_code(world.center, world.keys, Purpose.DOWNLOAD, KEY, world.keys.user_id)
    return world.outbox.last_code


def test_a_sent_code_that_is_entered_again_is_not_a_wrong_code_of_the_authenticator(
    world: World,
) -> None:
    enrolled(world)
    text = _sent(world)
    give(world, text)
    for _ in range(authenticator.WRONG.count + 1):
        assert rule_of(world, text) == "used"
    world.clock.go(seconds=30)
    give(world, _sent(world))


def test_a_clock_set_back_does_not_revive_a_step(world: World) -> None:
    app = enrolled(world)
    world.clock.go(seconds=60)
    give(world, app.at(world.clock()))
    for seconds in (-30, -30, -60):
        world.clock.go(seconds=seconds)
        assert rule_of(world, app.at(world.clock())) == "used"


@pytest.mark.parametrize(("late", "good"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_the_mobiles_clock_may_be_one_step_off(world: World, late: int, *, good: bool) -> None:
    app = enrolled(world)
    world.clock.go(minutes=10)
    text = app.at(int(world.clock().timestamp()) + late)
    if good:
        give(world, text)
    else:
        assert rule_of(world, text) == "wrong"


def test_wrong_codes_lock_the_authenticator_for_an_hour(world: World) -> None:
    app = enrolled(world)
    world.clock.go(minutes=1)
    for _ in range(authenticator.WRONG.count):
        assert rule_of(world, wrong(app, world)) == "wrong"
    assert rule_of(world, app.at(world.clock())) == "tries"
    # A sent code still works.
    codes.send_code(world.center, world.keys, Purpose.DOWNLOAD, KEY, world.manager.user_id)
    give(world, world.outbox.last_code)
    world.clock.go(hours=1)
    give(world, app.at(world.clock()))


def test_wrong_codes_at_once_are_all_counted(world: World) -> None:
    app = enrolled(world)
    world.clock.go(minutes=1)
    text = wrong(app, world)
    outcomes = at_once(8, lambda: give(world, text))
    rules = sorted(getattr(outcome, "rule", "done") for outcome in outcomes)
    assert rules == ["tries"] * (8 - authenticator.WRONG.count) + ["wrong"] * (
        authenticator.WRONG.count
    )


def test_an_authenticator_works_only_for_its_user(world: World) -> None:
    app = enrolled(world)
    world.clock.go(seconds=30)
    assert rule_of(world, app.at(world.clock()), actor=world.manager) == "wrong"
    give(world, app.at(world.clock()))


def test_an_authenticator_is_removed_with_one_of_its_codes(world: World) -> None:
    app = enrolled(world)
    world.clock.go(seconds=30)
    with pytest.raises(CodeError):
        totp.remove(world.center, world.keys, wrong(app, world))
    totp.remove(world.center, world.keys, app.at(world.clock()))
    world.clock.go(seconds=30)
    assert rule_of(world, app.at(world.clock())) == "wrong"
    with pytest.raises(CodeError, match="no authenticator"):
        totp.remove(world.center, world.keys, app.at(world.clock()))


def test_wrong_codes_to_confirm_and_to_remove_are_in_the_audit_log(world: World) -> None:
    app = pyotp.TOTP(begin(world).secret.reveal())
    right = app.at(world.clock())
    for use in (totp.confirm_enrolment, totp.remove):
        with pytest.raises(CodeError):
            use(world.center, world.keys, wrong(app, world))
        if use is totp.confirm_enrolment:
            use(world.center, world.keys, right)
    with pytest.raises(CodeError, match="used"):
        totp.remove(world.center, world.keys, right)
    query = select(audit.c.actor, audit.c.subject, audit.c.detail).order_by(audit.c.id)
    with world.center.database.read() as connection:
        found = connection.execute(query.where(audit.c.action == "code refused")).all()
    # The last one was right before: a form that was sent twice.
    expected = [("wrong",), ("wrong",)]
    assert found == [("kim", "authenticator", *detail) for detail in expected]


def test_the_operator_removes_a_lost_authenticator(world: World) -> None:
    app = enrolled(world)
    people.remove_authenticator(world.center, "kim")
    world.clock.go(seconds=30)
    assert rule_of(world, app.at(world.clock())) == "wrong"
    enrolled(world)


def test_the_secret_is_sealed_and_shown_only_in_the_qr_code(world: World) -> None:
    made = begin(world)
    secret = made.secret.reveal()
    with world.center.database.read() as connection:
        query = select(person.c.totp_sealed).where(person.c.id == world.keys.user_id)
        sealed = connection.execute(query).scalar_one()
    assert secret.encode() not in sealed
    assert world.center.vault.open(sealed, f"totp:{world.keys.user_id}") == secret
    assert secret not in repr(made)
    svg = made.svg.reveal()
    assert svg.startswith("<svg ")
    # It has no script and no style, so a page with a strict policy can show it.
    assert not re.search(r"<script|style=|<style|\bon\w+=", svg)
