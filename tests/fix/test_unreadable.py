"""A message that the other side cannot read is not resent forever, nor a duplicate answered."""

from __future__ import annotations

from unittest import mock

import pytest

from gatepass.fix import effects as fx
from gatepass.fix import format_sending_time
from gatepass.fix import gap as inbound
from gatepass.fix.client import ClientSession
from gatepass.fix.message import Message, encode
from gatepass.fix.week import Scenario
from gatepass.session.numbers import Numbers
from gatepass.session.store import MemoryStore
from tests.fix.world import SETTINGS, START, World


class Client:
    """A client that is logged on, and has sent two orders: numbers 2 and 3."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.session = ClientSession(SETTINGS, Numbers(), START)
        self.due = 1
        self.told: list[tuple[int, fx.NotResentCause]] = []
        self.session.connected(START)
        self.session.log_on(Scenario.BEGINNING_OF_WEEK, START)
        self.session.signature("pairpairpairpairpair", b"s" * 32, START)
        self.give("A")
        for text in ("one", "two"):
            self.session.send("D", [(58, text)], START)
        self.perform()

    def give(self, kind: str, *fields: tuple[int, str]) -> list[Message]:
        """Give the client the exchange's next message; return what it sends."""
        header = [(49, "CME"), (50, "G"), (52, format_sending_time(START)), (56, "ABC123N")]
        wire = encode([(35, kind), (34, str(self.due)), *header, *fields])
        self.due += 1
        self.session.receive(wire, START)
        return self.perform()

    def perform(self) -> list[Message]:
        sent = []
        while effects := self.session.take():
            for effect in effects:
                if isinstance(effect, fx.Save):
                    self.store.save(effect.numbers, effect.sent, effect.received)
                elif isinstance(effect, fx.ResendWanted):
                    kept = self.store.sent(effect.begin, effect.end)
                    self.session.resend(kept, effect.begin, effect.end, START)
                elif isinstance(effect, fx.NotResent):
                    self.told.append((effect.number, effect.cause))
                elif isinstance(effect, fx.Send):
                    sent.append(Message.parse(effect.wire))
        return sent


def _shape(sent: list[Message]) -> list[tuple[str, int | None, int | None]]:
    return [(message.msg_type, message.msg_seq_num, message.number(36)) for message in sent]


@pytest.mark.parametrize("end", ["2", "3", "0"])
def test_a_message_requested_again_and_again_is_resent_once(end: str) -> None:
    client = Client()
    first = client.give("2", (7, "2"), (16, end))
    assert ("D", 2, None) in _shape(first)
    for _ in range(5):
        again = client.give("2", (7, "2"), (16, end))
        assert again
        assert all(message.msg_type == "4" for message in again)
    told = {number for number, _ in client.told}
    assert told == ({2} if end == "2" else {2, 3})
    assert {cause for _, cause in client.told} == {fx.NotResentCause.ASKED_AGAIN}


def test_a_rejected_message_is_not_resent() -> None:
    client = Client()
    assert client.give("3", (45, "2"), (58, "cannot be read")) == []
    assert _shape(client.give("2", (7, "2"), (16, "3"))) == [("4", 2, 3), ("D", 3, None)]
    assert client.told == [(2, fx.NotResentCause.REJECTED)]


def test_a_new_connection_may_request_again() -> None:
    client = Client()
    client.give("2", (7, "2"), (16, "2"))
    numbers = client.store.load()
    client.session.disconnected(START)
    client.session = ClientSession(SETTINGS, numbers, START)
    client.session.connected(START)
    client.session.log_on(Scenario.MID_WEEK, START)
    client.session.signature("pairpairpairpairpair", b"s" * 32, START)
    client.give("A")
    client.perform()
    assert _shape(client.give("2", (7, "2"), (16, "2"))) == [("D", 2, None)]
    assert client.told == []


@pytest.mark.parametrize("behind_a_gap", [False, True])
def test_the_exchanges_own_duplicate_of_a_resend_request_is_discarded(behind_a_gap: bool) -> None:
    client = Client()
    client.due += behind_a_gap
    assert client.give("2", (7, "2"), (16, "2"))
    client.due -= 1
    assert client.give("2", (7, "2"), (16, "2"), (43, "Y")) == []


def test_a_duplicate_of_a_message_that_could_not_be_held_is_discarded_too() -> None:
    client = Client()
    with mock.patch.object(inbound, "MAX_HELD", 0):
        client.due += 1
        assert client.give("2", (7, "2"), (16, "2"))
        client.due -= 1
        assert client.give("2", (7, "2"), (16, "2"), (43, "Y")) == []
    assert client.told == []


def test_the_gateway_discards_a_duplicate_resend_request_without_a_reject() -> None:
    world = World()
    world.connect()
    world.deliver_all()
    world.send(world.gateway)
    world.deliver_all()
    gateway = world.gateway.session
    assert gateway is not None
    header = [(49, "ABC123N"), (50, "OP"), (52, format_sending_time(world.now)), (56, "CME")]
    header += [(57, "G"), (142, "US"), (369, "3")]
    request = [(35, "2"), (34, str(gateway.numbers.next_in)), *header, (7, "3"), (16, "3")]
    gateway.receive(encode(request), world.now)
    assert [e for e in gateway.take() if isinstance(e, fx.ResendWanted)] == [fx.ResendWanted(3, 3)]
    gateway.resend([], 3, 3, world.now)
    gateway.take()
    for _ in range(3):
        gateway.receive(encode([*request, (43, "Y")]), world.now)
        assert gateway.take() == []
