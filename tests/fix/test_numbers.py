"""Numbers that the other side only names: tried, and stored after they are proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gatepass.errors import NumberJumpError
from gatepass.fix import format_sending_time
from gatepass.fix.client import ClientSession
from gatepass.fix.message import Message, encode
from gatepass.fix.scenarios import choose_scenario, expecting
from gatepass.fix.states import State
from gatepass.fix.week import Scenario, Week, numbers_of, trading_week
from gatepass.session import effects as fx
from gatepass.session.numbers import MAX_JUMP, MAX_NUMBER, Numbers
from gatepass.session.store import MemoryStore, Store
from gatepass.storage import SqliteStore
from tests.fix.world import SETTINGS, START, World

WEEK = trading_week(START)


class Desk:
    """A client's store over several connections."""

    def __init__(self, store: Store, numbers: Numbers) -> None:
        self.store = store
        store.save(numbers)
        self.effects: list[fx.Effect] = []

    def log_on(self) -> int:
        """Connect and send a Logon; return its number."""
        numbers = self.store.load()
        self.client = ClientSession(SETTINGS, numbers, START)
        self.client.connected(START)
        self.client.log_on(choose_scenario(numbers, START), START)
        self.client.signature("pairpairpairpairpair", b"s" * 32, START)
        return next(m.msg_seq_num or 0 for m in self.perform() if m.msg_type == "A")

    def answer(self, kind: str, number: int, *fields: tuple[int, str]) -> list[Message]:
        self.client.receive(self.wire(kind, number, *fields), START)
        return self.perform()

    def wire(self, kind: str, number: int, *fields: tuple[int, str]) -> bytes:
        header = [(49, "CME"), (50, "G"), (52, format_sending_time(START)), (56, "ABC123N")]
        return encode([(35, kind), (34, str(number)), *header, *fields])

    def refuse(self, expected: int) -> None:
        self.answer("5", 1, (58, "Invalid Logon. Logout Forced"), (789, str(expected)))

    def perform(self) -> list[Message]:
        self.effects = self.client.take()
        for effect in self.effects:
            if isinstance(effect, fx.Save):
                self.store.save(effect.numbers, effect.sent, effect.received)
        return [Message.parse(e.wire) for e in self.effects if isinstance(e, fx.Send)]

    @property
    def error(self) -> NumberJumpError:
        (error,) = [e.error for e in self.effects if isinstance(e, fx.Failed)]
        assert isinstance(error, NumberJumpError)
        return error


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "s.db", "ABC123")
    with closing(store):
        yield Desk(store, numbers_of(Week(WEEK, begun=True), 4, 9))


def test_a_number_from_the_user_is_tried_once(desk: Desk) -> None:
    desk.store.save(expecting(desk.store.load(), 5_000_000, START))
    assert desk.log_on() == 5_000_000
    desk.refuse(4)
    assert desk.log_on() == 4
    with pytest.raises(ValueError, match="is already used: give 5 or more"):
        expecting(desk.store.load(), 3, START)


@pytest.mark.parametrize("expected", [4 + MAX_JUMP + 1, 999_999_999])
def test_a_jump_that_would_use_up_the_week_is_not_stored(desk: Desk, expected: int) -> None:
    assert desk.log_on() == 4
    desk.refuse(expected)
    assert (desk.error.tag, desk.error.expected, desk.error.received) == (789, 4, expected)
    assert desk.store.load() == numbers_of(Week(WEEK, begun=True), 4, 9)
    assert desk.log_on() == 4


def test_a_proposal_is_tried_and_stored_when_a_logon_with_it_is_accepted(desk: Desk) -> None:
    desk.log_on()
    desk.refuse(50_000)
    assert desk.store.load().next_out == 4
    assert desk.log_on() == 50_000
    desk.answer("A", 9)
    assert desk.store.load() == numbers_of(Week(WEEK, begun=True), 50_001, 10)


@pytest.mark.parametrize(("later", "then"), [(40, 40), (5, 5), (4, 4), (2, 4), (60_000, 60_000)])
def test_a_later_proposal_replaces_it_down_to_what_was_really_sent(
    desk: Desk, later: int, then: int
) -> None:
    desk.log_on()
    desk.refuse(50_000)
    desk.log_on()
    desk.refuse(later)
    assert desk.store.load().next_out == 4
    assert desk.log_on() == then


def test_proposals_without_proof_do_not_add_up(desk: Desk) -> None:
    """Each refusal may name a number a million higher; none changes the numbers really sent."""
    for _ in range(5):
        number = desk.log_on()
        desk.refuse(number + MAX_JUMP)
    assert desk.store.load().next_out == 4
    desk.log_on()
    desk.refuse(4)
    assert desk.log_on() == 4


