from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.center.pairs.hours import is_open, next_opening, require_open
from gatepass.errors import ClosedError
from tests.keys.rules.calendars import CHICAGO, chicago
from tests.keys.rules.samples import instants

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("at", "open_then"),
    [
        ("2026-11-20 16:29", True),
        ("2026-11-20 16:30", False),
        ("2026-11-20 23:59", False),
        ("2026-11-21 12:00", False),
        ("2026-11-22 09:59", False),
        ("2026-11-22 10:00", True),
        ("2026-11-23 03:00", True),
        # Only weekends count: the day after Christmas 2025 is a normal Friday.
        ("2025-12-25 12:00", True),
        ("2025-12-26 17:00", False),
    ],
)
def test_the_center_is_closed_from_friday_afternoon_to_sunday_morning(
    at: str, open_then: bool
) -> None:
    assert is_open(chicago(at)) is open_then


@given(instants)
def test_the_center_is_open_except_on_the_weekend(at: datetime) -> None:
    there = at.astimezone(CHICAGO)
    weekend = {
        4: there.time() >= time(16, 30),
        5: True,
        6: there.time() < time(10),
    }.get(there.weekday(), False)
    assert is_open(at) is not weekend


@given(instants)
def test_the_next_opening_is_the_first_sunday_at_ten(at: datetime) -> None:
    opening = next_opening(at)
    assert opening > at
    assert opening.tzinfo is not None
    assert (opening.weekday(), opening.time()) == (6, time(10))
    assert opening.utcoffset() == opening.astimezone(CHICAGO).utcoffset()
    # Counted in days: a week in which daylight saving changes does not have 168 hours.
    assert (opening.date() - at.astimezone(CHICAGO).date()).days <= 7
    # It is closed just before and open from then on, and not open in between.
    assert not is_open(opening - TICK)
    assert is_open(opening)
    assert next_opening(opening - TICK) == opening
    if not is_open(at):
        assert opening.timestamp() - at.timestamp() <= 42.5 * 3600


@pytest.mark.parametrize(
    ("at", "hours"),
    [
        ("2026-11-20 16:30", 41.5),
        # The night to the Sunday has one hour less, or one more.
        ("2026-03-06 16:30", 40.5),
        ("2026-10-30 16:30", 42.5),
    ],
)
def test_the_closure_is_right_when_daylight_saving_changes(at: str, hours: float) -> None:
    closing = chicago(at)
    opening = next_opening(closing)
    assert opening.timestamp() - closing.timestamp() == hours * 3600
    assert is_open(closing - TICK)


@given(instants, st.sampled_from(["Asia/Tokyo", "America/Chicago", "Europe/London"]))
def test_the_time_zone_of_the_given_time_does_not_matter(at: datetime, zone: str) -> None:
    there = at.astimezone(ZoneInfo(zone))
    assert is_open(there) is is_open(at)
    assert next_opening(there) == next_opening(at)


def test_the_opening_is_on_the_sunday_in_chicago() -> None:
    at = chicago("2026-11-22 09:30").astimezone(ZoneInfo("Asia/Tokyo"))
    assert at.weekday() == 0
    assert next_opening(at) == chicago("2026-11-22 10:00")


def test_after_an_opening_the_next_one_is_a_week_later() -> None:
    assert next_opening(chicago("2026-11-22 10:00")) == chicago("2026-11-29 10:00")
    assert next_opening(chicago("2026-11-20 16:29")) == chicago("2026-11-22 10:00")


@given(instants)
def test_requests_are_refused_until_the_opening(at: datetime) -> None:
    if is_open(at):
        require_open(at)
        return
    with pytest.raises(ClosedError) as caught:
        require_open(at)
    assert caught.value.opens == next_opening(at)
    require_open(caught.value.opens)
    require_open(at, always=True)


def test_a_refusal_says_when_it_opens_in_chicago_time() -> None:
    with pytest.raises(ClosedError, match="it opens on Sunday 2026-11-01 10:00 CST"):
        require_open(chicago("2026-10-30 17:00"))


@pytest.mark.parametrize("ask", [is_open, next_opening, require_open])
def test_a_time_without_a_zone_is_refused(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(ValueError, match="needs a time zone"):
        ask(datetime(2026, 11, 23))
