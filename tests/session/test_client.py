"""The client's numbers after a refusal, its patience, and its in-session logon."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepass.session import effects as fx
from gatepass.session.client import ClientSession
from gatepass.session.message import Message, encode
from gatepass.session.numbers import Numbers
from gatepass.session.scenarios import Scenario, choose_scenario, trading_week
from gatepass.session.states import State
from gatepass.signing import format_sending_time
from tests.session.world import HEARTBEAT, SETTINGS, START, World

WEEK = trading_week(START)


def _from_cme(
    msg_type: str, number: int, *fields: tuple[int, str], target: str = "ABC123N"
) -> bytes:
    header = [(49, "CME"), (50, "G"), (52, format_sending_time(START)), (56, target)]
    return encode([(35, msg_type), (34, str(number)), *header, *fields])


def _logon_sent(numbers: Numbers, scenario: Scenario) -> ClientSession:
    client = ClientSession(SETTINGS, numbers, START)
    client.connected(START)
    client.log_on(scenario, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    return client


@pytest.mark.parametrize(
    ("begun", "next_out", "expected", "then", "next_scenario"),
    [
        # A failure before the week has begun: 1 until a Beginning of Week Logon succeeds.
        (False, 1, 1, 1, Scenario.BEGINNING_OF_WEEK),
        (False, 1, None, 1, Scenario.BEGINNING_OF_WEEK),
        # The store was lost mid-week: CME says where the week stands.
        (False, 1, 57, 57, Scenario.MID_WEEK),
        # Too low: the number from 789.
        (True, 4, 9, 9, Scenario.MID_WEEK),
        # A wrong key: the Logon did not use its number.
        (True, 4, 4, 4, Scenario.MID_WEEK),
        (True, 4, None, 4, Scenario.MID_WEEK),
        # CME missed messages before the cut: their numbers are not used for others.
        (True, 10, 7, 10, Scenario.MID_WEEK),
    ],
)
def test_numbers_after_a_refusal(
    begun: bool, next_out: int, expected: int | None, then: int, next_scenario: Scenario
) -> None:
    numbers = Numbers(next_out, next_out, WEEK, begun)
    client = _logon_sent(numbers, choose_scenario(numbers, START))
    more = [] if expected is None else [(789, str(expected))]
    client.receive(_from_cme("5", 1, (58, "Invalid Logon. Logout Forced"), *more), START)
    saved = [effect.numbers for effect in client.take() if isinstance(effect, fx.Save)][-1]
    assert saved.next_out == then
    assert saved.next_in == numbers.next_in
    assert choose_scenario(saved, START) is next_scenario


def test_a_refused_reset_keeps_the_numbers_of_before() -> None:
    world = World()
    world.connect()
    world.deliver_all()
    client = world.client.session
    assert isinstance(client, ClientSession)
    world.reset()
    world.deliver(world.client, 1000)
    world.deliver(world.gateway, 1000)
    before = client.numbers
    assert client.state is State.LOGON_SENT
    client.receive(_from_cme("5", 5, (58, "Invalid logon. Logout forced."), (789, "4")), world.now)
    saved = [effect.numbers for effect in client.take() if isinstance(effect, fx.Save)][-1]
    assert before.next_out == 2
    assert (saved.next_out, saved.next_in) == (4, 4)


def test_a_logout_in_session_raises_the_number() -> None:
    client = _logon_sent(Numbers(4, 4, WEEK, True), Scenario.MID_WEEK)
    client.receive(_from_cme("A", 4), START)
    client.receive(_from_cme("5", 5, (58, "too low"), (789, "40")), START)
    assert client.numbers.next_out == 41


def test_no_answer_to_the_logon_ends_the_connection() -> None:
    client = _logon_sent(Numbers(), Scenario.BEGINNING_OF_WEEK)
    assert client.deadline == START + timedelta(seconds=2 * HEARTBEAT)
    client.tick(client.deadline - timedelta(microseconds=1))
    assert client.state is State.LOGON_SENT
    client.tick(client.deadline)
    assert client.state is State.CLOSED


def test_messages_under_way_during_a_reset_are_ignored() -> None:
    world = World()
    world.connect()
    world.deliver_all()
    world.reset()
    world.deliver(world.client, 1000)
    world.deliver(world.gateway, 1000)
    assert world.client.session is not None
    assert world.client.session.state is State.LOGON_SENT
    world.send(world.gateway)
    world.deliver(world.gateway, 1000)
    assert world.client.session.state is State.LOGON_SENT
    world.deliver_all()
    assert world.client.is_on
    assert world.client.session.numbers.next_in == 3
    assert world.client.given == []


def test_a_logout_that_is_not_confirmed_ends_the_connection() -> None:
    world = World()
    world.connect()
    world.deliver_all()
    world.log_out()
    session = world.client.session
    assert session is not None
    world.client.line[12] ^= 1
    for _ in range(2 * HEARTBEAT):
        assert world.is_up
        world.deliver_all()
        world.wait(1)
    assert session.state is State.CLOSED


def test_a_signature_that_comes_too_late_is_dropped() -> None:
    client = ClientSession(SETTINGS, Numbers(), START)
    client.connected(START)
    client.log_on(Scenario.BEGINNING_OF_WEEK, START)
    client.disconnected(START)
    client.take()
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    assert client.take() == []


@pytest.mark.parametrize(
    ("target", "role"), [("ABC123P", "P"), ("ABC123B", "B"), ("ABC123X", "N"), ("XYZ123P", "N")]
)
def test_the_role_in_56_is_followed(target: str, role: str) -> None:
    client = _logon_sent(Numbers(), Scenario.BEGINNING_OF_WEEK)
    client.receive(_from_cme("A", 1, target=target), START)
    assert client.indicator == role


def test_no_scenario_begins_in_the_wrong_state() -> None:
    client = ClientSession(SETTINGS, Numbers(), START)
    with pytest.raises(RuntimeError, match="disconnected"):
        client.log_on(Scenario.MID_WEEK, START)
    client.connected(START)
    with pytest.raises(RuntimeError, match="connected"):
        client.log_on(Scenario.IN_SESSION, START)
    with pytest.raises(RuntimeError, match="log on first"):
        client.send("D", [], START)


@pytest.mark.parametrize("text", ["²", "-1", "1.0", "", "1" * 10, "9" * 5000, "0x1", "1_0"])
def test_what_is_no_number(text: str) -> None:
    assert Message(((35, "0"), (34, text))).msg_seq_num is None
