from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import (
    GatepassError,
    KeyChoiceError,
    KeySourceError,
    PairExpiredError,
    PairNotYetValidError,
    UnknownAccessKeyError,
    UnknownSessionError,
)
from gatepass.keys import AccessKeyId, IssuedPair, KeyRing, SessionId, Status
from tests.keys.samples import BOTH_ACTIVE, NEW, OLD, OTHER, SAMPLE_SECRET, key_files

RING = KeyRing([OLD.key_pair(), NEW.key_pair(), OTHER.key_pair()])
BEFORE_ALL = datetime(2024, 1, 1, tzinfo=UTC)
AFTER_ALL = datetime(2030, 1, 1, tzinfo=UTC)
ONLY_OLD = datetime(2025, 7, 1, tzinfo=UTC)


def chosen(ring: KeyRing, at: datetime, name: str | None = None, sender: str = "B08004N") -> str:
    return ring.choose(sender, at, name).access_key_id


def test_a_ring_contains_its_pairs_in_order() -> None:
    assert [pair.access_key_id for pair in RING] == [
        OLD.access_key_id,
        NEW.access_key_id,
        OTHER.access_key_id,
    ]
    assert len(RING) == 3
    assert RING.sessions == ("B08", "XYZ")
    assert repr(RING) == "<KeyRing of 3 pairs for B08, XYZ>"
    assert repr(KeyRing([])) == "<KeyRing of 0 pairs for none>"


def test_a_pair_is_found_by_its_access_key_id() -> None:
    assert RING.find(NEW.access_key_id) == NEW.key_pair()
    assert RING.find("nobody") is None


def test_a_third_pair_is_refused() -> None:
    third = replace(OLD, access_key_id=AccessKeyId("third"))
    with pytest.raises(KeySourceError) as caught:
        KeyRing([*RING, third.key_pair()])
    assert str(caught.value) == (
        "session B08 has 3 key pairs, and only 2 can exist: delete one at the Request Center"
        " and download the file again"
    )


def test_two_pairs_with_the_same_access_key_id_are_refused() -> None:
    twin = replace(OTHER, access_key_id=OLD.access_key_id)
    with pytest.raises(KeySourceError, match=r"Access Key ID old.* occurs twice: keep one"):
        KeyRing([OLD.key_pair(), twin.key_pair()])


def test_the_pair_created_last_is_chosen() -> None:
    assert chosen(RING, BOTH_ACTIVE) == NEW.access_key_id
    assert chosen(KeyRing(reversed(list(RING))), BOTH_ACTIVE) == NEW.access_key_id


def test_a_pair_that_is_not_valid_is_not_chosen() -> None:
    assert chosen(RING, ONLY_OLD) == OLD.access_key_id
    assert chosen(RING, datetime(2026, 3, 1, tzinfo=UTC)) == NEW.access_key_id


def test_of_two_from_one_day_the_one_that_expires_last_is_chosen() -> None:
    twin = replace(OLD, access_key_id=AccessKeyId("twin"), expires=date(2026, 2, 4)).key_pair()
    assert chosen(KeyRing([OLD.key_pair(), twin]), BOTH_ACTIVE) == "twin"
    assert chosen(KeyRing([twin, OLD.key_pair()]), BOTH_ACTIVE) == "twin"


def test_of_two_with_the_same_dates_the_later_in_the_file_is_chosen() -> None:
    twin = replace(OLD, access_key_id=AccessKeyId("twin")).key_pair()
    assert chosen(KeyRing([OLD.key_pair(), twin]), BOTH_ACTIVE) == "twin"
    assert chosen(KeyRing([twin, OLD.key_pair()]), BOTH_ACTIVE) == OLD.access_key_id


def test_a_pair_without_dates_is_the_last_resort() -> None:
    undated = replace(OLD.key_pair(), access_key_id=AccessKeyId("x"), created=None, expires=None)
    ring = KeyRing([OLD.key_pair(), undated])
    assert chosen(ring, BOTH_ACTIVE) == OLD.access_key_id
    assert chosen(ring, AFTER_ALL) == "x"


def test_the_pair_asked_for_is_chosen() -> None:
    assert chosen(RING, BOTH_ACTIVE, OLD.access_key_id) == OLD.access_key_id


@pytest.mark.parametrize("sender", ["ABC123N", "b08004N", "B0", ""])
def test_an_unknown_session_is_refused(sender: str) -> None:
    with pytest.raises(UnknownSessionError) as caught:
        RING.choose(sender, BOTH_ACTIVE)
    assert str(caught.value) == (
        f"there is no key pair for session {sender[:3]!r}, the start of SenderCompID (49);"
        " sessions with key pairs: B08, XYZ"
    )


def test_an_empty_ring_says_so() -> None:
    with pytest.raises(UnknownSessionError, match="sessions with key pairs: none"):
        KeyRing([]).choose("B08004N", BOTH_ACTIVE)


