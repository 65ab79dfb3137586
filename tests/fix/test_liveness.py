"""A session ends for silence, but not while the other side is heard."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from gatepass.fix import format_sending_time
from gatepass.fix.client import ClientSession
from gatepass.fix.message import Message, encode
from gatepass.fix.states import State
from gatepass.fix.week import Scenario
from gatepass.session import effects as fx
from gatepass.session.numbers import Numbers
from tests.fix.world import HEARTBEAT, SETTINGS, START, World

#: Shortly before the other side counts as lost.
NEARLY = timedelta(seconds=HEARTBEAT - 1)


class Doubted:
    """A client whose Test Request is open."""

    def __init__(self) -> None:
        self.now = START
        self.client = ClientSession(SETTINGS, Numbers(), START)
        self.client.connected(START)
        self.client.log_on(Scenario.BEGINNING_OF_WEEK, START)
        self.client.signature("pairpairpairpairpair", b"s" * 32, START)
        self.give("A", 1)
        self.now += timedelta(seconds=1.2 * HEARTBEAT)
        self.client.tick(self.now)
        sent = [Message.parse(e.wire) for e in self.client.take() if isinstance(e, fx.Send)]
        (self.identifier,) = (message.get(112) for message in sent if message.msg_type == "1")

    def give(self, kind: str, number: int, *fields: tuple[int, str], again: bool = False) -> None:
        sent_at = format_sending_time(self.now)
        header = [(49, "CME"), (50, "G"), (52, sent_at), (56, "ABC123N")]
        doubles = [(43, "Y"), (122, sent_at)] if again else []
        wire = encode([(35, kind), (34, str(number)), *header, *doubles, *fields])
        self.client.receive(wire, self.now)

    def wait(self, span: timedelta) -> None:
        self.now += span
        self.client.tick(self.now)

    @property
    def is_on(self) -> bool:
        return self.client.state is State.LOGGED_ON


def test_messages_in_sequence_are_a_sign_of_life() -> None:
    tested = Doubted()
    for number in range(2, 9):
        tested.wait(NEARLY)
        assert tested.is_on
        tested.give("8", number)
    # Then silence: another Test Request, and the end one interval later.
    tested.wait(timedelta(seconds=1.2 * HEARTBEAT))
    assert tested.is_on
    tested.wait(timedelta(seconds=HEARTBEAT))
    assert tested.client.state is State.CLOSED


def test_a_requested_resend_is_a_sign_of_life() -> None:
    tested = Doubted()
    tested.give("8", 6)
    for number in range(2, 6):
        tested.wait(NEARLY)
        tested.give("8", number, again=True)
    tested.wait(NEARLY)
    tested.give("0", 7, (112, tested.identifier))
    assert tested.is_on
    assert tested.client.numbers.next_in == 8


def test_a_requested_gap_fill_is_a_sign_of_life() -> None:
    tested = Doubted()
    tested.give("8", 9)
    for number in (2, 4, 6):
        tested.wait(NEARLY)
        tested.give("4", number, (123, "Y"), (36, str(number + 2)), again=True)
    tested.wait(NEARLY)
    assert tested.is_on


def test_a_garbled_test_request_ends_no_session_that_is_heard() -> None:
    tested = Doubted()
    tested.give("0", 2)
    for number in range(3, 9):
        # A little late each time, as in a network.
        tested.wait(timedelta(seconds=HEARTBEAT + 0.05))
        assert tested.is_on
        tested.give("0", number)


@pytest.mark.parametrize("noise", ["garbled", "an old message that was not requested"])
def test_noise_is_not_a_sign_of_life(noise: str) -> None:
    tested = Doubted()
    for _ in range(3):
        tested.wait(NEARLY / 2)
        if noise == "garbled":
            tested.client.receive(b"8=FIX.4.2\x019=5\x0135=0\x0110=000\x01", tested.now)
        else:
            tested.give("8", 1, again=True)
    assert tested.client.state is State.CLOSED


def test_an_in_session_logon_waits_until_a_gap_is_filled() -> None:
    tested = Doubted()
    tested.give("0", 2, (112, tested.identifier))
    tested.client.take()
    tested.client.log_on(Scenario.IN_SESSION, tested.now)
    sent = [Message.parse(e.wire) for e in tested.client.take() if isinstance(e, fx.Send)]
    (identifier,) = (message.get(112) for message in sent if message.msg_type == "1")
    tested.give("0", 7, (112, identifier or ""))
    for number in range(3, 7):
        tested.wait(NEARLY)
        assert tested.client.state is State.RESETTING
        tested.give("8", number, again=True)
    assert tested.client.state is State.SIGNING
    assert any(isinstance(effect, fx.SignatureWanted) for effect in tested.client.take())


def test_a_message_refused_for_a_repeated_tag_is_a_sign_of_life_only_in_sequence() -> None:
    tested = Doubted()
    for _ in range(3):
        tested.wait(NEARLY / 2)
        tested.give("8", 1, (43, "Y"), again=True)
    assert tested.client.state is State.CLOSED


class Resetting(Doubted):
    """A client whose Test Request before an In-Session Logon is open."""

    def __init__(self) -> None:
        super().__init__()
        self.give("0", 2, (112, self.identifier))
        self.client.take()
        self.client.log_on(Scenario.IN_SESSION, self.now)
        self.identifiers = self.tests()

    def tests(self) -> list[str | None]:
        sent = [Message.parse(e.wire) for e in self.client.take() if isinstance(e, fx.Send)]
        return [message.get(112) for message in sent if message.msg_type == "1"]


def test_a_garbled_test_before_an_in_session_logon_is_sent_again() -> None:
    tested = Resetting()
    tested.give("8", 3)
    assert tested.client.deadline == tested.now + timedelta(seconds=HEARTBEAT)
    tested.wait(timedelta(seconds=HEARTBEAT))
    (again,) = tested.tests()
    assert again not in tested.identifiers
    # The answer to either is enough.
    tested.give("0", 4, (112, tested.identifiers[0] or ""))
    assert tested.client.state is State.SIGNING


def test_three_unanswered_tests_before_an_in_session_logon_end_the_session() -> None:
    tested = Resetting()
    for number in range(3, 6):
        assert tested.client.state is State.RESETTING
        tested.give("8", number)
        tested.wait(timedelta(seconds=HEARTBEAT))
    assert tested.client.state is State.CLOSED
    closes = [e.reason for e in tested.client.take() if isinstance(e, fx.Close)]
    assert closes == ["no answer to the Test Requests before an In-Session Logon"]


@pytest.mark.parametrize("is_signed", [True, False])
def test_due_messages_are_delivered_before_an_in_session_logon_is_signed(is_signed: bool) -> None:
    tested = Resetting()
    tested.give("0", 4, (112, tested.identifiers[0] or ""))
    tested.give("8", 5, (58, "one"))
    tested.give("8", 6, (58, "two"))
    tested.client.take()
    tested.give("4", 3, (123, "Y"), (36, "4"), again=True)
    assert tested.client.state is State.SIGNING
    effects = tested.client.take()
    given = [e.message.get(58) for e in effects if isinstance(e, fx.Received)]
    assert given == ["one", "two"]
    assert isinstance(effects[-1], fx.SignatureWanted)
    if not is_signed:
        tested.client.unsigned(tested.now)
        tested.give("8", 7, (58, "three"))
        assert [e for e in tested.client.take() if isinstance(e, fx.Received)]


def test_a_rejected_in_session_logon_is_a_sign_of_life_for_the_gateway() -> None:
    world = World()
    world.connect()
    world.deliver_all()
    gateway = world.gateway.session
    assert gateway is not None
    due: datetime | None = gateway.deadline
    world.now += timedelta(seconds=HEARTBEAT - 1)
    header = [(49, "ABC123N"), (50, "OP"), (52, format_sending_time(world.now)), (56, "CME")]
    gateway.receive(encode([(35, "A"), (34, "1"), *header, (57, "G")]), world.now)
    (wanted,) = [e for e in gateway.take() if isinstance(e, fx.VerificationWanted)]
    gateway.reject(wanted.logon, "no 142", 142, world.now)
    assert gateway.state is State.LOGGED_ON
    assert gateway.deadline is not None
    assert due is not None
    assert gateway.deadline > due
