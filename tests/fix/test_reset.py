"""A Logon that sets the numbers back discards nothing until it is accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.causes import Cause
from gatepass.fix import effects as fx
from gatepass.fix import format_sending_time
from gatepass.fix.client import ClientSession
from gatepass.fix.message import Message, encode
from gatepass.fix.scenarios import choose_scenario
from gatepass.fix.states import State
from gatepass.fix.week import Scenario, Week, numbers_of, trading_week, week_of, with_week
from gatepass.session.numbers import Numbers
from gatepass.session.store import MemoryStore
from tests.fix.world import SETTINGS, START, World

WEEK = trading_week(START)
BEFORE = numbers_of(Week(WEEK, begun=True), 9, 7)


def _from_cme(
    msg_type: str, number: int, *fields: tuple[int, str], target: str = "ABC123N"
) -> bytes:
    header = [(49, "CME"), (50, "G"), (52, format_sending_time(START)), (56, target)]
    return encode([(35, msg_type), (34, str(number)), *header, *fields])


def _world_with_an_order_that_was_lost() -> World:
    world = World()
    world.connect()
    world.deliver_all()
    world.send(world.client)
    world.cut()
    assert len(world.client.store.sent(1, 99)) == 1
    return world


@pytest.mark.parametrize("answered", [True, False])
def test_a_beginning_of_week_logon_in_mid_week_costs_nothing(answered: bool) -> None:
    world = _world_with_an_order_that_was_lost()
    world.connect(Scenario.BEGINNING_OF_WEEK)
    if answered:
        world.deliver_all()
        assert "too low" in world.refusals[-1]
    else:
        world.cut()
    stored = world.client.store.load()
    assert (stored.next_out, week_of(stored).begun) == (4, True)
    assert choose_scenario(stored, world.now) is Scenario.MID_WEEK
    world.settle()
    assert world.gateway.given == world.client.sent
    assert len(world.refusals) == answered


def test_a_gateway_that_forgot_its_numbers_begins_the_week_again() -> None:
    world = _world_with_an_order_that_was_lost()
    world.account.store = world.gateway.store = MemoryStore()
    world.gateway.used.clear()
    world.connect(Scenario.BEGINNING_OF_WEEK)
    world.deliver_all()
    assert world.client.is_on
    assert world.client.store.load() == world.client.session.numbers
    # Accepted: now the order with an old number is discarded.
    assert list(world.client.store.sent(1, 99)) == []


@given(
    out=st.integers(0, 700),
    back=st.integers(0, 700),
    before=st.integers(0, 3),
    emitted=st.integers(0, 9),
    over=st.booleans(),
)
def test_an_interrupted_reset_loses_and_duplicates_nothing(
    out: int, back: int, before: int, emitted: int, over: bool
) -> None:
    world = World(replace(SETTINGS, sender_comp_id="ABC123U"))
    world.connect()
    world.deliver_all()
    for _ in range(before):
        world.send(world.gateway)
        world.send(world.client)
    world.deliver_all()
    world.reset()
    world.deliver_all_of(world.client)
    world.deliver_all_of(world.gateway)
    world.deliver(world.client, out)
    for _ in range(emitted):
        world.send(world.gateway)
    world.deliver(world.gateway, back)
    if over:
        world.fail_over()
    elif world.is_up:
        world.cut()
    world.settle()
    for side in (world.client, world.gateway):
        assert side.is_on
        world.send(side)
    world.settle()
    assert world.gateway.given == world.client.sent
    assert world.client.given == world.gateway.sent
    assert world.refusals == []


def test_the_new_numbers_are_stored_with_the_answer() -> None:
    client = _logged_on(BEFORE)
    client.log_on(Scenario.IN_SESSION, START)
    client.take()
    client.receive(_from_cme("0", 8, (112, f"{START:%H%M%S}-1")), START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    saves = [effect for effect in client.take() if isinstance(effect, fx.Save)]
    assert saves[-1] == fx.Save(
        numbers_of(Week(WEEK, begun=True, resetting=Scenario.IN_SESSION), 11, 9)
    )
    client.receive(_from_cme("A", 1, (141, "Y")), START)
    (save,) = [effect for effect in client.take() if isinstance(effect, fx.Save)]
    assert save.numbers == numbers_of(Week(WEEK, 1, begun=True), 2, 2)
    assert save.sent is not None
    assert (save.sent.number, save.sent.keep) == (1, False)


@pytest.mark.parametrize("reply", [0, None])
def test_an_answer_without_a_number_discards_nothing(reply: int | None) -> None:
    client = _resetting()
    answer = _from_cme("A", 0) if reply == 0 else encode([(35, "A"), (56, "ABC123N")])
    client.receive(answer, START)
    assert client.state is State.CLOSED
    assert not [effect for effect in client.take() if isinstance(effect, fx.Save)]


@pytest.mark.parametrize(
    ("resetting", "number", "processed", "restarted"),
    [
        ("in-session", 3, "1", True),
        ("in-session", 12, "1", True),  # it sent more than before, meanwhile
        ("in-session", 7, "8", False),
        ("in-session", 12, "8", False),
        ("in-session", 12, None, False),
        ("beginning-of-week", 3, "0", True),
        # It may have received only one of our messages: the others are not discarded.
        ("beginning-of-week", 12, "1", False),
    ],
)
def test_the_answer_shows_whether_a_reset_took_place(
    resetting: str, number: int, processed: str | None, restarted: bool
) -> None:
    client = ClientSession(SETTINGS, with_week(BEFORE, resetting=Scenario(resetting)), START)
    client.connected(START)
    client.log_on(Scenario.MID_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    saved = [effect.numbers for effect in client.take() if isinstance(effect, fx.Save)]
    assert saved == [replace(with_week(BEFORE, resetting=Scenario(resetting)), next_out=10)]
    fields = [] if processed is None else [(369, processed)]
    client.receive(_from_cme("A", number, *fields), START)
    effects = client.take()
    saved = [effect.numbers for effect in effects if isinstance(effect, fx.Save)]
    assert week_of(saved[-1]).resetting is None
    assert (saved[0].next_out == 1) is restarted
    begin = 1 if restarted else 7
    asked = [effect.begin for effect in effects if isinstance(effect, fx.Gap)]
    assert asked == ([begin] if number > begin else [])


def test_an_answer_that_jumps_too_far_decides_nothing() -> None:
    interrupted = with_week(BEFORE, resetting=Scenario.IN_SESSION)
    client = ClientSession(SETTINGS, interrupted, START)
    client.connected(START)
    client.log_on(Scenario.MID_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.take()
    client.receive(_from_cme("A", 5_000_000, (369, "0")), START)
    saved = [effect.numbers for effect in client.take() if isinstance(effect, fx.Save)]
    # Only its Logout has a number.
    assert saved == [replace(interrupted, next_out=11)]


def test_a_promotion_that_jumps_too_far_decides_nothing() -> None:
    interrupted = with_week(BEFORE, resetting=Scenario.IN_SESSION)
    settings = replace(SETTINGS, sender_comp_id="ABC123U")
    client = ClientSession(settings, Numbers(), START, backup=True)
    client.connected(START)
    client.log_on(Scenario.BEGINNING_OF_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.receive(_from_cme("A", 1, target="ABC123B"), START)
    client.receive(_from_cme("1", 5_000_000, (369, "0"), target="ABC123P"), START)
    client.take()
    client.promoted(interrupted, START)
    saved = [effect.numbers for effect in client.take() if isinstance(effect, fx.Save)]
    assert saved == [replace(interrupted, next_out=10)]


def test_a_refusal_leaves_the_question_open() -> None:
    interrupted = with_week(BEFORE, resetting=Scenario.IN_SESSION)
    client = ClientSession(SETTINGS, interrupted, START)
    client.connected(START)
    client.log_on(Scenario.MID_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.receive(_from_cme("5", 3, (58, "Invalid Logon. Logout Forced"), (789, "2")), START)
    saved = [effect.numbers for effect in client.take() if isinstance(effect, fx.Save)]
    assert saved[-1] == interrupted


def test_a_new_week_settles_the_question() -> None:
    client = ClientSession(
        SETTINGS, with_week(BEFORE, resetting=Scenario.IN_SESSION), START + timedelta(days=7)
    )
    assert client.numbers == numbers_of(Week(trading_week(START + timedelta(days=7))))


def _logged_on(numbers: Numbers) -> ClientSession:
    client = ClientSession(SETTINGS, numbers, START)
    client.connected(START)
    client.log_on(Scenario.MID_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.receive(_from_cme("A", numbers.next_in), START)
    client.take()
    return client


def _resetting() -> ClientSession:
    client = _logged_on(BEFORE)
    client.log_on(Scenario.IN_SESSION, START)
    client.receive(_from_cme("0", 8, (112, f"{START:%H%M%S}-1")), START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.take()
    assert client.state is State.LOGON_SENT
    return client


def test_after_a_week_changes_in_a_live_session_the_new_week_counts() -> None:
    friday_night = START.replace(day=24, hour=7, minute=59)
    later = friday_night + timedelta(minutes=2)
    assert trading_week(friday_night) != trading_week(later)
    world = World()
    world.now = friday_night
    world.connect()
    world.deliver_all()
    world.now = later
    world.reset()
    world.deliver_all()
    for side in (world.client, world.gateway):
        assert week_of(side.store.load()).sunday == trading_week(later)
        world.send(side)
    world.cut()
    world.settle()
    assert world.refusals == []
    assert world.gateway.given == world.client.sent
    assert world.client.given == world.gateway.sent


def test_without_a_signature_the_session_continues_unchanged() -> None:
    client = _logged_on(BEFORE)
    client.receive(_from_cme("D", 9, (58, "behind a gap")), START)
    client.log_on(Scenario.IN_SESSION, START)
    test = [e for e in client.take() if isinstance(e, fx.Send)][-1]
    identifier = Message.parse(test.wire).get(112) or ""
    client.receive(_from_cme("D", 8, (58, "late"), (43, "Y"), (122, "x")), START)
    client.receive(_from_cme("0", 10, (112, identifier)), START)
    assert client.state is State.SIGNING
    before = client.take()
    assert [e.message.get(58) for e in before if isinstance(e, fx.Received)] == [
        "late",
        "behind a gap",
    ]
    client.unsigned(START)
    assert client.state is State.LOGGED_ON
    assert client.take() == [fx.Save(client.numbers)]  # the mark of a reset is removed
    number = client.send("D", [(58, "order")], START)
    assert number == client.numbers.next_out - 1 == 12
    client.receive(_from_cme("1", 11, (112, "x")), START)
    assert client.numbers.next_in == 12
    client.unsigned(START)  # not requested
    assert client.state is State.LOGGED_ON


def test_without_a_signature_a_first_logon_ends_its_connection() -> None:
    client = ClientSession(SETTINGS, BEFORE, START)
    client.connected(START)
    client.log_on(Scenario.MID_WEEK, START)
    client.take()
    client.unsigned(START)
    assert client.state is State.CLOSED
    # The number was reserved, and is free again.
    assert [type(effect) for effect in client.take()] == [fx.Save, fx.Close]
    assert client.numbers == BEFORE


REJECT = [(45, "9"), (371, "57"), (58, "TargetSubId (57) tag is not present")]


@pytest.mark.parametrize(
    ("numbers", "then"),
    [(BEFORE, BEFORE), (Numbers(), numbers_of(Week(WEEK)))],
    ids=["mid", "first"],
)
def test_a_reject_refuses_a_logon_and_does_not_count(numbers: Numbers, then: Numbers) -> None:
    client = ClientSession(SETTINGS, numbers, START)
    client.connected(START)
    client.log_on(choose_scenario(numbers, START), START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.take()
    client.receive(_from_cme("3", 1, *REJECT), START)
    assert client.take() == [
        fx.LogonRejected("TargetSubId (57) tag is not present"),
        fx.Save(then),
        fx.Close(Cause.REJECTED, "TargetSubId (57) tag is not present"),
    ]


def test_after_a_reject_of_an_in_session_logon_the_session_continues() -> None:
    client = _resetting()
    client.receive(_from_cme("3", 9, (45, "4"), (58, "of an older message")), START)
    assert client.take() == []
    client.receive(_from_cme("3", 11, (45, "1"), (58, "why")), START)
    effects = client.take()
    assert effects[:2] == [
        fx.LogonRejected("why"),
        fx.Save(numbers_of(Week(WEEK, begun=True), 11, 9)),
    ]
    # Messages that were ignored meanwhile are requested.
    assert [effect for effect in effects if isinstance(effect, fx.Gap)] == [fx.Gap(9, 10)]
    assert client.state is State.LOGGED_ON
