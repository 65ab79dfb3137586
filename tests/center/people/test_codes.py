"""Verification codes: valid once and for ten minutes, five tries, ten a day, never in clear."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from gatepass.center.audit.verifying import verify
from gatepass.center.context import Center
from gatepass.center.people import codes
from gatepass.center.people import users as people
from gatepass.center.people.codes import Purpose, check_code, send_code, subject_of
from gatepass.center.roles import Actor
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.store import moment
from gatepass.center.store.schema import audit, code, metadata, person
from gatepass.errors import CodeError, DeliveryError
from tests.center.users import at_once, rows
from tests.center.world import World
from tests.leaks import everything_shown

KEY, OTHER = "oNDxM33uE81ohWuVRtWT", "aaaaaaaaaaaaaaaaaaaa"


def ask(world: World, subject: str = KEY, purpose: Purpose = Purpose.DOWNLOAD) -> str:
    """Request a code to the manager's mobile on kim's behalf, and return it."""
    send_code(world.center, world.keys, purpose, subject, world.manager.user_id)
    return world.outbox.last_code


def give(
    world: World,
    text: str,
    subject: str = KEY,
    purpose: Purpose = Purpose.DOWNLOAD,
    actor: Actor | None = None,
) -> None:
    who = actor or world.keys
    world.center.database.write(
        lambda connection: check_code(connection, world.center, who, purpose, subject, text)
    )


def rule_of(world: World, text: str, **what: object) -> str:
    with pytest.raises(CodeError) as caught:
        give(world, text, **what)  # type: ignore[arg-type]
    return caught.value.rule


def wrong(right: str) -> str:
    return f"{(int(right) + 1) % 10**6:06}"


def test_a_code_is_valid_once(world: World) -> None:
    text = ask(world)
    give(world, f" {text[:3]} {text[3:]} ")
    assert rule_of(world, text) == "used"


def test_a_code_goes_to_the_recipient_and_says_what_it_is_for(world: World) -> None:
    sent = send_code(
        world.center, world.keys, Purpose.DOWNLOAD, KEY, recipient_id=world.manager.user_id
    )
    mobile, email, text = world.outbox.sent[-1]
    assert email == "maria@example.com"
    assert sent.to == f"…{mobile[-4:]}"
    assert sent.left_today == codes.PER_DAY - 1
    assert "download" in text
    assert KEY in text
    assert len(text) <= 160


def test_a_code_is_valid_for_ten_minutes(world: World) -> None:
    text = ask(world)
    world.clock.go(minutes=10)
    assert rule_of(world, text) == "expired"
    text = ask(world)
    world.clock.go(minutes=9, seconds=59)
    give(world, text)


def test_a_code_is_valid_only_for_what_it_was_sent_for(world: World) -> None:
    text = ask(world)
    assert rule_of(world, text, subject=OTHER) == "wrong"
    assert rule_of(world, text, purpose=Purpose.DELETE) == "wrong"
    assert rule_of(world, text, actor=world.manager) == "wrong"
    give(world, text)


def test_only_the_newest_code_counts(world: World) -> None:
    first, second = ask(world), ask(world)
    if first != second:
        assert rule_of(world, first) == "wrong"
    give(world, second)


def test_five_wrong_tries_make_a_code_void(world: World) -> None:
    text = ask(world)
    rules = [rule_of(world, wrong(text)) for _ in range(codes.WRONG_TRIES)]
    assert rules == ["wrong"] * (codes.WRONG_TRIES - 1) + ["tries"]
    assert rule_of(world, text) == "tries"


def refused(world: World) -> list[tuple[str, str, str, str]]:
    """The refused codes in the log: user, purpose, pair and reason."""
    query = select(audit.c.actor, audit.c.subject, audit.c.access_key_id, audit.c.detail)
    with world.center.database.read() as connection:
        found = connection.execute(query.where(audit.c.action == "code refused"))
        return [(who, what, key, why) for who, what, key, why in found]


def test_each_wrong_try_that_counts_is_in_the_log(world: World) -> None:
    """Further tries are not logged, so that they cannot fill the log."""
    text = ask(world)
    for _ in range(codes.WRONG_TRIES + 3):
        rule_of(world, wrong(text))
    expected = ["wrong"] * (codes.WRONG_TRIES - 1) + ["tries"]
    assert refused(world) == [("kim", "download", KEY, why) for why in expected]
    assert verify(world.center.database, world.center.vault).broken is None


def test_a_try_without_a_sent_code_is_not_in_the_log(world: World) -> None:
    rule_of(world, "000000")
    assert refused(world) == []


def test_the_last_try_may_be_right(world: World) -> None:
    text = ask(world)
    for _ in range(codes.WRONG_TRIES - 1):
        rule_of(world, wrong(text))
    give(world, text)


def test_a_code_is_not_used_up_if_the_action_fails(world: World) -> None:
    text = ask(world)

    def work(connection: object) -> None:
        check_code(connection, world.center, world.keys, Purpose.DOWNLOAD, KEY, text)  # type: ignore[arg-type]
        raise RuntimeError("the action failed")

    with pytest.raises(RuntimeError):
        world.center.database.write(work)
    give(world, text)


def test_of_two_requests_at_once_with_the_same_code_one_succeeds(world: World) -> None:
    for _ in range(5):
        text = ask(world)
        outcomes = at_once(2, lambda text=text: give(world, text))  # type: ignore[misc]
        assert Counter(getattr(outcome, "rule", "done") for outcome in outcomes) == {
            "done": 1,
            "used": 1,
        }


def test_wrong_tries_at_once_are_all_counted(world: World) -> None:
    text = ask(world)
    outcomes = at_once(8, lambda: give(world, wrong(text)))
    found = Counter(getattr(outcome, "rule", outcome) for outcome in outcomes)
    assert found == {"wrong": codes.WRONG_TRIES - 1, "tries": 8 - codes.WRONG_TRIES + 1}
    assert rule_of(world, text) == "tries"


def test_the_eleventh_code_of_the_day_is_refused(world: World) -> None:
    purposes = [Purpose.LOGON, Purpose.DOWNLOAD, Purpose.DELETE]
    for number in range(codes.PER_DAY):
        ask(world, purpose=purposes[number % 3])
    with pytest.raises(CodeError, match="midnight in Chicago") as caught:
        ask(world)
    assert caught.value.rule == "budget"
    assert len(world.outbox.sent) == codes.PER_DAY
    # The budget is each user's own.
    send_code(world.center, world.manager, Purpose.LOGON, "", world.manager.user_id)


def test_of_eleven_requests_at_once_ten_get_a_code(world: World) -> None:
    outcomes = at_once(11, lambda: ask(world))
    assert [getattr(outcome, "rule", None) for outcome in outcomes].count("budget") == 1
    assert len(world.outbox.sent) == codes.PER_DAY


def test_the_day_ends_at_midnight_in_chicago(world: World) -> None:
    for _ in range(codes.PER_DAY):
        ask(world)
    # 2026-03-04, 23:59:59 in Chicago is 05:59:59 UTC of the next day.
    world.clock.go(hours=14, minutes=59, seconds=59)
    with pytest.raises(CodeError):
        ask(world)
    world.clock.go(seconds=1)
    give(world, ask(world))


def test_a_clock_set_back_gives_no_new_budget(world: World) -> None:
    for _ in range(codes.PER_DAY):
        ask(world)
    for days in (1, 1, 365):
        world.clock.go(days=-days)
        with pytest.raises(CodeError) as caught:
            ask(world)
        assert caught.value.rule == "budget"


def test_a_reset_password_forgets_codes_that_were_sent_while_the_clock_was_ahead(
    world: World,
) -> None:
    world.clock.go(days=365)
    for _ in range(codes.PER_DAY):
        ask(world)
    world.clock.go(days=-365)
    with pytest.raises(CodeError):
        ask(world)
    people.reset_password(world.center, "kim")
    for _ in range(codes.PER_DAY):
        ask(world)
    people.reset_password(world.center, "kim")
    with pytest.raises(CodeError):
        ask(world)


@pytest.mark.parametrize("seen_by", ["check", "send", "sweep"])
def test_a_clock_set_back_does_not_revive_an_expired_code(world: World, seen_by: str) -> None:
    text = ask(world)
    world.clock.go(minutes=11)
    if seen_by == "check":
        assert rule_of(world, text) == "expired"
    elif seen_by == "send":
        ask(world, subject=OTHER)
    else:
        world.center.database.write(lambda c: codes.sweep(c, world.clock()))
    world.clock.go(minutes=-6)
    assert rule_of(world, text) == "expired"
    # The user is not locked out: the next code works.
    give(world, ask(world))


def test_a_clock_set_back_before_a_code_was_sent_makes_it_void(world: World) -> None:
    text = ask(world)
    world.clock.go(minutes=-20)
    assert rule_of(world, text) == "expired"
    world.clock.go(minutes=21)
    assert rule_of(world, text) == "expired"


def test_another_machines_clock_may_be_a_little_behind(world: World) -> None:
    text = ask(world)
    world.clock.go(seconds=-moment.TOLERANCE.total_seconds())
    give(world, text)


class Broken:
    def __init__(self, rule: str) -> None:
        self.rule = rule
        self.text = ""

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        self.text = text.reveal()
        raise DeliveryError("mail server smtp.inside.example:587 is gone", self.rule)


@pytest.mark.parametrize(("rule", "left"), [("unreachable", 9), ("refused", 9), ("in doubt", 8)])
def test_a_code_that_could_not_be_sent_does_not_count(world: World, rule: str, left: int) -> None:
    courier = Broken(rule)
    broken = Center(
        world.center.database, world.center.vault, world.center.calendar, courier, world.clock
    )
    with pytest.raises(CodeError, match=r"the code could not be sent: .*: t") as caught:
        send_code(broken, world.keys, Purpose.DOWNLOAD, KEY, world.manager.user_id)
    assert caught.value.rule == "unsent"
    # Only the log names the server.
    assert "inside" not in str(caught.value)
    digits = courier.text.split()[0]
    assert digits not in everything_shown(caught.value)
    assert rule_of(world, digits) in {"wrong", "expired"}
    sent = send_code(world.center, world.keys, Purpose.DOWNLOAD, KEY, world.manager.user_id)
    assert sent.left_today == left


def test_codes_that_could_not_be_sent_do_not_allow_more_than_ten(world: World) -> None:
    for _ in range(3):
        ask(world)
    broken = Center(
        world.center.database,
        world.center.vault,
        world.center.calendar,
        Broken("refused"),
        world.clock,
    )
    for _ in range(20):
        with pytest.raises(CodeError, match="could not be sent"):
            send_code(broken, world.keys, Purpose.DOWNLOAD, KEY, world.manager.user_id)
    for _ in range(codes.PER_DAY - 3):
        ask(world)
    with pytest.raises(CodeError) as caught:
        ask(world)
    assert caught.value.rule == "budget"


def test_no_code_goes_to_a_disabled_user(world: World) -> None:
    disable = update(person).where(person.c.id == world.manager.user_id).values(disabled=True)
    world.center.database.write(lambda connection: connection.execute(disable))
    with pytest.raises(CodeError, match="Maria") as caught:
        ask(world)
    assert caught.value.rule == "unsent"
    assert not world.outbox.sent
    assert rows(world.center, code) == 0


def test_no_code_is_stored_in_clear(world: World) -> None:
    text = ask(world)
    # Six digits can occur by chance in a time or a MAC, so whole values are compared.
    with world.center.database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                for value in row:
                    assert text not in str(value).split()
                    assert value not in {text, text.encode()}


def test_a_digest_is_bound_to_user_purpose_subject_and_moment(world: World) -> None:
    found = set()
    for actor in (world.keys, world.manager):
        for purpose in Purpose:
            for subject in ("", KEY):
                for at in (world.clock(), world.clock() + timedelta(microseconds=1)):
                    found.add(codes._digest(world.center, actor, purpose, subject, at, "123456"))
    assert len(found) == 2 * len(Purpose) * 2 * 2


@given(st.sets(st.text("abcXYZ019", min_size=1, max_size=20), min_size=1, max_size=20))
def test_a_subject_fits_and_does_not_depend_on_the_order(ids: set[str]) -> None:
    ordered = sorted(ids)
    assert subject_of(ordered) == subject_of(reversed(ordered)) == subject_of(ordered * 2)
    assert len(subject_of(ordered)) <= 64
    assert subject_of(ordered) != subject_of([*ordered, "one more"])


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\ud800", "\0" * 6])
def test_malformed_codes_are_wrong_codes(world: World, typed: str) -> None:
    ask(world)
    assert rule_of(world, typed) == "wrong"


def test_old_codes_are_swept_and_new_ones_stay(world: World) -> None:
    ask(world)
    world.clock.go(days=31)
    ask(world)
    world.center.database.write(lambda c: codes.sweep(c, world.clock()))
    assert rows(world.center, code) == 1
    world.clock.go(days=1)
    world.center.database.write(lambda c: codes.sweep(c, world.clock()))
    assert rows(world.center, code) == 1
