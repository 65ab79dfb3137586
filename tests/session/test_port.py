"""Port closure to the second. The rest is in tests/scenarios."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepass.session.port import INVALID_LOGONS, WINDOW, Port

START = datetime(2026, 1, 26, 15, 0, tzinfo=UTC)


@given(st.lists(st.integers(0, 40), max_size=30))
def test_the_port_closes_at_the_fifth_within_a_minute_and_stays_closed(gaps: list[int]) -> None:
    port = Port()
    times: list[datetime] = []
    now = START
    closed = False
    for gap in gaps:
        now += timedelta(seconds=gap)
        times.append(now)
        recent = sum(now - time <= WINDOW for time in times)
        closed = closed or recent >= INVALID_LOGONS
        assert port.count_invalid(now) is closed
        assert port.closed is closed


def test_reopening_restarts_the_count() -> None:
    port = Port()
    assert [port.count_invalid(START) for _ in range(5)] == [False] * 4 + [True]
    port.reopen()
    assert [port.count_invalid(START) for _ in range(5)] == [False] * 4 + [True]


def test_a_clock_that_was_ahead_closes_no_port_later() -> None:
    """Its entry neither counts forever nor hides that others have expired."""
    port = Port()
    port.count_invalid(START + timedelta(hours=1))
    for minutes in range(0, 120, 2):
        assert not port.count_invalid(START + timedelta(minutes=minutes))


def test_a_port_that_never_closes_stays_open() -> None:
    port = Port(closing=False)
    assert not any(port.count_invalid(START) for _ in range(9))
    assert not port.closed


def test_a_change_is_recorded_before_the_port_closes_and_opens() -> None:
    kept: list[tuple[bool, bool]] = []
    port = Port(keep=lambda closed: kept.append((closed, port.closed)))
    port.reopen()
    for _ in range(6):
        port.count_invalid(START)
    port.reopen()
    assert kept == [(True, False), (False, True)]


def test_the_steady_clock_measures_the_minute_if_there_is_one() -> None:
    port = Port()
    for second in range(5):
        # The wall clock moves by an hour each time.
        port.count_invalid(START + timedelta(hours=second), float(second))
    assert port.closed
    port.reopen()
    for second in range(0, 600, 60):
        assert not port.count_invalid(START, float(second))
