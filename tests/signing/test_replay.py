"""A Logon is not accepted twice while its time could be accepted, no matter who sends it."""

from __future__ import annotations

import pickle
import threading
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import ArgumentError
from gatepass.fix import LogonVerifier, SendingTimeWindow
from gatepass.keys import KeyRing
from gatepass.signing import Outcome, Recall, ReplayMemory
from gatepass.signing.replay import MARGIN, Noted
from tests import oracle
from tests.fix.samples import AT, KEY_ID, RAW, SECRET, SIGNATURE, SIGNED, changed, having, pair

NOON = datetime(2026, 3, 2, 18, tzinfo=UTC)
KEYS = KeyRing([pair(created=None, expires=None)])
SECOND = timedelta(seconds=1)
LATER = changed(RAW, t52="20170623-14:48:42.856")


def verifier(memory: ReplayMemory, **options: object) -> LogonVerifier:
    return LogonVerifier(KEYS, replays=memory, **options)  # type: ignore[arg-type]


def test_the_same_logon_is_valid_once() -> None:
    memory = ReplayMemory()
    first, second = (verifier(memory) for _ in range(2))
    assert first.verify(SIGNED, at=AT)
    verdict = second.verify(SIGNED, at=AT + SECOND)
    assert not verdict
    assert [check.name for check in verdict.failed] == ["replay"]
    assert "accepted before" in verdict.failed[0].detail


def test_a_changed_unsigned_field_does_not_make_a_new_logon() -> None:
    memory = ReplayMemory()
    assert verifier(memory).verify(SIGNED, at=AT)
    assert not verifier(memory).verify(changed(SIGNED, t56="XXX"), at=AT)


def test_a_logon_that_is_too_early_is_not_valid_later() -> None:
    """An eavesdropper could wait until its time has come."""
    memory = ReplayMemory()
    early = verifier(memory).verify(SIGNED, at=AT - 6 * SECOND)
    assert [check.name for check in early.failed] == ["sending time"]
    late = verifier(memory).verify(SIGNED, at=AT)
    assert [check.name for check in late.failed] == ["replay"]
    assert "refused before" in late.failed[0].detail


