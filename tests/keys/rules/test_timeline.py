from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.keys import AccessKeyId
from gatepass.keys.rules import PairState, PairTerms, lay_out
from tests.keys.rules.calendars import CHICAGO, chicago
from tests.keys.rules.samples import NEW, OLD, ended, instants, pair

FIRST = pair(OLD, "2026-01-20 10:00", "2026-09-29 16:00")
SECOND = pair(NEW, "2026-09-01 10:00", "2027-09-01 16:00")
AT = chicago("2026-09-10 10:00")


def test_each_pair_is_a_bar_the_oldest_first() -> None:
    drawn = lay_out([SECOND, FIRST], AT)
    old, new = drawn.bars
    assert (old.access_key_id, new.access_key_id) == (OLD, NEW)
    assert (old.state, new.state) == (PairState.ACTIVE, PairState.ACTIVE)
    assert (old.created_at, old.ends_at) == (FIRST.created_at, FIRST.expires_at)
    assert old.begin < new.begin < drawn.now < old.end < new.end
    # The first one's warnings began nine days ago, the second one's are months away.
    assert old.begin < old.caution < drawn.now < new.caution < new.end
    assert drawn.begin == chicago("2026-01-01 00:00")
    assert drawn.end == chicago("2027-10-01 00:00")


def test_a_deleted_pair_is_cut_off_where_it_ended_without_a_warning() -> None:
    (bar,) = lay_out([ended(FIRST, chicago("2026-09-05 10:00"))], AT).bars
    assert bar.state is PairState.DELETED
    assert bar.ends_at == chicago("2026-09-05 10:00")
    assert bar.caution == bar.end


def test_a_pair_whose_time_is_over_is_drawn_as_expired_recorded_or_not() -> None:
    recorded = ended(FIRST, FIRST.expires_at, PairState.EXPIRED)
    later = chicago("2026-10-10 10:00")
    assert lay_out([FIRST], later) == lay_out([recorded], later)
    assert lay_out([FIRST], later).bars[0].state is PairState.EXPIRED


def test_without_pairs_there_is_a_frame_around_the_present() -> None:
    drawn = lay_out([], AT)
    assert drawn.bars == ()
    assert (drawn.begin, drawn.end) == (chicago("2026-07-01 00:00"), chicago("2026-11-01 00:00"))
    assert [tick.label for tick in drawn.ticks(8)] == ["Jul", "Aug", "Sep", "Oct"]
    assert [tick.label for tick in drawn.ticks(2)] == ["Jul", "Sep"]


@st.composite
def lives(draw: st.DrawFn, at: datetime) -> PairTerms:
    created = at + draw(st.timedeltas(timedelta(days=-5000), timedelta(days=5000)))
    end = created + draw(
        st.timedeltas(timedelta(minutes=1), timedelta(days=60))
        | st.timedeltas(timedelta(days=60), timedelta(days=400))
    )
    name = AccessKeyId(draw(st.sampled_from(["one", "two", "three"])))
    if draw(st.booleans()):
        return PairTerms(name, created, end)
    return PairTerms(name, created, end + timedelta(days=9), end, PairState.DELETED)


@given(st.data(), instants)
def test_nothing_falls_out_of_the_picture(data: st.DataObject, at: datetime) -> None:
    pairs = data.draw(st.lists(lives(at), max_size=6))
    drawn = lay_out(pairs, at)
    assert drawn.begin <= at < drawn.end
    assert {drawn.begin.day, drawn.end.day} == {1}
    assert drawn.begin.tzinfo is drawn.end.tzinfo is CHICAGO
    assert len(drawn.bars) == len(pairs)
    for bar in drawn.bars:
        assert 0 <= bar.begin <= bar.caution <= bar.end <= 1
    assert list(drawn.bars) == sorted(drawn.bars, key=lambda bar: bar.created_at)


def test_the_warnings_of_a_short_life_begin_with_it() -> None:
    (bar,) = lay_out([pair("brief", "2026-09-01 10:00", "2026-09-14 16:00")], AT).bars
    assert bar.begin == bar.caution < bar.end


@given(instants, st.integers(1, 40))
def test_ticks_are_firsts_of_months_with_room_for_their_labels(at: datetime, room: int) -> None:
    drawn = lay_out([PairTerms(OLD, at - timedelta(days=300), at + timedelta(days=65))], at)
    ticks = drawn.ticks(room)
    assert len(ticks) <= room
    places = [tick.at for tick in ticks]
    assert places == sorted(places)
    assert all(place <= 1 - 0.8 / room for place in places)


@pytest.mark.parametrize("pairs", [[], [FIRST]])
def test_a_time_without_a_zone_is_refused(pairs: list[PairTerms]) -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        lay_out(pairs, datetime(2026, 9, 10))
