"""One session's pairs over the years, with any actions, at any times and in any order.

A machine plays the Request Center: it carries out the plans, records lapsed pairs only sometimes,
and asks for warnings twice a day. The invariants are checked after each step.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from gatepass.errors import CenterError, NotFoundError, ThirdPairError
from gatepass.keys import WARNING_DAYS, AccessKeyId
from gatepass.keys.rules import (
    Generation,
    Life,
    MarketCalendar,
    PairState,
    PairTerms,
    active_pairs,
    due_warnings,
    effective_state,
    lapsed_pairs,
    lay_out,
    plan_deletion,
    plan_generation,
)
from gatepass.keys.validity import valid_until
from tests.keys.rules.calendars import CHICAGO, Trades, is_first_close
from tests.keys.rules.samples import instants

SESSION = "B08"
FOUR_WEEKS = timedelta(hours=4 * 7 * 24)
#: Twice a day: no date in Chicago is missed, even when the clocks change.
WATCH = timedelta(hours=12)

soon = st.timedeltas(timedelta(), timedelta(days=6))
waits = st.one_of(
    soon,
    st.sampled_from([FOUR_WEEKS, FOUR_WEEKS - timedelta(minutes=1), timedelta(days=1)]),
    st.timedeltas(timedelta(days=20), timedelta(days=400)),
)
#: Just before, at or just after a moment.
sides = st.sampled_from([timedelta(microseconds=-1), timedelta(), timedelta(microseconds=1)])


class SessionOfPairs(RuleBasedStateMachine):
    """``calendar`` is what the rules get, ``trades`` says which days trade in it."""

    calendar: MarketCalendar
    trades: Trades

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[PairTerms] = []
        self.made = 0
        self.sent: dict[AccessKeyId, list[int]] = {}

    @initialize(at=instants)
    def begin(self, at: datetime) -> None:
        self.now = at

    # Actions

    @rule(wait=waits)
    def wait(self, wait: timedelta) -> None:
        self._advance(self.now + wait)

    @rule(side=sides)
    def wait_for_the_close(self, side: timedelta) -> None:
        self._advance(self.calendar.close_at_or_after(self.now) + side)

    @precondition(lambda self: self.active)
    @rule(side=sides, place=st.integers(0, 1))
    def wait_for_an_end(self, side: timedelta, place: int) -> None:
        self._advance(self.active[place % len(self.active)].expires_at + side)

    @rule()
    def record_what_has_lapsed(self) -> None:
        for pair in lapsed_pairs(self.pairs, self.now):
            self._end(pair, PairState.EXPIRED, pair.expires_at)
        assert lapsed_pairs(self.pairs, self.now) == []

    @rule(place=st.integers(0, 1))
    def generate(self, place: int) -> None:
        if len(self.active) == 2:
            self._generate_a_third(place)
        else:
            self._carry_out(plan_generation(SESSION, self.pairs, self.now, self.calendar))

    @rule(waits=st.lists(soon, min_size=2, max_size=4), place=st.integers(0, 1))
    def rotate_in_a_hurry(self, waits: list[timedelta], place: int) -> None:
        for wait in waits:
            self.generate(place)
            self._advance(self.now + wait)

    @precondition(lambda self: self.active)
    @rule(place=st.integers(0, 1))
    def delete(self, place: int) -> None:
        name = self.active[place % len(self.active)].access_key_id
        plan = plan_deletion(SESSION, self.pairs, name, self.now)
        assert plan.ended_at == self.now
        self._end(self._find(plan.access_key_id), PairState.DELETED, plan.ended_at)

    @rule(name=st.sampled_from([AccessKeyId("foreign"), AccessKeyId("pair1")]))
    def choose_a_pair_that_does_not_exist(self, name: AccessKeyId) -> None:
        if any(pair.access_key_id == name for pair in self.active):
            return
        known = any(pair.access_key_id == name for pair in self.pairs)
        for plan in (
            lambda: plan_deletion(SESSION, self.pairs, name, self.now),
            lambda: plan_generation(SESSION, self.pairs, self.now, self.calendar, name),
        ):
            with pytest.raises(CenterError) as caught:
                plan()
            assert not isinstance(caught.value, ThirdPairError)
            assert not (known and isinstance(caught.value, NotFoundError))

    @precondition(lambda self: self.pairs)
    @rule(back=st.timedeltas(timedelta(minutes=2), timedelta(days=4000)))
    def set_the_clock_back(self, back: timedelta) -> None:
        known = max(pair.ended_at or pair.created_at for pair in self.pairs)
        with pytest.raises(CenterError, match="correct the clock"):
            plan_generation(SESSION, self.pairs, known - back, self.calendar)
        recorded = [pair for pair in self.pairs if pair.state is not PairState.ACTIVE]
        assert active_pairs(recorded, known - back) == []

    # Invariants

    @property
    def active(self) -> list[PairTerms]:
        return active_pairs(self.pairs, self.now)

    @invariant()
    def never_three_are_active(self) -> None:
        assert len(self.active) <= 2

    @invariant()
    def the_older_of_two_ends_four_weeks_after_the_newer_was_created(self) -> None:
        if len(self.active) == 2:
            older, newer = self.active
            self._check_leaving(older, newer.created_at)

    @invariant()
    def the_drawing_contains_every_pair(self) -> None:
        if not self.pairs:
            return
        lives = [Life(pair.created_at, pair.ended_at or pair.expires_at) for pair in self.pairs]
        drawn = lay_out(lives, self.now)
        assert len(drawn.bars) == len(self.pairs)
        for bar in drawn.bars:
            assert 0 <= bar[0].begin <= bar[-1].end <= 1

    # Helpers

    def _generate_a_third(self, place: int) -> None:
        choices = tuple(pair.access_key_id for pair in self.active)
        with pytest.raises(ThirdPairError) as caught:
            plan_generation(SESSION, self.pairs, self.now, self.calendar)
        assert caught.value.choices == choices
        chosen = choices[place]
        plan = plan_generation(SESSION, self.pairs, self.now, self.calendar, chosen)
        assert plan.delete == chosen
        self._carry_out(plan)

    def _carry_out(self, plan: Generation) -> None:
        before = {pair.access_key_id for pair in self.active}
        assert plan.created_at == self.now
        self._check_new(plan)
        if plan.delete is not None:
            assert plan.delete in before
            self._end(self._find(plan.delete), PairState.DELETED, plan.created_at)
        if plan.shorten is not None:
            name, end = plan.shorten
            assert name in before
            assert name != plan.delete
            self._shorten(self._find(name), end)
        remaining = self.active
        assert len(remaining) <= 1
        for pair in remaining:
            self._check_leaving(pair, self.now)
        self.made += 1
        name = AccessKeyId(f"pair{self.made}")
        self.pairs.append(PairTerms(name, plan.created_at, plan.expires_at))
        assert effective_state(self._find(name), self.now) is PairState.ACTIVE
        self._remind()

    def _check_new(self, plan: Generation) -> None:
        day = plan.created_at.astimezone(CHICAGO).date()
        leap = (day.month, day.day) == (2, 29)
        next_year = date(day.year + 1, 3, 1) if leap else day.replace(year=day.year + 1)
        midnight = datetime(next_year.year, next_year.month, next_year.day, tzinfo=CHICAGO)
        assert is_first_close(self.trades, plan.expires_at, midnight)
        # What the key file says is the same instant.
        assert plan.expires_at == valid_until(plan.expires_at.astimezone(CHICAGO).date())

    def _check_leaving(self, pair: PairTerms, since: datetime) -> None:
        # It ends at the first close after four weeks, or was due to end before that.
        latest = since + FOUR_WEEKS
        assert pair.expires_at <= latest or is_first_close(self.trades, pair.expires_at, latest)

    def _shorten(self, pair: PairTerms, end: datetime) -> None:
        assert end < pair.expires_at, "a pair's life was lengthened"
        assert is_first_close(self.trades, end, self.now + FOUR_WEEKS)
        self._replace(pair, replace(pair, expires_at=end))

    def _end(self, pair: PairTerms, state: PairState, at: datetime) -> None:
        assert pair.state is PairState.ACTIVE
        assert pair.created_at <= at <= pair.expires_at
        self._replace(pair, replace(pair, state=state, ended_at=at))

    def _find(self, name: AccessKeyId) -> PairTerms:
        (found,) = [pair for pair in self.pairs if pair.access_key_id == name]
        return found

    def _replace(self, old: PairTerms, new: PairTerms) -> None:
        self.pairs[self.pairs.index(old)] = new

    def _advance(self, until: datetime) -> None:
        while self.now < until:
            before = self.active
            # Without an active pair no warning can become due.
            self.now = min(until, self.now + WATCH) if before else until
            self._remind()
            for pair in before:
                if effective_state(pair, self.now) is PairState.EXPIRED:
                    # Each was due once and was sent once, the earliest threshold first.
                    assert self.sent[pair.access_key_id] == list(WARNING_DAYS)

    def _remind(self) -> None:
        active = {pair.access_key_id: pair for pair in self.active}
        for warning in due_warnings(self.pairs, self.now):
            pair = active[warning.access_key_id]
            assert warning.expires_at == pair.expires_at > self.now
            assert 0 <= warning.days_left <= warning.threshold
            others = [other for other in active.values() if other.expires_at > pair.expires_at]
            assert warning.successor == (others[0].access_key_id if others else None)
            sent = self.sent.setdefault(warning.access_key_id, [])
            if warning.threshold not in sent:
                sent.append(warning.threshold)
                assert sent == sorted(sent, reverse=True), "an earlier warning after a later one"
