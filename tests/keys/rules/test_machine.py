from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from tests.keys.rules.calendars import DayByDay, scattered
from tests.keys.rules.machine import SessionOfPairs


class WithManyHolidays(SessionOfPairs):
    @initialize(offset=st.integers(0, 11 * 53))
    def choose_holidays(self, offset: int) -> None:
        self.trades = scattered(offset)
        self.calendar = DayByDay(self.trades)


TestWithManyHolidays = WithManyHolidays.TestCase
TestWithManyHolidays.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