@pytest.mark.parametrize("name", ["nobody", OTHER.access_key_id, SAMPLE_SECRET, ""])
def test_an_unknown_access_key_is_refused_and_not_quoted(name: str) -> None:
    with pytest.raises(UnknownAccessKeyError) as caught:
        RING.choose("B08004N", BOTH_ACTIVE, name)
    assert str(caught.value) == (
        "session B08 has no key pair with the Access Key ID asked for;"
        " it has oldoldoldoldoldoldol, newnewnewnewnewnewne"
    )


def test_expired_pairs_are_refused_with_their_dates() -> None:
    with pytest.raises(PairExpiredError) as caught:
        RING.choose("B08004N", AFTER_ALL)
    assert str(caught.value) == (
        "session B08 has no valid key pair at 2030-01-01 00:00:00 UTC:"
        " oldoldoldoldoldoldol expired at 2026-02-03 16:00:00-06:00;"
        " newnewnewnewnewnewne expired at 2027-01-20 16:00:00-06:00:"
        " generate a new pair at the Request Center"
    )


def test_pairs_that_are_not_valid_yet_are_refused_with_their_dates() -> None:
    with pytest.raises(PairNotYetValidError) as caught:
        RING.choose("XYZ001N", BEFORE_ALL)
    assert str(caught.value) == (
        "session XYZ has no valid key pair at 2024-01-01 00:00:00 UTC:"
        " otherotherotherother is not valid before 2025-06-01 00:00:00-05:00:"
        " wait, or check this machine's clock"
    )


def test_of_an_expired_and_a_future_pair_the_future_one_decides_the_error() -> None:
    gap = datetime(2026, 2, 4, tzinfo=UTC)
    later = replace(NEW, created=date(2026, 3, 1)).key_pair()
    with pytest.raises(PairNotYetValidError) as caught:
        KeyRing([OLD.key_pair(), later]).choose("B08004N", gap)
    assert "oldoldoldoldoldoldol expired at" in str(caught.value)
    assert "newnewnewnewnewnewne is not valid before" in str(caught.value)


def test_a_pair_asked_for_must_be_valid_too() -> None:
    with pytest.raises(PairExpiredError, match=r"oldold.* expired at 2026-02-03 16:00"):
        RING.choose("B08004N", datetime(2026, 3, 1, tzinfo=UTC), OLD.access_key_id)
    with pytest.raises(PairNotYetValidError, match=r"newnew.* is not valid before 2026-01-20"):
        RING.choose("B08004N", ONLY_OLD, NEW.access_key_id)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        RING.choose("B08004N", datetime(2026, 1, 25))


def test_the_longer_session_wins() -> None:
    longer = replace(OTHER, session=SessionId("B08004"))
    ring = KeyRing([*(p.key_pair() for p in (OLD, NEW, longer))])
    assert ring.pairs_for("B08004N") == (longer.key_pair(),)
    assert ring.pairs_for("B08005N") == (OLD.key_pair(), NEW.key_pair())
    assert chosen(ring, BOTH_ACTIVE) == OTHER.access_key_id
    # The pair of the shorter session is used when asked for, but never as a fallback.
    assert chosen(ring, BOTH_ACTIVE, OLD.access_key_id) == OLD.access_key_id
    with pytest.raises(PairExpiredError, match="session B08004 has no valid key pair"):
        ring.choose("B08004N", datetime(2026, 7, 1, tzinfo=UTC))


@given(key_files, st.data())
def test_the_chosen_pair_is_always_right(issued: list[IssuedPair], data: st.DataObject) -> None:
    ring = KeyRing(pair.key_pair() for pair in issued)
    one = data.draw(st.sampled_from(issued))
    sender = one.session + data.draw(st.sampled_from(["", "N", "004N"]))
    around = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=data.draw(st.integers(0, 36000)))
    asked = data.draw(st.none() | st.sampled_from(issued).map(lambda pair: pair.access_key_id))
    serving = [pair for pair in ring if sender.startswith(pair.session)]
    if asked is not None:
        serving = [pair for pair in serving if pair.access_key_id == asked]
    else:
        longest = max(len(pair.session) for pair in serving)
        serving = [pair for pair in serving if len(pair.session) == longest]
    active = [pair for pair in serving if pair.status(around) is Status.ACTIVE]
    try:
        pair = ring.choose(sender, around, asked)
    except KeyChoiceError:
        assert not active
    else:
        assert pair in active
        assert all((p.created, p.expires) <= (pair.created, pair.expires) for p in active)


@pytest.mark.parametrize(
    "kind", [UnknownSessionError, UnknownAccessKeyError, PairExpiredError, PairNotYetValidError]
)
def test_one_clause_catches_every_refusal(kind: type[Exception]) -> None:
    assert issubclass(kind, KeyChoiceError)
    assert issubclass(kind, GatepassError)
