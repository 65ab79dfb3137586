from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from gatepass.errors import CenterError, NotFoundError
from gatepass.keys.rules import Deletion, PairState, PairTerms, plan_deletion
from tests.keys.rules.calendars import chicago
from tests.keys.rules.samples import NEW, NEXT, OLD, ended, instants, pair

FIRST = pair(OLD, "2026-01-20 10:00", "2026-09-29 16:00")
SECOND = pair(NEW, "2026-09-01 10:00", "2027-09-01 16:00")


@given(instants)
def test_a_pair_is_deleted_at_once(at: datetime) -> None:
    terms = PairTerms(OLD, at - timedelta(days=1), at + timedelta(days=1))
    deletion = plan_deletion("B08", [terms], OLD, at)
    assert deletion == Deletion(OLD, at)
    assert deletion.ended_at.tzinfo is UTC


@pytest.mark.parametrize("pairs", [[FIRST], [FIRST, SECOND], [SECOND, FIRST]])
def test_any_active_pair_may_be_deleted_even_the_last_one(pairs: list[PairTerms]) -> None:
    at = chicago("2026-09-10 10:00")
    for terms in pairs:
        name = terms.access_key_id
        assert plan_deletion("B08", pairs, name, at) == Deletion(name, at)


def test_a_clock_that_was_set_back_does_not_keep_a_pair_alive() -> None:
    early = SECOND.created_at - timedelta(days=400)
    assert plan_deletion("B08", [SECOND], NEW, early).ended_at == SECOND.created_at


def test_another_sessions_pair_is_not_found_and_not_repeated() -> None:
    with pytest.raises(NotFoundError) as caught:
        plan_deletion("B08", [FIRST, SECOND], NEXT, chicago("2026-09-10 10:00"))
    assert "B08 has no key pair" in str(caught.value)
    assert "it has old, new" in str(caught.value)
    assert "next" not in str(caught.value)
    with pytest.raises(NotFoundError, match="it has none"):
        plan_deletion("B08", [], OLD, chicago("2026-09-10 10:00"))


def test_a_pair_that_has_ended_cannot_be_deleted_again() -> None:
    at = FIRST.expires_at
    with pytest.raises(CenterError, match="old of session B08 is expired already"):
        plan_deletion("B08", [FIRST], OLD, at)
    gone = ended(SECOND, chicago("2026-09-02 10:00"), PairState.DELETED)
    with pytest.raises(CenterError, match="new of session B08 is deleted already"):
        plan_deletion("B08", [gone], NEW, at)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        plan_deletion("B08", [FIRST], OLD, datetime(2026, 9, 10))
