"""Generating: each of CME's sentences, and what is refused. `machine` checks the properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import CenterError, NotFoundError, ThirdPairError
from gatepass.keys import AccessKeyId
from gatepass.keys.rules import Generation, PairState, PairTerms, plan_generation
from gatepass.keys.rules.generation import CLOCK_SLACK
from tests.keys.rules.calendars import MINUTE, chicago
from tests.keys.rules.samples import NEW, NEXT, OLD, WEEKDAYS, ended, instants, pair

FIRST = pair(OLD, "2026-01-20 10:00", "2027-01-20 16:00")
SECOND = pair(NEW, "2026-09-01 10:00", "2027-09-01 16:00")
#: FIRST after SECOND was generated.
LEAVING = pair(OLD, "2026-01-20 10:00", "2026-09-29 16:00")
AT = chicago("2026-09-10 10:00")
YEAR_ON = chicago("2027-09-10 16:00")
FOUR_WEEKS_ON = chicago("2026-10-08 16:00")


def plan(*pairs: PairTerms, at: datetime = AT, delete: AccessKeyId | None = None) -> Generation:
    return plan_generation("B08", pairs, at, WEEKDAYS, delete)


def test_a_first_pair_lives_for_twelve_months_and_changes_nothing() -> None:
    assert plan() == Generation(AT, YEAR_ON)


def test_with_a_second_the_first_expires_in_four_weeks_at_market_close() -> None:
    assert plan(FIRST) == Generation(AT, YEAR_ON, shorten=(OLD, FOUR_WEEKS_ON))


@pytest.mark.parametrize("expires", ["2026-09-10 16:00", "2026-10-07 16:00", "2026-10-08 16:00"])
def test_a_first_pair_that_expires_by_then_is_not_changed(expires: str) -> None:
    assert plan(pair(OLD, "2025-10-07 10:00", expires)) == Generation(AT, YEAR_ON)


def test_a_third_pair_needs_a_choice_and_lists_the_oldest_pair_first() -> None:
    for pairs in ([LEAVING, SECOND], [SECOND, LEAVING]):
        with pytest.raises(ThirdPairError) as caught:
            plan(*pairs)
        assert (caught.value.session, caught.value.choices) == ("B08", (OLD, NEW))
        assert "choose which to delete at once, old or new" in str(caught.value)


def test_with_a_third_the_remaining_one_expires_in_four_weeks_at_market_close() -> None:
    assert plan(LEAVING, SECOND, delete=OLD) == Generation(
        AT, YEAR_ON, delete=OLD, shorten=(NEW, FOUR_WEEKS_ON)
    )


def test_if_the_newer_pair_is_deleted_the_older_one_does_not_live_longer() -> None:
    assert plan(LEAVING, SECOND, delete=NEW) == Generation(AT, YEAR_ON, delete=NEW)


def test_ended_pairs_do_not_count() -> None:
    gone = ended(pair("gone", "2026-02-02 10:00", "2027-02-02 16:00"), chicago("2026-03-03 10:00"))
    over = pair("over", "2025-09-09 10:00", "2026-09-09 16:00")
    assert plan(gone, over, FIRST) == plan(FIRST)


def test_a_pair_that_expires_at_the_moment_of_generation_does_not_count() -> None:
    at = LEAVING.expires_at
    assert plan(LEAVING, SECOND, at=at).delete is None
    with pytest.raises(ThirdPairError):
        plan(LEAVING, SECOND, at=at - MINUTE)


@pytest.mark.parametrize("pairs", [(), (FIRST,)])
@pytest.mark.parametrize("choice", [OLD, AccessKeyId("foreign")])
def test_a_choice_is_refused_if_there_is_room_for_a_pair(
    pairs: tuple[PairTerms, ...], choice: AccessKeyId
) -> None:
    with pytest.raises(
        CenterError,
        match=r"B08 has room for a new key pair: generate it without choosing one to delete$",
    ):
        plan(*pairs, delete=choice)


def test_another_sessions_pair_cannot_be_chosen() -> None:
    with pytest.raises(NotFoundError, match="no key pair with the Access Key ID asked for; it has"):
        plan(LEAVING, SECOND, delete=NEXT)


@pytest.mark.parametrize("state", [PairState.DELETED, PairState.EXPIRED])
def test_an_ended_pair_cannot_be_chosen(state: PairState) -> None:
    gone = ended(
        pair(NEXT, "2026-02-02 10:00", "2026-03-03 16:00"), chicago("2026-03-03 16:00"), state
    )
    with pytest.raises(CenterError, match=f"next of session B08 is {state.value} already"):
        plan(gone, LEAVING, SECOND, delete=NEXT)


@pytest.mark.parametrize("delete", [None, OLD])
def test_with_three_active_pairs_no_pair_is_generated(delete: AccessKeyId | None) -> None:
    third = pair(NEXT, "2026-09-05 10:00", "2027-09-07 16:00")
    with pytest.raises(CenterError, match="B08 has 3 active key pairs, and only 2 can exist"):
        plan(LEAVING, SECOND, third, delete=delete)


def test_with_a_clock_that_was_set_back_no_pair_is_generated() -> None:
    words = (
        "^session B08 had a key pair changed at 2026-09-01 10:00:00 CDT, which is in the future"
        " by this machine's clock: correct the clock, then try again$"
    )
    with pytest.raises(CenterError, match=words):
        plan(SECOND, at=SECOND.created_at - timedelta(hours=1))
    gone = ended(FIRST, chicago("2026-09-10 11:00"))
    with pytest.raises(CenterError, match=r"2026-09-10 11:00:00 CDT.*correct the clock"):
        plan(gone)


@pytest.mark.parametrize("apart", [timedelta(seconds=5), CLOCK_SLACK])
def test_clocks_of_two_servers_may_differ_a_little(apart: timedelta) -> None:
    made = plan(FIRST, at=FIRST.created_at - apart)
    assert made.created_at == FIRST.created_at
    assert made.created_at.tzinfo is UTC


@given(instants, st.integers(0, 3))
def test_a_plan_does_not_depend_on_the_order_of_the_pairs(at: datetime, place: int) -> None:
    older = PairTerms(OLD, at - timedelta(days=30), at + timedelta(days=335))
    gone = [
        ended(PairTerms(AccessKeyId(f"gone{n}"), older.created_at, older.expires_at), at)
        for n in range(3)
    ]
    pairs = [*gone[:place], older, *gone[place:]]
    assert plan(*pairs, at=at) == plan(older, at=at)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        plan(at=datetime(2026, 9, 10))
