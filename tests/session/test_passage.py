"""Time that has passed: measured by the steady clock if there is one, never backwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gatepass.session.passage import Passage

START = datetime(2026, 1, 26, 15, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WALL = st.integers(-100_000, 100_000).map(lambda seconds: START + timedelta(seconds=seconds))
STEADY = st.integers(0, 100_000).map(float)


@given(st.lists(st.tuples(WALL, st.none() | STEADY), min_size=1))
def test_time_never_goes_back(readings: list[tuple[datetime, float | None]]) -> None:
    passage = Passage()
    spans = []
    for now, steady in readings:
        passage.read(now, steady)
        spans.append(passage.at)
        assert passage.now == now
    assert spans[0] == timedelta(0)
    assert spans == sorted(spans)


@given(st.lists(st.tuples(WALL, STEADY), min_size=1))
def test_with_both_clocks_the_wall_clock_measures_nothing(
    readings: list[tuple[datetime, float]],
) -> None:
    passage = Passage()
    for now, steady in readings:
        passage.read(now, steady)
    first = readings[0][1]
    assert passage.at == timedelta(seconds=max(steady for _, steady in readings) - first)


@given(st.lists(WALL, min_size=1))
def test_the_wall_clock_alone_counts_its_steps_forward(readings: list[datetime]) -> None:
    passage = Passage()
    for now in readings:
        passage.read(now, None)
    steps = (later - now for now, later in pairwise(readings))
    assert passage.at == sum((step for step in steps if step > timedelta(0)), timedelta(0))


def test_a_steady_clock_may_take_over_later() -> None:
    passage = Passage()
    passage.read(START, None)
    passage.read(START + 3 * SECOND, 100.0)
    assert passage.at == 3 * SECOND
    passage.read(START, 104.0)
    assert passage.at == 7 * SECOND
    assert passage.by_steady(9 * SECOND) == 106.0


def test_a_reading_without_the_steady_clock_adds_nothing() -> None:
    passage = Passage()
    passage.read(START, 100.0)
    passage.read(START + 60 * SECOND, None)
    assert passage.at == timedelta(0)
    assert passage.by_steady(SECOND) == 101.0
    assert passage.by_wall(SECOND) == START + 61 * SECOND


def test_a_span_is_due_at_the_last_reading_plus_the_time_left() -> None:
    passage = Passage()
    passage.read(START, 10.0)
    passage.read(START - 3600 * SECOND, 14.0)
    assert passage.by_wall(5 * SECOND) == START - 3599 * SECOND
    assert passage.by_steady(5 * SECOND) == 15.0


def test_before_the_first_reading_there_is_no_deadline() -> None:
    passage = Passage()
    assert passage.by_wall(SECOND) is None
    assert passage.by_steady(SECOND) is None
    passage.read(START, None)
    assert passage.by_steady(SECOND) is None
