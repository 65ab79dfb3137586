"""Pairs for the tests of the rules, and the strategies that make times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from gatepass.keys import AccessKeyId
from gatepass.keys.rules import PairState, PairTerms
from tests.keys.rules.calendars import CHICAGO, DayByDay, chicago, weekdays

OLD, NEW, NEXT = AccessKeyId("old"), AccessKeyId("new"), AccessKeyId("next")
WEEKDAYS = DayByDay(weekdays)


def pair(name: str, created: str, expires: str) -> PairTerms:
    """An active pair; both times are Chicago's."""
    return PairTerms(AccessKeyId(name), chicago(created), chicago(expires))


def ended(terms: PairTerms, at: datetime, state: PairState = PairState.DELETED) -> PairTerms:
    return PairTerms(terms.access_key_id, terms.created_at, terms.expires_at, at, state)


def _near_clock_changes() -> st.SearchStrategy[datetime]:
    """Within two days of a Sunday in March or November on which Chicago's clocks change."""
    sundays = [
        day
        for year in range(2010, 2060)
        for month, first in ((3, 8), (11, 1))
        for day in (date(year, month, first + offset) for offset in range(7))
        if day.weekday() == 6
    ]
    return st.builds(
        lambda day, minutes: (
            datetime(day.year, day.month, day.day, tzinfo=CHICAGO) + timedelta(minutes=minutes)
        ).astimezone(UTC),
        st.sampled_from(sundays),
        st.integers(-2 * 1440, 3 * 1440),
    )


_clock_changes = _near_clock_changes()
#: Moments in half a century; many are near a change of the clocks, or four weeks before one.
instants = st.one_of(
    st.datetimes(datetime(2010, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),
    _clock_changes,
    _clock_changes.map(lambda at: at - timedelta(weeks=4)),
)
