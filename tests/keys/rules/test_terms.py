from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import ArgumentError
from gatepass.keys import AccessKeyId
from gatepass.keys.rules import (
    PairState,
    PairTerms,
    active_pairs,
    effective_state,
    lapsed_pairs,
)
from tests.keys.rules.calendars import MINUTE, chicago
from tests.keys.rules.samples import NEW, OLD, ended, instants, pair

FIRST = pair(OLD, "2026-01-20 10:00", "2027-01-20 16:00")
SECOND = pair(NEW, "2026-11-02 10:00", "2027-11-02 16:00")


def test_a_new_pair_is_active_at_once() -> None:
    assert effective_state(FIRST, FIRST.created_at) is PairState.ACTIVE


def test_a_pair_expires_at_its_close_and_not_before() -> None:
    assert effective_state(FIRST, FIRST.expires_at - MINUTE) is PairState.ACTIVE
    assert effective_state(FIRST, FIRST.expires_at) is PairState.EXPIRED


@pytest.mark.parametrize("state", [PairState.DELETED, PairState.EXPIRED])
@given(at=instants)
def test_a_clock_set_back_revives_nothing(state: PairState, at: datetime) -> None:
    assert effective_state(ended(FIRST, FIRST.created_at, state), at) is state


def test_a_clock_set_back_makes_no_room_for_another_pair() -> None:
    assert effective_state(FIRST, FIRST.created_at - timedelta(days=900)) is PairState.ACTIVE


@given(instants, instants, instants)
def test_a_state_never_goes_back(created: datetime, expires: datetime, at: datetime) -> None:
    terms = PairTerms(OLD, created, expires)
    later = [effective_state(terms, at + MINUTE * n) for n in (0, 1, 1000, 1_000_000)]
    assert later == sorted(later, key=list(PairState).index)


@given(instants, st.sampled_from(["Asia/Tokyo", "America/Chicago", "Europe/London"]))
def test_the_time_zone_of_the_time_does_not_matter(at: datetime, zone: str) -> None:
    assert effective_state(FIRST, at.astimezone(ZoneInfo(zone))) is effective_state(FIRST, at)


def test_active_pairs_come_oldest_first() -> None:
    gone = ended(pair("gone", "2025-01-02 10:00", "2026-01-02 16:00"), chicago("2025-06-01 09:00"))
    at = chicago("2026-11-10 12:00")
    assert active_pairs([SECOND, gone, FIRST], at) == [FIRST, SECOND]
    assert active_pairs([SECOND, gone, FIRST], FIRST.expires_at) == [SECOND]
    twin = PairTerms(AccessKeyId("twin"), FIRST.created_at, FIRST.expires_at)
    assert active_pairs([twin, FIRST], at) == [twin, FIRST]


def test_lapsed_pairs_have_expired_but_are_not_recorded_yet() -> None:
    recorded = ended(FIRST, FIRST.expires_at, PairState.EXPIRED)
    assert lapsed_pairs([FIRST, SECOND], FIRST.expires_at) == [FIRST]
    assert lapsed_pairs([recorded, SECOND], FIRST.expires_at) == []
    assert lapsed_pairs([FIRST, SECOND], FIRST.expires_at - MINUTE) == []


def test_only_an_ended_pair_has_an_end() -> None:
    for ended_at, state in ((None, PairState.DELETED), (FIRST.expires_at, PairState.ACTIVE)):
        with pytest.raises(ArgumentError) as caught:
            PairTerms(OLD, FIRST.created_at, FIRST.expires_at, ended_at, state)
        assert str(caught.value) == "a pair has an ended_at if, and only if, it has ended"
        assert caught.value.argument == "ended_at"


def test_a_state_in_words_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"^state is of type str: give a PairState$") as caught:
        PairTerms(OLD, FIRST.created_at, FIRST.expires_at, None, "active")  # type: ignore[arg-type]
    assert caught.value.argument == "state"


NAIVE = datetime(2026, 1, 1)
AWARE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("created_at", (NAIVE, AWARE, None)),
        ("expires_at", (AWARE, NAIVE, None)),
        ("ended_at", (AWARE, AWARE, NAIVE)),
    ],
)
def test_times_without_a_zone_are_refused(
    name: str, times: tuple[datetime, datetime, datetime | None]
) -> None:
    state = PairState.ACTIVE if times[2] is None else PairState.DELETED
    with pytest.raises(ArgumentError, match="needs a time zone") as caught:
        PairTerms(OLD, *times, state)
    assert caught.value.argument == name
    with pytest.raises(ValueError, match="needs a time zone"):
        effective_state(FIRST, NAIVE)
