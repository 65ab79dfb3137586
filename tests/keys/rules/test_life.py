from __future__ import annotations

import time as clock
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.keys.rules import LONGEST_LIFE, OVERLAP, end_of_life, end_of_overlap, outlives_rules
from gatepass.keys.validity import valid_until
from tests.keys.rules.calendars import (
    CHICAGO,
    DayByDay,
    chicago,
    is_first_close,
    scattered,
    utc,
    weekdays,
)
from tests.keys.rules.samples import WEEKDAYS, instants

offsets = st.integers(0, 11 * 53)


def same_date_next_year(at: datetime) -> datetime:
    day = at.astimezone(CHICAGO).date()
    leap = (day.month, day.day) == (2, 29)
    later = date(day.year + 1, 3, 1) if leap else day.replace(year=day.year + 1)
    return datetime.combine(later, time.min, CHICAGO)


@given(instants, offsets)
def test_a_life_ends_at_the_first_close_a_year_later(at: datetime, offset: int) -> None:
    trades = scattered(offset)
    end = end_of_life(at, DayByDay(trades))
    assert is_first_close(trades, end, same_date_next_year(at))


@given(instants, offsets)
def test_an_overlap_ends_at_the_first_close_four_weeks_later(at: datetime, offset: int) -> None:
    trades = scattered(offset)
    end = end_of_overlap(at, DayByDay(trades))
    assert is_first_close(trades, end, at + timedelta(hours=4 * 7 * 24))


@given(instants, offsets)
def test_ends_are_in_utc_and_equal_those_of_a_key_file(at: datetime, offset: int) -> None:
    calendar = DayByDay(scattered(offset))
    for end in (end_of_life(at, calendar), end_of_overlap(at, calendar)):
        assert end.tzinfo is UTC
        assert end == valid_until(end.astimezone(CHICAGO).date())


@given(instants, instants)
def test_a_later_start_does_not_give_an_earlier_end(one: datetime, two: datetime) -> None:
    one, two = sorted((one, two))
    assert end_of_overlap(one, WEEKDAYS) <= end_of_overlap(two, WEEKDAYS)
    assert end_of_life(one, WEEKDAYS) <= end_of_life(two, WEEKDAYS)


@given(instants)
def test_without_holidays_an_overlap_is_at_most_four_weeks_and_a_weekend(at: datetime) -> None:
    # From Friday's close to Monday's; one hour more if the clocks go back in between.
    longest = timedelta(days=3, hours=1)
    assert OVERLAP <= end_of_overlap(at, WEEKDAYS) - at <= OVERLAP + longest


@pytest.mark.parametrize(
    ("at", "end"),
    [
        # The same hour four weeks later is before, at or after the close.
        ("2026-09-01 15:59", "2026-09-29 16:00"),
        ("2026-09-01 16:00", "2026-09-29 16:00"),
        ("2026-09-01 16:01", "2026-09-30 16:00"),
        # Friday after the close, and on a weekend: Monday's close.
        ("2026-09-04 16:01", "2026-10-05 16:00"),
        ("2026-09-06 12:00", "2026-10-05 16:00"),
    ],
)
def test_an_overlap_lasts_four_weeks_to_a_market_close(at: str, end: str) -> None:
    assert end_of_overlap(chicago(at), WEEKDAYS) == chicago(end)


def test_four_weeks_are_672_hours_even_if_the_clocks_change() -> None:
    # The clocks go forward: 672 hours later it is 16:30 on a Friday, after that close.
    assert end_of_overlap(chicago("2026-02-20 15:30"), WEEKDAYS) == chicago("2026-03-23 16:00")
    # They go back: it is 15:30, before the close of that day.
    assert end_of_overlap(chicago("2026-10-20 16:30"), WEEKDAYS) == chicago("2026-11-17 16:00")


def test_the_close_is_an_hour_later_in_utc_in_winter() -> None:
    assert end_of_overlap(utc("2026-06-01 12:00"), WEEKDAYS) == utc("2026-06-29 21:00")
    assert end_of_overlap(utc("2026-12-01 12:00"), WEEKDAYS) == utc("2026-12-29 22:00")


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-03-04 09:00", "2027-03-04 16:00"),
        # After the close, the same date still counts.
        ("2026-03-04 23:00", "2027-03-04 16:00"),
        # A year later it is a Saturday.
        ("2026-03-06 09:00", "2027-03-08 16:00"),
        # 29 February: the day after 28 February counts.
        ("2028-02-29 09:00", "2029-03-01 16:00"),
    ],
)
def test_a_pair_lives_for_twelve_months(at: str, end: str) -> None:
    assert end_of_life(chicago(at), WEEKDAYS) == chicago(end)


def test_the_date_is_that_in_chicago() -> None:
    # 03:00 on 5 March in UTC is the evening of the 4th.
    assert end_of_life(utc("2026-03-05 03:00"), WEEKDAYS) == chicago("2027-03-04 16:00")


@pytest.mark.parametrize("end_of", [end_of_life, end_of_overlap])
def test_a_time_without_a_zone_is_refused(end_of: object) -> None:
    assert callable(end_of)
    with pytest.raises(ValueError, match="needs a time zone"):
        end_of(datetime(2026, 3, 4), WEEKDAYS)


def test_the_test_calendar_trades_on_weekdays_only() -> None:
    assert [weekdays(date(2026, 11, 23) + timedelta(days=n)) for n in range(7)] == (
        [True] * 5 + [False] * 2
    )


@pytest.fixture
def a_machine_in_chicago(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/Chicago")
        clock.tzset()
        yield
    clock.tzset()


@pytest.mark.usefixtures("a_machine_in_chicago")
def test_the_machines_own_time_zone_does_not_matter() -> None:
    at = utc("2026-10-20 21:30")
    assert end_of_overlap(at, WEEKDAYS) == chicago("2026-11-17 16:00")
    assert end_of_overlap(at, WEEKDAYS).tzinfo is UTC


def test_a_pair_outlives_the_rules_if_it_lives_longer_than_the_longest_life() -> None:
    created = utc("2026-03-04 12:00")
    assert not outlives_rules(created, created + LONGEST_LIFE)
    assert outlives_rules(created, created + LONGEST_LIFE + timedelta(seconds=1))