#: Changes that an attacker without the key can undo, because no signature covers them.
ALTERED = {
    "56": changed(SIGNED, t56="XXX"),
    "98": having(SIGNED, (98, "0")),
    "a tag twice": having(SIGNED, (141, "N"), (141, "N")),
    "a signed tag twice, the first right": having(SIGNED, (34, "1"), (34, "2")),
    "a signed tag twice, the last right": having(SIGNED, (34, "2"), (34, "1")),
    "1400": changed(SIGNED, t1400="CME-2-SHA-256"),
    "355": changed(SIGNED, t355="nobody", t354="6"),
    "the form of 1402": changed(SIGNED, t1402=SIGNATURE.hex(), t1401="64"),
    "the message's type": changed(SIGNED, t35="0"),
    "CheckSum": SIGNED[:-4] + b"999\x01"[-4:],
    "BodyLength": SIGNED.replace(b"\x019=", b"\x019=1"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_a_logon_that_was_refused_for_an_unsigned_field_stays_refused_when_that_is_right(
    what: str,
) -> None:
    memory = ReplayMemory()
    assert not verifier(memory).verify(ALTERED[what], at=AT)
    assert [check.name for check in verifier(memory).verify(SIGNED, at=AT).failed] == ["replay"]


def test_a_logon_with_a_wrong_signature_is_not_remembered() -> None:
    memory = ReplayMemory()
    for wrong in (changed(SIGNED, t34="2"), changed(SIGNED, t1402="A" * 43), b"", SIGNED[:99]):
        assert not verifier(memory).verify(wrong, at=AT)
    assert len(memory) == 0
    assert verifier(memory).verify(SIGNED, at=AT)


def test_a_new_logon_is_valid_after_one_that_was_refused() -> None:
    """A client tries again with the current time."""
    memory = ReplayMemory()
    assert not verifier(memory).verify(SIGNED, at=AT - 6 * SECOND)
    assert verifier(memory).verify(oracle.sign(SECRET, KEY_ID, LATER), at=AT)


@pytest.mark.parametrize("max_age", [timedelta.max, timedelta(days=3_000_000), 5 * SECOND])
def test_no_window_is_too_large(max_age: timedelta) -> None:
    memory, window = ReplayMemory(), SendingTimeWindow(max_age=max_age)
    assert verifier(memory, window=window).verify(SIGNED, at=AT)
    assert not verifier(memory, window=window).verify(SIGNED, at=AT)
    for year in ("0001", "9999"):
        logon = oracle.sign(SECRET, KEY_ID, changed(RAW, t52=f"{year}1231-23:59:59.999"))
        verifier(memory, window=window).verify(logon, at=AT)


def test_a_recorded_logon_can_be_verified_any_number_of_times() -> None:
    memory = ReplayMemory()
    for _ in range(2):
        assert verifier(memory).verify(SIGNED, any_time=True)
        assert LogonVerifier(KEYS).verify(SIGNED, at=AT)
    assert len(memory) == 0


def test_a_verdict_without_a_memory_has_no_replay_check() -> None:
    assert "replay" not in [check.name for check in LogonVerifier(KEYS).verify(SIGNED).checks]
    refused = verifier(ReplayMemory()).verify(SIGNED, at=AT + timedelta(minutes=1))
    assert refused.checks[-1].name == "replay"
    assert refused.checks[-1].outcome is Outcome.NOT_CHECKED


class Steady:
    """A clock in seconds that cannot be set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    age=st.floats(-5, 5),
    steps=st.lists(st.tuples(st.floats(0, 10), st.floats(-1e6, 1e6)), min_size=1, max_size=8),
)
def test_a_signature_is_remembered_while_its_window_lasts_by_either_clock(
    age: float, steps: list[tuple[float, float]]
) -> None:
    """Time passes between the Logons, and the wall clock shows any time."""
    steady, window = Steady(), SendingTimeWindow()
    memory = ReplayMemory(steady=steady)
    sent_at = NOON - timedelta(seconds=age)
    until = sent_at + window.max_age
    assert memory.accept(b"s" * 32, until, NOON)
    for number, (passed, off) in enumerate(steps):
        steady.now += passed
        right = NOON + timedelta(seconds=steady.now)
        shown = right + timedelta(seconds=off)
        memory.accept(bytes([number]) * 32, shown + window.max_age, shown)
        if right <= until + MARGIN - SECOND or shown <= until:
            for moment in (right, shown):
                assert memory.look(b"s" * 32, moment) is Recall.SEEN
                assert memory.accept(b"s" * 32, until, moment) is Recall.SEEN


@given(back=st.floats(0, MARGIN.total_seconds() - 1), waited=st.floats(0, 60))
def test_a_wall_clock_set_back_by_less_than_the_margin_allows_no_replay(
    back: float, waited: float
) -> None:
    steady = Steady()
    memory = ReplayMemory(steady=steady)
    until = NOON + 5 * SECOND
    assert memory.accept(b"s" * 32, until, NOON)
    steady.now += waited
    now = NOON + timedelta(seconds=waited)
    memory.accept(b"t" * 32, now + 5 * SECOND, now)
    if now - timedelta(seconds=back) <= until:
        assert memory.look(b"s" * 32, now - timedelta(seconds=back)) is Recall.SEEN


def test_old_signatures_are_forgotten() -> None:
    steady = Steady()
    memory = ReplayMemory(steady=steady)
    for second in range(1000):
        steady.now = second
        now = NOON + second * SECOND
        assert memory.accept(second.to_bytes(32, "big"), now + 5 * SECOND, now)
    assert len(memory) <= 5 + MARGIN.total_seconds() + 1


@pytest.mark.parametrize("noted", [Noted.AHEAD, Noted.UNKNOWN])
def test_logons_that_may_never_be_right_do_not_crowd_out_others(noted: Noted) -> None:
    """A client whose clock is a year ahead, or a stranger, that tries without end."""
    memory = ReplayMemory(most=100, steady=Steady())
    year = timedelta(days=365)
    right = b"r" * 32
    memory.note(right, NOON + 5 * SECOND, NOON)
    for number in range(1000):
        memory.note(number.to_bytes(32, "big"), NOON + year, NOON, noted)
    assert len(memory) == 11
    assert memory.look((999).to_bytes(32, "big"), NOON + year) is Recall.REFUSED
    assert memory.look(right, NOON) is Recall.REFUSED
    assert memory.accept(b"x" * 32, NOON + 5 * SECOND, NOON)


@pytest.mark.parametrize("noted", [Noted.UNKNOWN, Noted.AHEAD])
def test_logons_that_may_never_be_right_take_a_bounded_amount_of_memory(
    noted: Noted,
) -> None:
    memory, held = ReplayMemory(most=100), []
    never = AT + timedelta(days=36500)
    tracemalloc.start()
    for number in range(20_000):
        memory.note(number.to_bytes(32, "big"), never, AT, noted)
        if number in (2_000, 19_999):
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] < 3 * held[0]


def test_a_logon_that_came_too_late_is_remembered_if_it_is_noted() -> None:
    steady = Steady()
    memory = ReplayMemory(steady=steady)
    memory.note(b"s" * 32, NOON, NOON + timedelta(hours=1))
    steady.now = MARGIN.total_seconds() - 1
    assert memory.accept(b"s" * 32, NOON, NOON - SECOND) is Recall.REFUSED


def test_a_logon_first_verified_at_too_late_a_time_is_still_accepted() -> None:
    memory = ReplayMemory()
    assert not verifier(memory).verify(SIGNED, at=AT + timedelta(minutes=1))
    assert verifier(memory).verify(SIGNED, at=AT)


def test_a_full_memory_accepts_nothing_until_there_is_room() -> None:
    steady = Steady()
    memory = ReplayMemory(most=3, steady=steady)
    for number in range(3):
        assert memory.accept(bytes([number]) * 32, NOON + number * SECOND, NOON)
    late = NOON + timedelta(milliseconds=1)
    # The first of them is over, and only kept for its margin.
    assert memory.look(b"x" * 32, NOON) is Recall.FULL
    steady.now = 0.001
    assert memory.accept(b"x" * 32, NOON + 5 * SECOND, late)
    assert memory.accept(b"y" * 32, NOON + 5 * SECOND, late) is Recall.FULL
    assert memory.look(b"x" * 32, late) is Recall.SEEN
    assert not Recall.FULL
    assert not Recall.SEEN


def test_of_threads_with_the_same_logon_one_accepts_it() -> None:
    for _ in range(30):
        memory = ReplayMemory()
        begin = threading.Barrier(4)
        found: list[bool] = []

        def verify(
            memory: ReplayMemory = memory,
            begin: threading.Barrier = begin,
            found: list[bool] = found,
        ) -> None:
            begin.wait()
            found.append(bool(verifier(memory).verify(SIGNED, at=AT)))

        threads = [threading.Thread(target=verify) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [False, False, False, True]


def test_a_memory_shows_no_signature_and_cannot_be_pickled() -> None:
    memory = ReplayMemory()
    memory.accept(b"secret" + bytes(26), NOON, NOON)
    assert repr(memory) == "<ReplayMemory of 1 signature>"
    with pytest.raises(TypeError):
        pickle.dumps(memory)


def test_a_memory_has_room_for_at_least_one() -> None:
    with pytest.raises(ArgumentError, match="give 1 or more"):
        ReplayMemory(0)
    memory = ReplayMemory(1)
    assert memory.accept(b"s" * 32, NOON + SECOND, NOON)
    assert not memory.accept(b"t" * 32, NOON + SECOND, NOON)


def test_a_full_memory_also_forgets_spare_signatures() -> None:
    steady = Steady()
    memory = ReplayMemory(most=2, steady=steady)
    memory.note(b"a" * 32, NOON, NOON, Noted.UNKNOWN)
    memory.note(b"b" * 32, NOON, NOON)
    steady.now = 1.0
    later = NOON + SECOND
    assert memory.accept(b"c" * 32, later, later)
    assert len(memory) == 1
    # The one that is gone no longer counts among the spare ones.
    memory.note(b"d" * 32, later, later, Noted.UNKNOWN)
    assert memory.look(b"d" * 32, later) is Recall.REFUSED


def test_a_signature_that_was_dropped_and_came_again_is_remembered_long_enough() -> None:
    steady = Steady()
    memory = ReplayMemory(most=4, steady=steady)
    margin = MARGIN.total_seconds()
    memory.note(b"a" * 32, NOON, NOON, Noted.UNKNOWN)
    memory.note(b"b" * 32, NOON, NOON, Noted.UNKNOWN)  # there is room for only one of them
    steady.now = 1.0
    until = NOON + timedelta(seconds=9)
    memory.note(b"a" * 32, until, NOON, Noted.UNKNOWN)
    steady.now = margin + 2
    now = NOON + timedelta(seconds=margin + 2)
    assert memory.look(b"x" * 32, now)
    assert memory.look(b"a" * 32, now) is Recall.REFUSED
