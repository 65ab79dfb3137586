from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.keys import WARNING_DAYS, AccessKeyId
from gatepass.keys.rules import DueWarning, PairTerms, due_warnings
from tests.keys.rules.calendars import CHICAGO, DAY, MINUTE, chicago
from tests.keys.rules.samples import NEW, OLD, ended, instants, pair

#: The clocks change in its last four weeks.
LEAVING = pair(OLD, "2025-10-07 10:00", "2026-03-20 16:00")
LASTING = pair(NEW, "2026-02-20 10:00", "2027-02-22 16:00")
END = LEAVING.expires_at


@pytest.mark.parametrize(
    ("day", "left", "threshold"),
    [
        ("2026-02-20 00:00", 28, 28),
        ("2026-03-05 23:59", 15, 28),
        ("2026-03-06 00:00", 14, 14),
        ("2026-03-13 00:00", 7, 7),
        ("2026-03-17 00:00", 3, 3),
        ("2026-03-19 00:00", 1, 1),
        ("2026-03-20 15:59", 0, 1),
    ],
)
def test_the_closest_threshold_is_due(day: str, left: int, threshold: int) -> None:
    (warning,) = due_warnings([LEAVING], chicago(day))
    assert warning == DueWarning(OLD, END, left, threshold, successor=None)


def test_no_warning_is_due_too_early_or_too_late() -> None:
    assert due_warnings([LEAVING], chicago("2026-02-19 23:59")) == []
    assert due_warnings([LEAVING], END) == []
    assert due_warnings([], END) == []


def test_a_deleted_pair_gets_no_warning() -> None:
    gone = ended(LEAVING, chicago("2026-03-01 10:00"))
    assert due_warnings([gone], chicago("2026-03-10 10:00")) == []


def test_a_warning_names_the_pair_to_move_to() -> None:
    at = chicago("2026-03-10 10:00")
    (warning,) = due_warnings([LEAVING, LASTING], at)
    assert (warning.access_key_id, warning.successor) == (OLD, NEW)
    # That pair must still be active.
    (warning,) = due_warnings([LEAVING, ended(LASTING, at)], at)
    assert warning.successor is None


def test_a_newer_pair_that_ends_sooner_is_no_successor() -> None:
    brief = pair("brief", "2026-03-01 10:00", "2026-03-12 16:00")
    warnings = due_warnings([brief, LEAVING], chicago("2026-03-10 10:00"))
    assert [(w.access_key_id, w.successor) for w in warnings] == [
        (OLD, None),
        (AccessKeyId("brief"), OLD),
    ]


@given(instants, st.lists(st.integers(0, 60 * 24), min_size=1, max_size=80))
def test_a_caller_that_asks_at_random_times_sends_each_warning_once_and_in_order(
    expires: datetime, hours: list[int]
) -> None:
    terms = PairTerms(OLD, expires - 400 * DAY, expires)
    sent: list[int] = []
    for before in sorted(hours, reverse=True):
        at = expires - timedelta(hours=before)
        for warning in due_warnings([terms], at):
            there = at.astimezone(CHICAGO).date()
            assert warning.days_left == (expires.astimezone(CHICAGO).date() - there).days
            if warning.threshold not in sent:
                sent.append(warning.threshold)
    assert sent == sorted(set(sent), reverse=True)
    assert set(sent) <= set(WARNING_DAYS)


@given(instants)
def test_a_caller_that_asks_twice_a_day_sends_all_warnings(expires: datetime) -> None:
    terms = PairTerms(OLD, expires - 400 * DAY, expires)
    sent: list[int] = []
    for halves in range(70, 0, -1):
        sent += [w.threshold for w in due_warnings([terms], expires - halves * DAY / 2)]
    sent += [w.threshold for w in due_warnings([terms], expires - MINUTE)]
    assert tuple(dict.fromkeys(sent)) == WARNING_DAYS


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        due_warnings([LEAVING], datetime(2026, 3, 1))
