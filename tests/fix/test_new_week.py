"""When a trading week begins, and how a client returns to 34=1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.fix.admission import Refused
from gatepass.fix.client import ClientSession
from gatepass.fix.message import Message
from gatepass.fix.scenarios import at_week, choose_scenario
from gatepass.fix.texts import NOT_RESET
from gatepass.fix.week import Scenario, Week, numbers_of, trading_week, week_of
from gatepass.session import effects as fx
from gatepass.session.numbers import MAX_JUMP, SentMessage
from gatepass.session.store import MemoryStore
from gatepass.storage import SqliteStore
from tests.fix.test_numbers import Desk
from tests.fix.world import PAIR, SETTINGS, START, World

CHICAGO = ZoneInfo("America/Chicago")
WEEK = trading_week(START)
#: Saturdays: in winter, before both clock changes, in summer.
SATURDAYS = ["2026-01-24", "2026-03-07", "2026-07-04", "2026-10-31"]
REFUSED = (58, NOT_RESET), (789, "1")


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "s.db", "ABC123")
    with closing(store):
        yield Desk(store, numbers_of(Week(WEEK)))


@pytest.mark.parametrize("saturday", SATURDAYS)
def test_the_week_begins_on_saturday_at_two_in_chicago(saturday: str) -> None:
    begin = datetime.fromisoformat(f"{saturday}T02:00").replace(tzinfo=CHICAGO)
    sunday = (begin + timedelta(days=1)).date().isoformat()
    assert trading_week(begin - timedelta(microseconds=1)) != sunday
    assert trading_week(begin) == sunday


@pytest.mark.parametrize("saturday", SATURDAYS)
@given(hours=st.floats(0, 7 * 24 - 0.001))
def test_a_session_of_the_week_is_remembered_until_the_next_begins(
    saturday: str, hours: float
) -> None:
    begin = datetime.fromisoformat(f"{saturday}T02:00").replace(tzinfo=CHICAGO)
    then = begin + timedelta(hours=hours)  # in Chicago time
    numbers = numbers_of(Week(trading_week(begin), begun=True), 9, 7)
    assert at_week(numbers, then) == numbers
    assert at_week(numbers, begin + timedelta(days=7)).next_out == 1


def test_last_weeks_numbers_are_gone_on_sunday_morning() -> None:
    friday = datetime(2026, 1, 23, 16, 0, tzinfo=CHICAGO)
    sunday = datetime(2026, 1, 25, 10, 35, tzinfo=CHICAGO)
    numbers = numbers_of(Week(trading_week(friday), begun=True), 900, 800)
    assert choose_scenario(numbers, sunday) is Scenario.BEGINNING_OF_WEEK


def test_a_refusal_uses_its_number_and_nothing_is_requested(desk: Desk) -> None:
    assert desk.log_on() == 1
    desk.answer("5", 1, *REFUSED)
    assert desk.log_on() == 1
    said = desk.answer("A", 2)
    assert said == []
    assert desk.store.load() == numbers_of(Week(WEEK, begun=True), 2, 3)


def test_other_refusals_in_between_make_no_difference(desk: Desk) -> None:
    for text in (REFUSED, ((58, "Invalid Logon. Logout Forced"), (789, "1"))):
        desk.log_on()
        desk.answer("5", 1, *text)
    desk.log_on()
    desk.client.disconnected(START)  # there was no answer
    desk.log_on()
    assert desk.answer("A", 2) == []


@pytest.mark.parametrize(("answer", "asked"), [(1, None), (2, None), (5, ("2", "4"))])
def test_really_missing_messages_are_requested(
    desk: Desk, answer: int, asked: tuple[str, str] | None
) -> None:
    desk.log_on()
    desk.answer("5", 1, *REFUSED)
    desk.log_on()
    requests = [(m.get(7), m.get(16)) for m in desk.answer("A", answer) if m.msg_type == "2"]
    assert requests == ([asked] if asked else [])


def test_numbers_restart_if_the_exchange_does_not_know_the_week(desk: Desk) -> None:
    order = SentMessage(30, b"order", True)
    desk.store.save(numbers_of(Week(WEEK, begun=True), 31, 20), order)
    assert desk.log_on() == 31
    desk.answer("5", 1, *REFUSED)
    # Any peer that refuses a Logon can write this: nothing is discarded before one is accepted.
    assert desk.store.sent(30, 30) == [order]
    assert choose_scenario(desk.store.load(), START) is Scenario.BEGINNING_OF_WEEK
    assert desk.log_on() == 1
    assert desk.store.sent(30, 30) == [order]
    assert desk.answer("A", 2) == []
    assert desk.store.load() == numbers_of(Week(WEEK, 1, begun=True), 2, 3)
    assert desk.store.sent(1, 99) == []


def test_a_week_that_the_exchange_knows_after_all_continues(desk: Desk) -> None:
    desk.store.save(numbers_of(Week(WEEK, begun=True), 31, 20))
    desk.log_on()
    desk.answer("5", 1, *REFUSED)
    assert desk.log_on() == 1
    desk.refuse(31)
    assert desk.log_on() == 31
    assert desk.answer("A", 20) == []
    assert desk.store.load() == numbers_of(Week(WEEK, begun=True), 32, 21)


def test_another_text_with_789_1_sets_nothing_back(desk: Desk) -> None:
    desk.store.save(numbers_of(Week(WEEK, begun=True), 31, 20))
    desk.log_on()
    desk.refuse(1)
    assert desk.log_on() == 31


@pytest.mark.parametrize(("answer", "then"), [(1, 2), (21, 22)])
def test_after_789_1_on_a_live_session_the_next_logon_has_34_1(
    desk: Desk, answer: int, then: int
) -> None:
    """The exchange's own numbers restart at 1, or continue: nothing is requested in either case."""
    desk.store.save(numbers_of(Week(WEEK, begun=True), 30, 19))
    assert desk.log_on() == 30
    desk.answer("A", 19)
    (goodbye,) = desk.answer("5", 20, (789, "1"))
    assert (goodbye.msg_type, goodbye.msg_seq_num) == ("5", 31)
    assert desk.log_on() == 1
    assert desk.answer("A", answer) == []
    assert desk.store.load() == numbers_of(Week(WEEK, 1, begun=True), 2, then)


