"""The same Logon is not accepted twice, whoever sends it, as long as it could be."""

from __future__ import annotations

import pickle
import threading
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.keys import KeyRing
from gatepass.signing import LogonVerifier, Outcome, Recall, ReplayMemory, SendingTimeWindow
from gatepass.signing.replay import MARGIN
from tests.signing.samples import AT, SIGNED, changed, pair

NOON = datetime(2026, 3, 2, 18, tzinfo=timezone.utc)
KEYS = KeyRing([pair(created=None, expires=None)])
SECOND = timedelta(seconds=1)


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


def test_what_is_not_signed_makes_no_other_logon_of_it() -> None:
    memory = ReplayMemory()
    assert verifier(memory).verify(SIGNED, at=AT)
    assert not verifier(memory).verify(changed(SIGNED, t56="XXX"), at=AT)


def test_a_logon_that_was_refused_is_not_remembered() -> None:
    memory = ReplayMemory()
    assert not verifier(memory).verify(SIGNED, at=AT + timedelta(minutes=1))
    assert not verifier(memory).verify(changed(SIGNED, t34="2"), at=AT)
    assert len(memory) == 0
    assert verifier(memory).verify(SIGNED, at=AT)


def test_a_record_is_verified_as_often_as_one_likes() -> None:
    memory = ReplayMemory()
    for _ in range(2):
        assert verifier(memory).verify(SIGNED, any_time=True)
        assert LogonVerifier(KEYS).verify(SIGNED, at=AT)
    assert len(memory) == 0


def test_a_verdict_without_a_memory_says_nothing_of_replay() -> None:
    assert "replay" not in [check.name for check in LogonVerifier(KEYS).verify(SIGNED).checks]
    refused = verifier(ReplayMemory()).verify(SIGNED, at=AT + timedelta(minutes=1))
    assert refused.checks[-1].name == "replay"
    assert refused.checks[-1].outcome is Outcome.NOT_CHECKED


@given(
    age=st.floats(-5, 5),
    later=st.lists(st.floats(0, 10), min_size=1, max_size=5),
    back=st.floats(0, MARGIN.total_seconds() - 15),
)
def test_while_it_is_in_the_window_it_is_remembered_though_the_clock_is_set_back(
    age: float, later: list[float], back: float
) -> None:
    memory, window = ReplayMemory(), SendingTimeWindow()
    sent_at = NOON - timedelta(seconds=age)
    until = sent_at + window.max_age
    assert memory.accept(b"s" * 32, until, NOON)
    for number, seconds in enumerate(later):
        now = NOON + timedelta(seconds=seconds)
        memory.accept(bytes([number]) * 32, now + window.max_age, now)
        for moment in (now, now - timedelta(seconds=back)):
            if moment <= until:
                assert memory.look(b"s" * 32, moment) is Recall.SEEN
                assert memory.accept(b"s" * 32, until, moment) is Recall.SEEN


def test_what_is_over_is_forgotten() -> None:
    memory = ReplayMemory()
    for second in range(1000):
        now = NOON + second * SECOND
        assert memory.accept(second.to_bytes(32, "big"), now + 5 * SECOND, now)
    assert len(memory) <= 5 + MARGIN.total_seconds() + 1


def test_a_full_memory_accepts_nothing_until_there_is_room() -> None:
    memory = ReplayMemory(most=3)
    for number in range(3):
        assert memory.accept(bytes([number]) * 32, NOON + number * SECOND, NOON)
    late = NOON + timedelta(milliseconds=1)
    # The first of them is over, and kept for its margin alone.
    assert memory.look(b"x" * 32, NOON) is Recall.FULL
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


def test_no_signature_is_shown_and_no_copy_is_taken_for_the_memory() -> None:
    memory = ReplayMemory()
    memory.accept(b"secret" + bytes(26), NOON, NOON)
    assert repr(memory) == "<ReplayMemory of 1 signature>"
    with pytest.raises(TypeError):
        pickle.dumps(memory)
