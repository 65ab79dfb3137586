from __future__ import annotations

import csv
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.center.pairs import calendar
from gatepass.center.pairs.calendar import TRADE_DATES, YEARS, GlobexCalendar, added
from gatepass.errors import CenterError
from gatepass.keys.rules import MarketCalendar, end_of_life, end_of_overlap
from tests.keys.rules.calendars import DayByDay, chicago, close_of, is_first_close
from tests.keys.rules.machine import SessionOfPairs

CALENDAR: MarketCalendar = GlobexCalendar()
#: Some product groups were closed for a President's funeral, while others traded.
MOURNING = {date(2004, 6, 11), date(2007, 1, 2), date(2018, 12, 5), date(2025, 1, 9)}
#: Good Fridays with the jobs report of the month, for which Globex opened.
JOBS = {date(2007, 4, 6), date(2010, 4, 2), date(2012, 4, 6), date(2015, 4, 3)}
JOBS |= {date(2021, 4, 2), date(2023, 4, 7), date(2026, 4, 3)}
DAYS = st.dates(date(YEARS[0], 1, 1), date(YEARS[-1], 12, 1))


def easter(year: int) -> date:
    """The first Sunday after the full moon of the Church that falls on 21 March or later."""
    century = year // 100
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3) % 30
    epact = (epact + 15) % 30
    moon = date(year, 3, 21) + timedelta(days=epact)
    # Two corrections keep the moon within 29 days and distinct in a cycle.
    if epact == 29 or (epact == 28 and golden > 10):
        moon -= timedelta(days=1)
    return moon + timedelta(days=7 - (moon.weekday() + 1) % 7)


def trades(day: date) -> bool:
    """Globex's own rule: weekdays without New Year's Day, Good Friday and Christmas.

    A Good Friday with a jobs report is still a trading day, and so is a day of mourning.
    New Year's Day on a Sunday is kept on Monday; Christmas on the nearest weekday.
    """
    if day.weekday() > 4:
        return False
    new_year = (day.month, day.day) == (1, 1) or ((day.month, day.day, day.weekday()) == (1, 2, 0))
    christmas = day.month == 12 and (
        day.day == 25 or (day.day, day.weekday()) in {(24, 4), (26, 0)}
    )
    return not (
        new_year or christmas or (day == easter(day.year) - timedelta(days=2) and day not in JOBS)
    )


ORACLE = DayByDay(trades)


@settings(deadline=None)
@given(DAYS, st.integers(0, 24 * 3600 * 10**6 - 1))
def test_the_calendar_agrees_with_the_rule_of_the_holidays(day: date, microsecond: int) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    at += timedelta(microseconds=microsecond)
    assert CALENDAR.close_at_or_after(at) == ORACLE.close_at_or_after(at)


def test_the_calendar_is_right_on_each_day_of_25_years() -> None:
    day, last = date(2015, 1, 1), date(2040, 1, 1)
    while day < last:
        expected = day
        while not trades(expected):
            expected += timedelta(days=1)
        found = CALENDAR.close_at_or_after(close_of(day) - timedelta(minutes=1))
        assert found == close_of(expected)
        day += timedelta(days=1)


@settings(deadline=None)
@given(DAYS)
def test_the_close_itself_counts_and_a_microsecond_later_does_not(day: date) -> None:
    close = CALENDAR.close_at_or_after(close_of(day))
    assert CALENDAR.close_at_or_after(close) == close
    later = CALENDAR.close_at_or_after(close + timedelta(microseconds=1))
    assert is_first_close(trades, later, close + timedelta(microseconds=1))
    assert later > close
    assert close.tzinfo is later.tzinfo is UTC


@pytest.mark.parametrize(
    ("at", "close"),
    [
        ("2026-11-23 15:59", "2026-11-23 16:00"),
        ("2026-11-23 16:00", "2026-11-23 16:00"),
        ("2026-11-23 16:01", "2026-11-24 16:00"),
        # Friday's session ends at 16:00 and Monday's is next, also when daylight saving changes.
        ("2026-03-06 17:00", "2026-03-09 16:00"),
        ("2026-10-30 17:00", "2026-11-02 16:00"),
        # Good Friday, Christmas, New Year's Day.
        ("2025-04-17 17:00", "2025-04-21 16:00"),
        ("2026-12-24 17:00", "2026-12-28 16:00"),
        ("2026-12-31 17:00", "2027-01-04 16:00"),
        # This Good Friday had a jobs report.
        ("2026-04-02 17:00", "2026-04-03 16:00"),
        # Days on which the session is shorter are trading days: Thanksgiving, 4 July kept.
        ("2026-11-26 09:00", "2026-11-26 16:00"),
        ("2026-07-03 09:00", "2026-07-03 16:00"),
    ],
)
def test_known_days_have_their_closes(at: str, close: str) -> None:
    assert CALENDAR.close_at_or_after(chicago(at)) == chicago(close)


