from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.keys.rules import Life, Part, Stretch, lay_out
from tests.keys.rules.calendars import CHICAGO, chicago
from tests.keys.rules.samples import instants

FIRST = Life(chicago("2026-01-20 10:00"), chicago("2026-09-29 16:00"))
SECOND = Life(chicago("2026-09-01 10:00"), chicago("2027-09-01 16:00"))
AT = chicago("2026-09-10 10:00")


def parts(bar: tuple[Stretch, ...]) -> list[Part]:
    return [stretch.part for stretch in bar]


def test_each_life_is_a_bar_in_the_order_given() -> None:
    drawn = lay_out([SECOND, FIRST], AT)
    new, old = drawn.bars
    # The warnings for the first began nine days ago; those for the second are months away.
    assert parts(old) == [Part.PAST, Part.LAST_WEEKS]
    assert parts(new) == [Part.PAST, Part.TO_COME, Part.LAST_WEEKS]
    assert old[0].begin < new[0].begin < drawn.now < old[-1].end < new[-1].end
    assert old[0].end == new[0].end == drawn.now
    assert new[2].begin == drawn.place(chicago("2027-08-04 16:00"))
    assert drawn.begin == chicago("2026-01-01 00:00")
    assert drawn.end == chicago("2027-10-01 00:00")


def test_a_life_that_has_ended_is_past_without_a_warning() -> None:
    (bar,) = lay_out([FIRST], chicago("2026-10-10 10:00")).bars
    assert parts(bar) == [Part.PAST]


def test_a_life_that_has_not_begun_is_all_to_come() -> None:
    (bar,) = lay_out([SECOND], chicago("2026-08-10 10:00")).bars
    assert parts(bar) == [Part.TO_COME, Part.LAST_WEEKS]


def test_without_dates_a_life_fills_the_frame_and_has_no_last_weeks() -> None:
    drawn = lay_out([Life(None, None)], AT)
    (bar,) = drawn.bars
    assert bar == (Stretch(Part.PAST, 0, drawn.now), Stretch(Part.TO_COME, drawn.now, 1))


@pytest.mark.parametrize(("years", "part"), [(-20, Part.PAST), (20, Part.TO_COME)])
def test_a_life_outside_the_frame_is_a_bar_without_width_at_its_edge(
    years: int, part: Part
) -> None:
    begin = AT + timedelta(days=366 * years)
    (bar,) = lay_out([Life(begin, begin + timedelta(days=90))], AT).bars
    edge = 0 if years < 0 else 1
    assert bar == (Stretch(part, edge, edge),)


def test_a_life_of_no_length_at_the_present_is_past() -> None:
    drawn = lay_out([Life(AT, AT)], AT)
    assert drawn.bars == ((Stretch(Part.PAST, drawn.now, drawn.now),),)


def test_a_frame_begins_and_ends_with_a_month_of_chicago() -> None:
    # Four hours later it is July, and November, in UTC.
    life = Life(None, chicago("2026-10-31 20:30"))
    drawn = lay_out([life], chicago("2026-08-14 20:30"))
    assert drawn.begin == chicago("2026-06-01 00:00")
    assert drawn.end == chicago("2026-11-01 00:00")


def test_without_pairs_there_is_a_frame_around_the_present() -> None:
    drawn = lay_out([], AT)
    assert drawn.bars == ()
    assert (drawn.begin, drawn.end) == (chicago("2026-07-01 00:00"), chicago("2026-11-01 00:00"))
    assert [tick.label for tick in drawn.ticks(8)] == ["Jul", "Aug", "Sep", "Oct"]
    assert [tick.label for tick in drawn.ticks(2)] == ["Jul", "Sep"]


@st.composite
def lives(draw: st.DrawFn, at: datetime) -> Life:
    begin = at + draw(st.timedeltas(timedelta(days=-5000), timedelta(days=5000)))
    end = begin + draw(
        st.timedeltas(timedelta(minutes=1), timedelta(days=60))
        | st.timedeltas(timedelta(days=60), timedelta(days=400))
    )
    return Life(draw(st.sampled_from([begin, None])), draw(st.sampled_from([end, None])))


@given(st.data(), instants)
def test_every_bar_is_inside_the_frame(data: st.DataObject, at: datetime) -> None:
    wanted = data.draw(st.lists(lives(at), max_size=6))
    drawn = lay_out(wanted, at)
    assert drawn.begin <= at < drawn.end
    assert {drawn.begin.day, drawn.end.day} == {1}
    assert drawn.begin.tzinfo is drawn.end.tzinfo is CHICAGO
    assert len(drawn.bars) == len(wanted)
    for life, bar in zip(wanted, drawn.bars, strict=True):
        assert 0 <= bar[0].begin <= bar[-1].end <= 1
        assert bar[0].begin == (0 if life.begin is None else drawn.place(life.begin))
        assert bar[-1].end == (1 if life.end is None else drawn.place(life.end))
        assert all(before.end == after.begin for before, after in pairwise(bar))
        assert parts(bar) == [part for part in Part if part in parts(bar)]
        for stretch in bar:
            assert (stretch.end <= drawn.now) == (stretch.part is Part.PAST)


def test_the_warnings_of_a_short_life_begin_with_it() -> None:
    life = Life(chicago("2026-09-11 10:00"), chicago("2026-09-24 16:00"))
    (bar,) = lay_out([life], AT).bars
    assert parts(bar) == [Part.LAST_WEEKS]


@given(instants, st.integers(1, 40))
def test_every_tick_has_room_for_its_label(at: datetime, room: int) -> None:
    drawn = lay_out([Life(at - timedelta(days=300), at + timedelta(days=65))], at)
    ticks = drawn.ticks(room)
    assert len(ticks) <= room
    places = [tick.at for tick in ticks]
    assert places == sorted(places)
    assert all(place <= 1 - 0.8 / room for place in places)


@pytest.mark.parametrize("lives_given", [[], [FIRST]])
def test_a_time_without_a_zone_is_refused(lives_given: list[Life]) -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        lay_out(lives_given, datetime(2026, 9, 10))


def test_ticks_are_at_the_same_months_wherever_the_frame_begins() -> None:
    life = Life(chicago("2026-08-15 10:00"), chicago("2027-03-10 16:00"))
    drawn = lay_out([life], chicago("2026-10-10 10:00"))
    assert [tick.label for tick in drawn.ticks(3)] == ["Oct", "2027"]
    assert drawn.ticks(3)[0].at == drawn.place(chicago("2026-10-01 00:00"))


def test_with_little_room_ticks_are_five_years_apart() -> None:
    drawn = lay_out([Life(AT - timedelta(days=7305), AT + timedelta(days=7305))], AT)
    assert [tick.label for tick in drawn.ticks(1)] == ["2020"]
    assert [tick.label for tick in drawn.ticks(4)] == ["2020", "2025", "2030"]