def test_an_exchange_that_continues_its_numbers_after_a_logout_causes_no_gap(desk: Desk) -> None:
    many = 3 * MAX_JUMP
    desk.store.save(numbers_of(Week(WEEK, begun=True), 30, many))
    desk.log_on()
    desk.answer("A", many)
    desk.answer("5", many + 1, (789, "1"))
    desk.log_on()
    assert desk.answer("A", many + 2) == []
    assert desk.store.load() == numbers_of(Week(WEEK, 1, begun=True), 2, many + 3)


def test_messages_sent_while_logged_out_are_requested_once_after_789_1(desk: Desk) -> None:
    desk.store.save(numbers_of(Week(WEEK, begun=True), 30, 19))
    desk.log_on()
    desk.answer("A", 19)
    desk.answer("5", 20, (789, "1"))
    desk.log_on()
    (request,) = desk.answer("A", 24)
    assert (request.get(7), request.get(16)) == ("21", "23")


def test_a_client_that_asks_for_mid_week_begins_the_week_again(desk: Desk) -> None:
    desk.store.save(numbers_of(Week(WEEK, begun=True, proposed=1), 30, 19))
    assert choose_scenario(desk.store.load(), START) is Scenario.BEGINNING_OF_WEEK
    desk.log_on()
    desk.client.disconnected(START)
    assert desk.log_on() == 1


def test_both_sides_agree_after_a_gateway_has_forgotten_the_week() -> None:
    world = World()
    world.connect()
    world.deliver_all()
    world.send(world.client)
    world.deliver_all()
    world.cut()
    world.account.store = world.gateway.store = MemoryStore()
    world.gateway.used.clear()
    world.connect()
    world.deliver_all()
    assert "34=1" in world.refusals[-1]
    requests: list[Message] = []
    for _ in range(30):
        if not world.is_up:
            world.connect()
        for side in (world.client, world.gateway):
            requests += _requests(side.line)
            world.deliver_all_of(side)
    assert world.client.is_on
    assert requests == []
    assert len(world.refusals) == 1


def test_a_session_logged_on_since_last_week_keeps_its_numbers() -> None:
    friday_night = START.replace(day=24, hour=7, minute=59)
    later = friday_night + timedelta(minutes=2)
    world = World()
    world.now = friday_night
    world.connect()
    world.deliver_all()
    other = ClientSession(SETTINGS, numbers_of(Week(trading_week(later), begun=True), 9, 9), later)
    other.connected(later)
    other.log_on(Scenario.MID_WEEK, later)
    (wanted,) = [e for e in other.take() if isinstance(e, fx.SignatureWanted)]
    signature = PAIR.secret.signing_key().sign(wanted.canonical)
    other.signature(PAIR.access_key_id, signature, later)
    (logon,) = [Message.parse(e.wire) for e in other.take() if isinstance(e, fx.Send)]
    verdict = world.admission.judge(logon, later)
    assert isinstance(verdict, Refused)
    assert "logged on already" in verdict.reason
    assert not verdict.counted


def _requests(line: bytearray) -> list[Message]:
    wires = [b"8=FIX.4.2" + part for part in bytes(line).split(b"8=FIX.4.2")[1:]]
    return [message for message in map(Message.parse, wires) if message.msg_type == "2"]


def test_a_week_that_must_begin_again_does_so_after_another_refusal_too(desk: Desk) -> None:
    desk.store.save(numbers_of(Week(WEEK, begun=True), 31, 20))
    desk.log_on()
    desk.answer("5", 1, *REFUSED)
    for number in (2, 3):
        assert desk.log_on() == 1
        desk.answer("5", number, (58, "Invalid Logon. Logout Forced"), (789, "1"))
    assert desk.log_on() == 1


def test_a_mid_week_logon_in_a_new_week_differs_from_a_wrong_key(desk: Desk) -> None:
    for text in (NOT_RESET.upper(), NOT_RESET.rstrip(".")):
        desk.store.save(numbers_of(Week(WEEK, begun=True), 31, 20))
        desk.log_on()
        desk.answer("5", 1, (58, text), (789, "1"))
        assert week_of(desk.store.load()).proposed == 1
        (refused,) = [e for e in desk.effects if isinstance(e, fx.LoggedOut)]
        assert refused.refused
