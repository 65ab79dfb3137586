from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.keys import WARNING_DAYS, ExpiryReminder, KeyRing, Status
from gatepass.keys.expiry import expiry_warning
from tests.keys.samples import NEW, OLD, OTHER

PAIR = OLD.key_pair()
EXPIRY_NOON = datetime(2026, 2, 3, 18, 0, tzinfo=UTC)  # noon in Chicago


def days_before(days: int) -> datetime:
    return EXPIRY_NOON - timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "threshold"),
    [
        (28, 28),
        (27, 28),
        (15, 28),
        (14, 14),
        (8, 14),
        (7, 7),
        (4, 7),
        (3, 3),
        (2, 3),
        (1, 1),
        (0, 1),
    ],
)
def test_the_closest_threshold_is_reached(days: int, threshold: int) -> None:
    warning = expiry_warning(PAIR, days_before(days))
    assert warning is not None
    assert (warning.pair, warning.days_left, warning.threshold) == (PAIR, days, threshold)


def test_there_is_no_warning_too_early_too_late_or_without_a_date() -> None:
    assert expiry_warning(PAIR, days_before(29)) is None
    assert expiry_warning(PAIR, EXPIRY_NOON + timedelta(hours=4)) is None
    assert expiry_warning(replace(PAIR, expires=None), days_before(1)) is None


@pytest.mark.parametrize(("days", "when"), [(0, "today"), (1, "in 1 day"), (10, "in 10 days")])
def test_a_warning_says_what_expires_when_and_what_to_do(days: int, when: str) -> None:
    assert str(expiry_warning(PAIR, days_before(days))) == (
        f"session B08: key pair oldoldoldoldoldoldol expires {when},"
        " at market close of 2026-02-03: generate a new pair at the Request Center"
    )


def test_a_ring_warns_of_each_pair_that_expires_soon() -> None:
    ring = KeyRing([OLD.key_pair(), NEW.key_pair(), OTHER.key_pair()])
    assert [warning.pair for warning in ring.warnings(days_before(5))] == [PAIR]
    assert ring.warnings(days_before(100)) == []


def test_a_ring_refuses_a_time_without_a_zone() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        KeyRing([PAIR]).warnings(datetime(2026, 2, 1))


@given(st.lists(st.integers(-2, 40), min_size=1, max_size=60))
def test_each_warning_is_given_once(days: list[int]) -> None:
    ring = KeyRing([PAIR])
    reminder = ExpiryReminder()
    walk = sorted(days, reverse=True)
    given_out = [w for day in walk for w in reminder.unseen(ring.warnings(days_before(day)))]
    thresholds = [warning.threshold for warning in given_out]
    assert thresholds == sorted(set(thresholds), reverse=True)
    assert set(thresholds) <= set(WARNING_DAYS)
    close = [d for d in walk if d <= 28 and PAIR.status(days_before(d)) is not Status.EXPIRED]
    assert bool(thresholds) == bool(close)


def test_a_caller_that_asks_daily_gets_all_five_warnings() -> None:
    ring = KeyRing([PAIR, OTHER.key_pair()])
    reminder = ExpiryReminder()
    given_out = [
        (day, warning.threshold)
        for day in range(40, -5, -1)
        for warning in reminder.unseen(ring.warnings(days_before(day)))
    ]
    assert given_out == [(days, days) for days in WARNING_DAYS]