def test_a_proposal_that_was_not_answered_is_not_tried_twice_with_one_number(desk: Desk) -> None:
    desk.log_on()
    desk.refuse(50)
    assert desk.log_on() == 50
    desk.client.disconnected(START)
    # The exchange may have received it.
    assert desk.log_on() == 51
    assert desk.store.load().next_out == 4


def test_an_answer_from_a_stranger_proves_nothing(desk: Desk) -> None:
    desk.log_on()
    desk.refuse(50)
    assert desk.log_on() == 50
    assert desk.answer("A", 9, (49, "EVIL")) == []
    assert desk.client.state is State.CLOSED
    assert desk.store.load().next_out == 4


def test_a_proposal_before_the_week_begins_is_tried_too(desk: Desk) -> None:
    desk.store.save(numbers_of(Week(WEEK)))
    assert desk.log_on() == 1
    desk.refuse(57)
    assert choose_scenario(desk.store.load(), START) is Scenario.MID_WEEK
    assert desk.log_on() == 57
    # It was wrong: the exchange has not received this week's first Logon.
    desk.refuse(1)
    assert choose_scenario(desk.store.load(), START) is Scenario.BEGINNING_OF_WEEK
    assert desk.log_on() == 1


@pytest.mark.parametrize(
    ("kind", "number", "fields", "tag"),
    [
        ("4", 10, [(36, "999999999")], 36),
        ("4", 10, [(36, str(11 + MAX_JUMP)), (123, "N")], 36),
        ("4", 10, [(36, "999999999"), (123, "Y")], 36),
        ("8", 999_999_999, [], 34),
        ("0", 11 + MAX_JUMP, [], 34),
    ],
)
def test_an_inbound_jump_ends_the_session_and_is_not_stored(
    desk: Desk, kind: str, number: int, fields: list[tuple[int, str]], tag: int
) -> None:
    desk.log_on()
    desk.answer("A", 9)
    desk.answer(kind, number, *fields)
    assert desk.error.tag == tag
    assert desk.error.expected == 10
    assert desk.client.state is State.CLOSED
    assert desk.store.load().next_in == 10


def test_a_jump_in_the_answer_ends_the_logon(desk: Desk) -> None:
    desk.log_on()
    desk.answer("A", 999_999_999)
    assert (desk.error.tag, desk.error.received) == (34, 999_999_999)
    assert desk.store.load().next_in == 9


def test_the_number_in_a_logouts_confirmation_is_stored(desk: Desk) -> None:
    desk.log_on()
    desk.answer("A", 9)
    desk.client.log_out(START)
    desk.perform()
    desk.answer("5", 10, (789, "500"))
    assert desk.log_on() == 500


def test_a_gateway_refuses_a_logon_that_jumps_too_far() -> None:
    world = World()
    world.connect()
    world.deliver_all()
    world.log_out()
    world.deliver_all()
    kept = world.client.store.load()
    world.client.store.save(replace(kept, next_out=999_999_999))
    world.connect()
    world.deliver_all()
    assert "too high" in world.refusals[-1]
    assert not world.account.primary_on


def test_a_logon_with_ten_digits_is_not_sent(desk: Desk) -> None:
    desk.store.save(numbers_of(Week(WEEK, begun=True), MAX_NUMBER + 1, 9))
    with pytest.raises(ValueError, match="Ask the exchange's support"):
        desk.log_on()
    desk.store.save(numbers_of(Week(WEEK, begun=True, proposed=MAX_NUMBER), 4, 9))
    assert [desk.log_on(), desk.log_on()] == [MAX_NUMBER, MAX_NUMBER]


def test_the_jump_of_a_failover_is_accepted() -> None:
    world = World()
    world.connect()
    world.deliver_all()
    client = world.client.session
    assert client is not None
    header = [(49, "CME"), (50, "G"), (52, format_sending_time(world.now)), (56, "ABC123N")]
    client.receive(encode([(35, "0"), (34, "4003"), *header]), world.now)
    assert [effect for effect in client.take() if isinstance(effect, fx.Gap)] == [fx.Gap(3, 2502)]


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.client.receive(desk.wire("1", 10, (112, "x")), START),
        lambda desk: desk.client.receive(desk.wire("5", 10), START),
        lambda desk: desk.client.receive(desk.wire("8", 12), START),
        lambda desk: desk.client.log_out(START),
        lambda desk: desk.client.tick(START + timedelta(hours=1)),
    ],
    ids=["test request", "logout", "gap", "log out", "silence"],
)
def test_no_number_has_ten_digits(desk: Desk, act: Callable[[Desk], None]) -> None:
    desk.store.save(numbers_of(Week(WEEK, begun=True), MAX_NUMBER, 9))
    assert desk.log_on() == MAX_NUMBER
    desk.answer("A", 9)
    with pytest.raises(ValueError, match="used up"):
        desk.client.send("D", [(58, "order")], START)
    act(desk)
    assert desk.client.state is State.CLOSED
    assert desk.perform() == []
    assert [type(effect) for effect in desk.effects].count(fx.Close) <= 1
