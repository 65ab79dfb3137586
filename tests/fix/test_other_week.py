"""A Logon tried while the clock is in another trading week changes nothing until accepted."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.fix import format_sending_time
from gatepass.fix.client import ClientSession
from gatepass.fix.message import Message, encode
from gatepass.fix.scenarios import at_week, choose_scenario, expecting
from gatepass.fix.texts import NOT_RESET
from gatepass.fix.week import Scenario, Week, numbers_of, trading_week, week_of, with_week
from gatepass.keys.validity import exchange_zone
from gatepass.session import effects as fx
from gatepass.session.numbers import Numbers, SentMessage
from gatepass.session.store import MemoryStore, Store
from gatepass.storage import SqliteStore
from tests.fix.world import SETTINGS, START

WEEK = trading_week(START)
LEFT = numbers_of(Week(WEEK, begun=True), 6, 9)
ORDERS = [SentMessage(number, b"an order", True) for number in (3, 4, 5)]
WEEKS_OFF = st.integers(-500, 500).filter(bool).map(lambda weeks: START + timedelta(weeks=weeks))


def _with_orders(store: Store, numbers: Numbers = LEFT) -> Store:
    for order in ORDERS:
        store.save(replace(numbers, next_out=order.number + 1), order)
    store.save(numbers)
    return store


class Try:
    """One connection, with the clock at `now`; its saves are stored."""

    def __init__(self, store: Store, now: datetime, scenario: Scenario | None = None) -> None:
        self.store, self.now = store, now
        stored = store.load()
        self.client = ClientSession(SETTINGS, stored, now)
        self.client.connected(now)
        self.client.log_on(scenario or choose_scenario(stored, now), now)
        self.perform()

    def sign(self) -> Message:
        self.client.signature("pairpairpairpairpair", b"s" * 32, self.now)
        (logon,) = self.perform()
        return logon

    def answer(self, kind: str, number: int, *fields: tuple[int, str]) -> list[Message]:
        header = [(49, "CME"), (50, "G"), (52, format_sending_time(self.now)), (56, "ABC123N")]
        wire = encode([(35, kind), (34, str(number)), *header, *fields])
        self.client.receive(wire, self.now)
        return self.perform()

    def perform(self) -> list[Message]:
        effects = self.client.take()
        for effect in effects:
            if isinstance(effect, fx.Save):
                self.store.save(effect.numbers, effect.sent, effect.received)
        return [Message.parse(e.wire) for e in effects if isinstance(e, fx.Send)]


REFUSALS = st.tuples(
    st.sampled_from(
        [
            "Invalid Logon. Logout Forced",
            "MsgSeqNum (34) too low: expected 4, received 1",
            NOT_RESET,
        ]
    ),
    st.integers(1, 20),
    st.sampled_from([None, 1, 4, 7, 999_999_999]),
)
SCENARIOS = st.sampled_from([None, Scenario.BEGINNING_OF_WEEK, Scenario.MID_WEEK])


@given(
    tries=st.lists(
        st.tuples(WEEKS_OFF, SCENARIOS, st.one_of(st.sampled_from(["no key", "cut"]), REFUSALS)),
        min_size=1,
        max_size=5,
    ),
    proposed=st.sampled_from([0, 8]),
)
def test_orders_and_numbers_are_kept_whatever_the_answer(
    tries: list[tuple[datetime, Scenario | None, object]], proposed: int
) -> None:
    store = _with_orders(MemoryStore(), with_week(LEFT, proposed=proposed))
    for now, scenario, outcome in tries:
        one = Try(store, now, scenario)
        if outcome == "no key":
            one.client.unsigned(now)
            one.perform()
            continue
        one.sign()
        if isinstance(outcome, tuple):
            text, number, expected = outcome
            named = [] if expected is None else [(789, str(expected))]
            one.answer("5", number, (58, text), *named)
    assert store.sent(1, 99) == ORDERS
    kept = at_week(store.load(), START)
    assert (kept.next_out, kept.next_in, week_of(kept).sunday, week_of(kept).begun) == (
        6,
        9,
        WEEK,
        True,
    )
    # When the clock is right, the week continues, and the exchange gets what it missed.
    logon = Try(store, START).sign()
    assert logon.msg_seq_num == (proposed if week_of(kept).proposed == proposed != 0 else 6)


@pytest.mark.parametrize("make", [MemoryStore, None])
def test_a_number_named_for_another_week_is_tried_only_in_that_week(
    make: type[MemoryStore] | None, tmp_path: Path
) -> None:
    store = make() if make else SqliteStore(tmp_path / "s.db", "ABC123")
    later = START + timedelta(weeks=1)
    with closing(store):
        _with_orders(store)
        one = Try(store, later)
        assert one.sign().msg_seq_num == 1
        one.answer("5", 1, (58, "MsgSeqNum (34) too low: expected 70, received 1"), (789, "70"))
        assert at_week(store.load(), START) == LEFT
        # Another program has begun that week: its orders are different ones.
        one = Try(store, later)
        assert one.sign().msg_seq_num == 70
        assert store.sent(1, 99) == ORDERS
        one.answer("A", 30, (108, str(SETTINGS.heart_bt_int)))
        assert store.sent(1, 99) == []
        kept = store.load()
        assert kept.next_out == 72
        assert week_of(kept) == Week(trading_week(later), begun=True)


def test_a_users_number_for_another_week_changes_nothing_either() -> None:
    store = _with_orders(MemoryStore())
    later = START + timedelta(weeks=1)
    store.save(expecting(store.load(), 50, later))
    assert store.sent(1, 99) == ORDERS
    assert Try(store, later).sign().msg_seq_num == 50
    assert Try(store, START).sign().msg_seq_num == 6


@pytest.mark.parametrize("scenario", [None, Scenario.MID_WEEK])
def test_an_accepted_logon_of_the_other_week_ends_the_old_one(scenario: Scenario | None) -> None:
    store = _with_orders(MemoryStore())
    later = START + timedelta(weeks=1)
    one = Try(store, later, scenario)
    assert one.sign().msg_seq_num == 1
    assert one.answer("A", 1, (108, str(SETTINGS.heart_bt_int))) == []
    assert store.sent(1, 99) == []
    assert store.load() == numbers_of(Week(trading_week(later), begun=True), 2, 2)


def test_setting_the_clock_between_connecting_and_logging_on_changes_nothing() -> None:
    store = _with_orders(MemoryStore())
    client = ClientSession(SETTINGS, store.load(), START + timedelta(weeks=1))
    client.connected(START)
    client.log_on(choose_scenario(client.stored, START), START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    (logon,) = [Message.parse(e.wire) for e in client.take() if isinstance(e, fx.Send)]
    assert logon.msg_seq_num == 6


def test_a_promotion_continues_the_numbers_of_the_logged_on_session() -> None:
    settings = replace(SETTINGS, sender_comp_id="ABC123U")
    now = START + timedelta(weeks=1)
    client = ClientSession(settings, Numbers(), START, backup=True)
    client.connected(START)
    client.log_on(Scenario.BEGINNING_OF_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)

    def receive(kind: str, number: int, role: str, *fields: tuple[int, str]) -> None:
        header = [(49, "CME"), (50, "G"), (52, format_sending_time(now)), (56, f"ABC123{role}")]
        client.receive(encode([(35, kind), (34, str(number)), *header, *fields]), now)

    client.receive(
        encode(
            [
                *[(35, "A"), (34, "1"), (49, "CME"), (50, "G")],
                *[
                    (52, format_sending_time(START)),
                    (56, "ABC123B"),
                    (108, str(SETTINGS.heart_bt_int)),
                ],
            ]
        ),
        START,
    )
    receive("1", 9, "P", (112, "x"))
    assert any(isinstance(effect, fx.NumbersWanted) for effect in client.take())
    client.promoted(LEFT, now)
    assert (client.numbers.next_out, client.numbers.next_in) == (7, 10)


SATURDAY = datetime(2026, 1, 31, 2, 0, tzinfo=exchange_zone())
LAST_WEEK = with_week(LEFT, sunday=trading_week(SATURDAY - timedelta(days=1)))
TOO_LOW = "MsgSeqNum (34) too low: expected 4, received 1"


@given(
    seconds=st.integers(0, int(timedelta(hours=32).total_seconds())),
    number=st.integers(9, 14),
    expected=st.integers(2, 6),
)
def test_an_exchange_that_continues_last_week_gets_what_it_missed(
    seconds: int, number: int, expected: int
) -> None:
    store = _with_orders(MemoryStore(), LAST_WEEK)
    now = SATURDAY + timedelta(seconds=seconds)
    one = Try(store, now)
    assert one.sign().msg_seq_num == 1
    one.answer("5", number, (58, TOO_LOW), (789, str(expected)))
    again = Try(store, now)
    assert again.sign().msg_seq_num == 6
    # Only the messages in between are requested, not all from the beginning.
    asked = again.answer("A", number + 1, (108, str(SETTINGS.heart_bt_int)))
    assert [(m.get(7), m.get(16)) for m in asked] == [("9", str(number))]
    assert store.sent(1, 99) == ORDERS
    assert week_of(store.load()).sunday == week_of(LAST_WEEK).sunday
    # Its new week begins later.
    assert Try(store, now).sign().msg_seq_num == 1


@pytest.mark.parametrize(
    ("number", "expected", "hours"),
    [
        (8, 4, 0),  # numbers that were already received
        (9, 1, 0),
        (9, 7, 0),  # an order that was never sent
        (9, None, 0),
        (9, 4, 32.6),  # all clients are in: the week has begun everywhere
        (9, 4, 7 * 24),
    ],
)
def test_numbers_that_do_not_continue_last_week_belong_to_a_new_one(
    number: int, expected: int | None, hours: float
) -> None:
    store = _with_orders(MemoryStore(), LAST_WEEK)
    now = SATURDAY + timedelta(hours=hours)
    one = Try(store, now)
    one.sign()
    named = [] if expected is None else [(789, str(expected))]
    one.answer("5", number, (58, TOO_LOW), *named)
    assert week_of(at_week(store.load(), now)).sunday == trading_week(now)
    assert store.sent(1, 99) == ORDERS


def test_a_week_that_began_early_by_this_clock_does_not_begin_twice() -> None:
    store = _with_orders(MemoryStore(), LAST_WEEK)
    now = SATURDAY - timedelta(seconds=3)
    one = Try(store, now)
    assert one.sign().msg_seq_num == 6
    one.answer("5", 1, (58, NOT_RESET), (789, "1"))
    one = Try(store, now)
    assert one.sign().msg_seq_num == 1
    one.answer("A", 2, (108, str(SETTINGS.heart_bt_int)))
    assert Try(store, SATURDAY + timedelta(minutes=1)).sign().msg_seq_num == 2
