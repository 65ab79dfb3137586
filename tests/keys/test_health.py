"""The health of a session's pairs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatepass.errors import PairExpiredError, PairNotYetValidError
from gatepass.keys import KeyRing, session_health
from tests.keys.samples import BOTH_ACTIVE, NEW, OLD, OTHER

RING = KeyRing(pair.key_pair() for pair in (OLD, NEW, OTHER))


def test_every_session_is_judged_in_the_rings_order() -> None:
    b08, xyz = session_health(RING, BOTH_ACTIVE)
    assert (b08.session, xyz.session) == ("B08", "XYZ")
    assert [pair.access_key_id for pair in b08.pairs] == [OLD.access_key_id, NEW.access_key_id]


def test_a_session_is_healthy_if_only_its_older_pair_expires_soon() -> None:
    b08, _ = session_health(RING, BOTH_ACTIVE)
    assert b08.used is not None
    assert b08.used.access_key_id == NEW.access_key_id
    assert b08.warning is None
    assert b08.healthy
    assert b08


def test_a_session_whose_pair_in_use_expires_soon_is_not_healthy() -> None:
    (only,) = session_health(KeyRing([OLD.key_pair()]), BOTH_ACTIVE)
    assert only.used is not None
    assert only.warning is not None
    assert only.warning.days_left == 9
    assert not only.healthy
    assert not only


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        (datetime(2020, 1, 1, tzinfo=UTC), PairNotYetValidError),
        (datetime(2030, 1, 1, tzinfo=UTC), PairExpiredError),
    ],
)
def test_a_session_without_a_valid_pair_says_why(at: datetime, kind: type[Exception]) -> None:
    (only,) = session_health(KeyRing([OTHER.key_pair()]), at)
    assert only.used is None
    assert isinstance(only.problem, kind)
    assert not only.healthy


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        session_health(RING, datetime(2026, 1, 1))
