"""With any order, loss and duplication, every number is delivered once, filled or reported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.fix import effects as fx
from gatepass.fix import format_sending_time
from gatepass.fix import gap as inbound
from gatepass.fix.client import ClientSession
from gatepass.fix.message import Message, encode
from gatepass.fix.states import State
from gatepass.fix.week import Scenario
from gatepass.session.numbers import Numbers
from tests.fix.world import HEARTBEAT, SETTINGS, START

#: Types of the exchange's messages: application messages are resent, the others filled.
KINDS = st.sampled_from(["0", "8", "1"])
STYLES = st.sampled_from(["beyond", "exact", "short", "surplus"])
FIRST = 2


class Exchange:
    """Sends a script of messages, and answers Resend Requests in one of several styles."""

    def __init__(self, kinds: list[str]) -> None:
        self.kinds = dict(enumerate(kinds, FIRST))
        self.now = START
        self.client = ClientSession(SETTINGS, Numbers(), START)
        self.requests: list[range] = []
        self.delivered: list[int] = []
        self.skipped: list[int] = []
        self.answered: list[str] = []
        #: What came first for each number, a gap fill or the message, while it was still due.
        self.first: dict[int, Message] = {}
        self.open: range = range(0)
        self.since = START
        self.client.connected(START)
        self.client.log_on(Scenario.BEGINNING_OF_WEEK, START)
        self.client.signature("pairpairpairpairpair", b"s" * 32, START)
        self.client.take()
        self.give(self.wire("A", 1))

    def wire(self, kind: str, number: int, *fields: tuple[int, str], again: bool = False) -> bytes:
        sent_at = format_sending_time(self.now)
        header = [(49, "CME"), (50, "G"), (52, sent_at), (56, "ABC123N")]
        doubles = [(43, "Y"), (122, sent_at)] if again else []
        return encode([(35, kind), (34, str(number)), *header, *doubles, *fields])

    def message(self, number: int, *, again: bool = False) -> bytes:
        kind = self.kinds[number]
        fields = {"8": [(58, str(number))], "1": [(112, f"t{number}")], "0": []}[kind]
        return self.wire(kind, number, *fields, again=again)

    def deliver(self, number: int) -> None:
        """Return a message of the script as it was sent, or marked if it arrives late."""
        self.give(self.message(number, again=number < self.client.numbers.next_in))

    def answer(self, asked: range, style: str, last: int) -> Iterator[bytes]:
        """Answer a request: in full, not to its end, or beyond it."""
        end = asked[-1] if style != "short" else asked[len(asked) // 2]
        number = asked[0]
        while number <= end:
            if self.kinds[number] == "8":
                yield self.message(number, again=True)
                number += 1
                continue
            new = number
            while new <= end and self.kinds[new] != "8":
                new += 1
            if new > end and style == "beyond":
                new = last + 1  # over messages that exist
            yield self.wire("4", number, (123, "Y"), (36, str(new)), again=True)
            number = new
        if style == "surplus":
            yield from (self.message(n, again=True) for n in range(end + 1, last + 1))

    def give(self, wire: bytes) -> None:
        message = Message.parse(wire)
        number = message.msg_seq_num or 0
        if number >= self.client.numbers.next_in and number not in self.first:
            self.first[number] = message
        if number in self.open:
            self.since = self.now
            if (message.number(36) or number + 1) >= self.open.stop:
                self.open = range(0)
        self.client.receive(wire, self.now)
        self.perform()

    def perform(self) -> None:
        for effect in self.client.take():
            if isinstance(effect, fx.Received):
                self.delivered.append(effect.message.msg_seq_num or 0)
            elif isinstance(effect, fx.Skipped):
                self.skipped += range(effect.begin, effect.end + 1)
            elif isinstance(effect, fx.Send):
                sent = Message.parse(effect.wire)
                if sent.msg_type == "0":
                    self.answered += [sent.get(112) or ""]
            elif isinstance(effect, fx.Gap):
                self.note_request(range(effect.begin, effect.end + 1))
        assert self.client.state is State.LOGGED_ON

    def note_request(self, asked: range) -> None:
        patience = timedelta(seconds=HEARTBEAT)
        assert not self.open or self.now - self.since >= patience, "a request while one is open"
        self.requests.append(asked)
        self.open, self.since = asked, self.now

    def settle(self, last: int) -> None:
        """Continue without losses until nothing is missing."""
        for _ in range(2 * len(self.kinds)):
            self.now += timedelta(seconds=HEARTBEAT)
            last += 1
            self.kinds[last] = "0"
            self.deliver(last)
            while self.requests:
                for wire in self.answer(self.requests.pop(), "exact", last):
                    self.give(wire)
            if not self.client.is_behind:
                return
        raise AssertionError(f"still missing: {self.client.numbers.next_in}")


def _check(exchange: Exchange) -> None:
    delivered = exchange.delivered
    assert delivered == sorted(set(delivered)), "twice, or out of order"
    applications = {n for n, kind in exchange.kinds.items() if kind == "8"}
    assert applications == set(delivered), "lost"
    tests = [first.get(112) for first in exchange.first.values() if first.msg_type == "1"]
    assert sorted(exchange.answered) == sorted(tests), "a Test Request was not answered"
    assert exchange.client.numbers.next_in == max(exchange.kinds) + 1


@settings(max_examples=300, deadline=None)
@given(kinds=st.lists(KINDS, min_size=8, max_size=25), data=st.data())
def test_each_number_is_delivered_once_or_filled(kinds: list[str], data: st.DataObject) -> None:
    # As if one request could cover only a few: then a fill soon goes beyond it.
    with mock.patch.object(inbound, "MAX_RESEND", data.draw(st.sampled_from([2, 3, 2500]))):
        exchange = _played(kinds, data)
        exchange.settle(max(exchange.kinds))
    _check(exchange)


def _played(kinds: list[str], data: st.DataObject) -> Exchange:
    exchange = Exchange(kinds)
    late: list[int] = []
    for number in list(exchange.kinds):
        fate = data.draw(
            st.sampled_from(["arrives", "is lost", "is lost", "is late", "arrives twice"])
        )
        if fate == "is late":
            late.append(number)
        if fate.startswith("arrives"):
            exchange.deliver(number)
        if fate == "arrives twice":
            exchange.deliver(number)
        if late and data.draw(st.booleans()):
            exchange.deliver(late.pop())
        if exchange.requests and data.draw(st.booleans()):
            asked = exchange.requests.pop(0)
            for wire in exchange.answer(asked, data.draw(STYLES), number):
                copies = data.draw(st.sampled_from([1, 1, 1, 0, 2]))
                for _ in range(copies):
                    exchange.give(wire)
    return exchange


@settings(max_examples=200, deadline=None)
@given(came=st.sets(st.integers(3, 20)), kinds=st.lists(KINDS, min_size=19, max_size=19))
def test_a_reset_delivers_held_messages_and_reports_missing_ones(
    came: set[int], kinds: list[str]
) -> None:
    exchange = Exchange(kinds)
    for number in sorted(came):
        exchange.deliver(number)
    exchange.give(exchange.wire("4", 21, (36, "21")))
    assert set(exchange.delivered) == {n for n in came if exchange.kinds[n] == "8"}
    assert exchange.skipped == [n for n in range(FIRST, 21) if n not in came]
    assert sorted(exchange.answered) == sorted(f"t{n}" for n in came if exchange.kinds[n] == "1")
    assert exchange.client.numbers.next_in == 21
    assert not exchange.client.is_behind


def test_a_fill_beyond_the_requested_range_counts_to_the_ranges_end() -> None:
    exchange = Exchange(["0"] * 4000 + ["8"])
    exchange.deliver(4002)
    assert exchange.requests == [range(2, 2502)]
    exchange.give(exchange.wire("4", 2, (123, "Y"), (36, "4002"), again=True))
    assert exchange.requests == [range(2, 2502), range(2502, 4002)]
    assert exchange.delivered == []
    exchange.give(exchange.wire("4", 2502, (123, "Y"), (36, "4002"), again=True))
    assert exchange.delivered == [4002]


def test_surplus_resent_messages_cause_no_second_request() -> None:
    exchange = Exchange(["8"] * 12)
    exchange.deliver(10)
    for number in (2, 3, 4, 7, 8, 9, 10, 11, 12, 13):
        exchange.give(exchange.message(number, again=True))
    assert exchange.requests == [range(2, 10), range(5, 7)]
    for number in (5, 6):
        exchange.give(exchange.message(number, again=True))
    assert exchange.delivered == list(range(2, 14))


@pytest.mark.parametrize("kind", ["8", "1", "3", "5"])
@pytest.mark.parametrize("new", [6, 7, 9])
def test_a_fill_skips_no_held_message(kind: str, new: int) -> None:
    exchange = Exchange(["0"] * 8)
    exchange.client.take()
    held = {"8": (58, "report"), "1": (112, "Q"), "3": (58, "why"), "5": (58, "bye")}[kind]
    # The client confirms a Logout at once, even out of sequence, so it must come when it is due.
    late = kind == "5"
    exchange.give(exchange.wire("0" if late else kind, 6, *([] if late else [held])))
    exchange.client.receive(
        exchange.wire("4", 3, (123, "Y"), (36, str(new)), again=True), exchange.now
    )
    exchange.client.receive(exchange.wire("4", 2, (123, "Y"), (36, "3"), again=True), exchange.now)
    if late:
        exchange.client.receive(exchange.wire(kind, 7, held), exchange.now)
    effects = exchange.client.take()
    sent = [Message.parse(effect.wire) for effect in effects if isinstance(effect, fx.Send)]
    found = {
        "8": any(isinstance(effect, fx.Received) for effect in effects),
        "1": any(message.get(112) == "Q" for message in sent),
        "3": any(isinstance(effect, fx.Rejected) for effect in effects),
        "5": any(isinstance(effect, fx.LoggedOut) for effect in effects),
    }
    assert found[kind]


def test_a_late_request_in_the_range_of_the_answer_is_answered_and_not_filled_over() -> None:
    exchange = Exchange(["8"] * 8)
    exchange.deliver(9)
    exchange.give(exchange.wire("1", 7, (112, "Q"), again=True))
    exchange.give(exchange.wire("4", 2, (123, "Y"), (36, "9"), again=True))
    assert exchange.answered == ["Q"]
    # The rest of the fill is requested: it covered one message, so it may have covered others.
    assert exchange.requests == [range(2, 9), range(8, 9)]


def test_a_fill_in_two_parts_counts_to_the_end_of_the_request() -> None:
    """The second part came before the next request was sent: it does not answer that."""
    exchange = Exchange(["0"] * 4000 + ["8"])
    exchange.deliver(4002)
    first = exchange.wire("4", 2, (123, "Y"), (36, "2502"), again=True)
    second = exchange.wire("4", 2502, (123, "Y"), (36, "4002"), again=True)
    exchange.client.receive(first + second, exchange.now)
    assert exchange.client.numbers.next_in == 2502
    exchange.client.receive(second, exchange.now)
    assert exchange.client.numbers.next_in == 4003


def test_a_fill_after_the_requested_range_is_not_kept() -> None:
    exchange = Exchange(["0"] * 4000 + ["8"])
    exchange.deliver(4002)
    exchange.give(exchange.wire("4", 2502, (123, "Y"), (36, "4002"), again=True))
    exchange.give(exchange.wire("4", 2, (123, "Y"), (36, "2502"), again=True))
    assert exchange.requests == [range(2, 2502), range(2502, 4002)]


def _rounds(exchange: Exchange, most: int, seconds: int) -> int:
    """Count the requests, `seconds` apart, if number 2 can never be read."""
    for count in range(most):
        if not exchange.requests or exchange.client.state is not State.LOGGED_ON:
            return count
        asked = exchange.requests.pop()
        for number in asked:
            if number != FIRST:
                exchange.client.receive(exchange.message(number, again=True), exchange.now)
        exchange.now += timedelta(seconds=seconds)
        exchange.kinds[max(exchange.kinds) + 1] = "8"
        exchange.client.receive(exchange.message(max(exchange.kinds)), exchange.now)
        for effect in exchange.client.take():
            if isinstance(effect, fx.Gap):
                exchange.requests.append(range(effect.begin, effect.end + 1))
    return most


def test_a_message_that_cannot_be_held_causes_no_immediate_request() -> None:
    with mock.patch.object(inbound, "MAX_HELD", 3):
        exchange = Exchange(["8"] * 12)
        for number in range(10, 14):
            exchange.deliver(number)
        # Without time between them, the same is not requested again.
        assert _rounds(exchange, 50, 0) == 1


def test_a_message_that_does_not_come_is_requested_five_times() -> None:
    exchange = Exchange(["8"] * 3)
    exchange.deliver(3)
    assert exchange.requests == [range(2, 3)]
    assert _rounds(exchange, 50, HEARTBEAT) == inbound.MAX_TIMES
    assert exchange.client.state is State.CLOSED


def test_old_messages_delay_no_request() -> None:
    exchange = Exchange(["8"] * 9)
    exchange.deliver(9)
    for _ in range(5):
        exchange.now += timedelta(seconds=HEARTBEAT / 4)
        exchange.give(exchange.wire("A", 1, again=True))
        exchange.give(exchange.wire("0", max(exchange.kinds), again=True))
    exchange.deliver(10)
    assert exchange.requests == [range(2, 9), range(2, 9)]