def test_the_close_is_an_hour_later_in_utc_in_winter() -> None:
    assert CALENDAR.close_at_or_after(chicago("2026-03-06 12:00")).hour == 22
    assert CALENDAR.close_at_or_after(chicago("2026-03-09 12:00")).hour == 21


def test_four_weeks_and_a_year_pass_over_holidays() -> None:
    # Four weeks on is Christmas, a Friday: Monday's close. A year on it is kept on the Friday.
    assert end_of_overlap(chicago("2026-11-27 10:00"), CALENDAR) == chicago("2026-12-28 16:00")
    assert end_of_life(chicago("2026-12-24 10:00"), CALENDAR) == chicago("2027-12-27 16:00")
    # Four weeks after Thursday's close comes Good Friday, in one year with a jobs report.
    assert end_of_overlap(chicago("2025-03-20 16:30"), CALENDAR) == chicago("2025-04-21 16:00")
    assert end_of_overlap(chicago("2026-03-05 16:30"), CALENDAR) == chicago("2026-04-03 16:00")


@pytest.mark.parametrize("day", sorted(MOURNING | JOBS))
def test_a_day_on_which_some_product_groups_trade_is_a_trading_day(day: date) -> None:
    assert CALENDAR.close_at_or_after(close_of(day)) == close_of(day)
    before = close_of(day - timedelta(days=1)) + timedelta(seconds=1)
    assert CALENDAR.close_at_or_after(before) == close_of(day)


def test_each_added_day_is_a_weekday_with_a_reason_and_a_source() -> None:
    text = Path(calendar.__file__).with_name(TRADE_DATES).read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    days = [date.fromisoformat(row["day"]) for row in rows]
    assert days == sorted(set(days)) == sorted(MOURNING | JOBS) == added()
    assert all(day.weekday() < 5 and day.year in YEARS for day in days)
    assert all(row["why"] and row["source"].startswith("https://") for row in rows)


def test_no_line_makes_a_weekend_a_trading_day(monkeypatch: pytest.MonkeyPatch) -> None:
    saturday = date(2026, 11, 28)
    monkeypatch.setattr(calendar, "added", lambda: [saturday, saturday + timedelta(days=1)])
    days = calendar._trading_days.__wrapped__()
    assert len(days) > 25_000
    assert all(date.fromordinal(day).weekday() < 5 for day in days)


@pytest.mark.parametrize("year", [1999, YEARS[-1] + 1, 9999])
def test_years_without_a_calendar_are_refused(year: int) -> None:
    with pytest.raises(CenterError, match=f"{year}-06-15, only for the years 2000 to 2099: check"):
        CALENDAR.close_at_or_after(datetime(year, 6, 15, tzinfo=UTC))


def test_times_after_the_last_close_of_the_last_year_are_refused() -> None:
    last = CALENDAR.close_at_or_after(chicago("2099-12-31 12:00"))
    assert last == chicago("2099-12-31 16:00")
    with pytest.raises(CenterError, match="2100-01-01"):
        CALENDAR.close_at_or_after(last + timedelta(seconds=1))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        CALENDAR.close_at_or_after(datetime(2026, 11, 23))


def test_importing_the_calendar_does_not_load_pandas() -> None:
    program = "import sys, gatepass.center.pairs.calendar; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_no_warning_of_pandas_reaches_the_user() -> None:
    program = (
        "from datetime import datetime, timezone;"
        "from gatepass.center.pairs.calendar import GlobexCalendar;"
        "GlobexCalendar().close_at_or_after(datetime(2026, 1, 1, tzinfo=timezone.utc))"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


class OnGlobex(SessionOfPairs):
    def __init__(self) -> None:
        super().__init__()
        self.calendar = CALENDAR
        self.trades = trades


TestOnGlobex = OnGlobex.TestCase
TestOnGlobex.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
