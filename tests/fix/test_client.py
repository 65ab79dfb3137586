"""The client's numbers after a refusal, its patience, and its in-session logon."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepass.errors import BackupError, FramingError, NotLoggedOnError, StateError
from gatepass.fix import format_sending_time
from gatepass.fix.client import ClientSession
from gatepass.fix.message import Message, encode
from gatepass.fix.names import comp_id
from gatepass.fix.scenarios import choose_scenario
from gatepass.fix.states import State
from gatepass.fix.week import Scenario, Week, numbers_of, trading_week
from gatepass.session import effects as fx
from gatepass.session.numbers import Numbers
from gatepass.session.role import Role
from tests.fix.world import HEARTBEAT, SETTINGS, START, World

WEEK = trading_week(START)
FAULT_TOLERANT = replace(SETTINGS, sender_comp_id="ABC123U")


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
    ("begun", "next_out", "expected", "next_number", "next_scenario"),
    [
        # A failure before the week has begun: 1 until a Beginning of Week Logon succeeds.
        (False, 1, 1, 1, Scenario.BEGINNING_OF_WEEK),
        (False, 1, None, 1, Scenario.BEGINNING_OF_WEEK),
        # The store was lost mid-week: CME names the next number.
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
    begun: bool, next_out: int, expected: int | None, next_number: int, next_scenario: Scenario
) -> None:
    numbers = numbers_of(Week(WEEK, begun=begun), next_out, next_out)
    client = _logon_sent(numbers, choose_scenario(numbers, START))
    more = [] if expected is None else [(789, str(expected))]
    client.receive(_from_cme("5", 1, (58, "Invalid Logon. Logout Forced"), *more), START)
    saved = [effect.numbers for effect in client.take() if isinstance(effect, fx.Save)][-1]
    # Only numbers that were really sent count; 789 is tried first.
    assert (saved.next_out, saved.next_in) == (numbers.next_out, numbers.next_in)
    assert choose_scenario(saved, START) is next_scenario
    assert _logon_number(saved) == next_number


def _logon_number(numbers: Numbers) -> int | None:
    """Return the number of the next Logon with these numbers stored."""
    client = _logon_sent(numbers, choose_scenario(numbers, START))
    (logon,) = [Message.parse(e.wire) for e in client.take() if isinstance(e, fx.Send)]
    return logon.msg_seq_num


@pytest.mark.parametrize(
    "number",
    [
        9,  # the session's next: the next Logon shows a gap, which is filled
        1,  # not a number of the session, which is logged on elsewhere
        11,  # a gap: the next Logon shows it
    ],
)
def test_a_refusal_does_not_count_because_its_sender_has_proved_nothing(number: int) -> None:
    client = _logon_sent(numbers_of(Week(WEEK, begun=True), 4, 9), Scenario.MID_WEEK)
    client.receive(_from_cme("5", number, (58, "Invalid Logon. Logout Forced"), (789, "4")), START)
    saved = [effect.numbers for effect in client.take() if isinstance(effect, fx.Save)][-1]
    assert (saved.next_out, saved.next_in) == (4, 9)


@pytest.mark.parametrize(
    ("expected", "next_logon", "scenario"),
    [
        (1, 1, Scenario.BEGINNING_OF_WEEK),
        (2, 6, Scenario.MID_WEEK),
        (40, 40, Scenario.MID_WEEK),
    ],
)
def test_only_a_1_in_789_sets_the_number_back(
    expected: int, next_logon: int, scenario: Scenario
) -> None:
    client = _logon_sent(numbers_of(Week(WEEK, begun=True), 4, 4), Scenario.MID_WEEK)
    client.receive(_from_cme("A", 4), START)
    client.take()
    client.receive(_from_cme("5", 5, (789, str(expected))), START)
    answers = [Message.parse(e.wire) for e in client.take() if isinstance(e, fx.Send)]
    assert [(m.msg_type, m.msg_seq_num) for m in answers] == [("5", 5)]
    assert choose_scenario(client.numbers, START) is scenario
    assert _logon_number(client.numbers) == next_logon


def test_a_confirmation_with_1_in_789_does_not_set_the_number_back() -> None:
    client = _logon_sent(numbers_of(Week(WEEK, begun=True), 4, 4), Scenario.MID_WEEK)
    client.receive(_from_cme("A", 4), START)
    client.log_out(START)
    client.receive(_from_cme("5", 5, (789, "1")), START)
    assert client.numbers.next_out == 6


def _backup_on() -> ClientSession:
    client = ClientSession(FAULT_TOLERANT, Numbers(), START, backup=True)
    client.connected(START)
    client.log_on(Scenario.BEGINNING_OF_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.receive(_from_cme("A", 1, target="ABC123B"), START)
    client.take()
    assert client.role is Role.BACKUP
    return client


def test_a_promotion_waits_for_the_numbers_and_begins_with_its_own_message() -> None:
    client = _backup_on()
    test = _from_cme("1", 57, (112, "x"), target="ABC123P")
    client.receive(test + _from_cme("1", 58, (112, "y"), target="ABC123P"), START)
    assert client.state is State.PROMOTING
    assert client.take() == [fx.NumbersWanted()]
    client.receive(_from_cme("1", 59, (112, "z"), target="ABC123P"), START)
    client.tick(START + timedelta(hours=1))
    assert client.take() == []
    client.promoted(numbers_of(Week(WEEK, begun=True), 30, 57), START)
    effects = client.take()
    assert effects[0] == fx.RoleChanged(Role.PRIMARY)
    answers = [Message.parse(e.wire) for e in effects if isinstance(e, fx.Send)]
    assert [(m.msg_seq_num, m.get(112), m.get(49)) for m in answers] == [
        (30, "x", "ABC123P"),
        (31, "y", "ABC123P"),
        (32, "z", "ABC123P"),
    ]


def test_a_promotion_shows_the_gap_that_it_left() -> None:
    client = _backup_on()
    client.receive(_from_cme("1", 57, (112, "x"), target="ABC123P"), START)
    client.promoted(numbers_of(Week(WEEK, begun=True), 30, 50), START)
    assert [e for e in client.take() if isinstance(e, fx.Gap)] == [fx.Gap(50, 56)]


def test_a_promotion_drops_all_that_the_backup_held_or_waited_for() -> None:
    client = _backup_on()
    client.receive(_from_cme("0", 5, target="ABC123B"), START)
    later = START + timedelta(seconds=1.2 * HEARTBEAT)
    client.tick(later)  # a Test Request that will never be answered
    client.receive(_from_cme("0", 3, target="ABC123P"), later)
    client.promoted(numbers_of(Week(WEEK, begun=True), 2, 3), later)
    client.receive(_from_cme("0", 4, target="ABC123P"), later)
    assert client.numbers.next_in == 5
    assert not client.is_behind
    assert client.deadline == later + timedelta(seconds=HEARTBEAT)
    client.tick(client.deadline)
    assert client.state is State.LOGGED_ON


def test_messages_sent_before_the_promotion_are_ignored_after_it() -> None:
    client = _backup_on()
    client.receive(_from_cme("1", 57, (112, "x"), target="ABC123P"), START)
    client.promoted(numbers_of(Week(WEEK, begun=True), 30, 57), START)
    client.take()
    client.receive(_from_cme("0", 2, target="ABC123B"), START)
    assert client.take() == []
    assert (client.role, client.state) == (Role.PRIMARY, State.LOGGED_ON)


def test_numbers_that_were_not_requested_change_nothing() -> None:
    client = _backup_on()
    before = client.numbers
    client.promoted(numbers_of(Week(WEEK, begun=True), 30, 57), START)
    assert client.numbers == before
    assert client.take() == []


@pytest.mark.parametrize(("backup", "target"), [(False, "ABC123B"), (True, "ABC123P")])
def test_a_logon_to_the_wrong_one_of_two_gateways_ends(backup: bool, target: str) -> None:
    client = ClientSession(
        FAULT_TOLERANT, numbers_of(Week(WEEK, begun=True), 9, 9), START, backup=backup
    )
    client.connected(START)
    client.log_on(Scenario.MID_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.take()
    client.receive(_from_cme("A", 1, target=target), START)
    (end,) = client.take()
    assert isinstance(end, fx.Close)
    assert "backup gateway" in end.reason


@pytest.mark.parametrize(
    "fields",
    [
        [(213, "no length before it")],
        [(58, "a\x0110=000")],
    ],
)
def test_an_invalid_message_is_not_sent(fields: list[tuple[int, str]]) -> None:
    client = _logon_sent(Numbers(), Scenario.BEGINNING_OF_WEEK)
    client.receive(_from_cme("A", 1), START)
    client.take()
    with pytest.raises(FramingError):
        client.send("n", fields, START)
    assert client.take() == []


def test_a_refused_reset_keeps_the_old_numbers() -> None:
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


def test_a_logout_in_session_raises_the_number_of_the_next_logon() -> None:
    client = _logon_sent(numbers_of(Week(WEEK, begun=True), 4, 4), Scenario.MID_WEEK)
    client.receive(_from_cme("A", 4), START)
    client.receive(_from_cme("5", 5, (58, "too low"), (789, "40")), START)
    assert _logon_number(client.numbers) == 40


def test_no_answer_to_the_logon_ends_the_connection() -> None:
    client = _logon_sent(Numbers(), Scenario.BEGINNING_OF_WEEK)
    assert client.deadline == START + timedelta(seconds=2 * HEARTBEAT)
    client.tick(client.deadline - timedelta(microseconds=1))
    assert client.state is State.LOGON_SENT
    client.tick(client.deadline)
    assert client.state is State.CLOSED


def test_messages_in_flight_during_a_reset_are_ignored() -> None:
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


@pytest.mark.parametrize("role", [Role.PRIMARY, Role.UNDESIGNATED])
def test_the_role_in_56_is_followed(role: Role) -> None:
    client = ClientSession(FAULT_TOLERANT, Numbers(), START)
    client.connected(START)
    client.log_on(Scenario.BEGINNING_OF_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.receive(_from_cme("A", 1, target=comp_id("ABC123", role)), START)
    assert client.role is role


def test_no_scenario_begins_in_the_wrong_state() -> None:
    client = ClientSession(SETTINGS, Numbers(), START)
    with pytest.raises(RuntimeError, match="disconnected"):
        client.log_on(Scenario.MID_WEEK, START)
    client.connected(START)
    with pytest.raises(RuntimeError, match="connected"):
        client.log_on(Scenario.IN_SESSION, START)
    with pytest.raises(NotLoggedOnError, match="Wait for it to be logged on"):
        client.send("D", [], START)


@pytest.mark.parametrize("text", ["²", "-1", "1.0", "", "1" * 10, "9" * 5000, "0x1", "1_0"])
def test_malformed_numbers_are_not_read(text: str) -> None:
    assert Message(encode([(35, "0"), (34, text)])).msg_seq_num is None


def test_a_backup_sends_no_orders_and_resets_nothing() -> None:
    client = _backup_on()
    with pytest.raises(BackupError, match="send application messages on the primary"):
        client.send("D", [(58, "order")], START)
    with pytest.raises(BackupError, match="send an In-Session Logon on the primary"):
        client.log_on(Scenario.IN_SESSION, START)
    assert client.state is State.LOGGED_ON
    assert client.take() == []


def test_there_is_nothing_to_stamp_if_no_logon_waits() -> None:
    client = ClientSession(SETTINGS, Numbers(), START)
    client.connected(START)
    with pytest.raises(StateError, match="stamp: not possible"):
        client.stamp(START)


def test_a_week_that_the_exchange_does_not_know_begins_again() -> None:
    numbers = numbers_of(Week(WEEK, begun=True, proposed=1), 4, 9)
    client = ClientSession(SETTINGS, numbers, START)
    client.connected(START)
    client.log_on(Scenario.MID_WEEK, START)
    assert client.scenario is Scenario.BEGINNING_OF_WEEK


def test_a_second_answer_to_the_logon_ends_the_session() -> None:
    client = _logon_sent(Numbers(), Scenario.BEGINNING_OF_WEEK)
    client.receive(_from_cme("A", 1), START)
    client.receive(_from_cme("A", 2), START)
    reasons = [effect.reason for effect in client.take() if isinstance(effect, fx.Close)]
    assert reasons == ["Logon received at the wrong time"]


def test_an_answer_to_the_logon_with_a_tag_twice_ends_the_session() -> None:
    client = _logon_sent(Numbers(), Scenario.BEGINNING_OF_WEEK)
    client.receive(_from_cme("5", 1, (58, "no"), (58, "yes")), START)
    effects = client.take()
    assert client.state is State.CLOSED
    assert not [effect for effect in effects if isinstance(effect, fx.LoggedOut)]
