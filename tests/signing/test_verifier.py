"""`LogonVerifier` and its surroundings: the clock, the window, the key source."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass import KeyRing, LogonSigner, LogonVerifier
from gatepass.keys import FixedKeys
from gatepass.signing import SendingTimeWindow, format_sending_time
from tests import oracle
from tests.signing.samples import (
    AT,
    KEY,
    KEY_ID,
    KEYS,
    PAIR,
    RAW,
    SECRET,
    SIBLING_ID,
    SIGNED,
    STRANGER_SECRET,
    body_of,
    changed,
    message,
    pair,
    without,
)


def sign(raw: bytes, secret: str = SECRET, key_id: str = KEY_ID) -> bytes:
    return oracle.sign(secret, key_id, raw)


def sent_at(moment: datetime) -> bytes:
    return sign(changed(RAW, t52=format_sending_time(moment)))


# --- the time ---------------------------------------------------------------------------------


def judged(at: datetime, window: SendingTimeWindow | None = None) -> bool:
    verdict = LogonVerifier(KeyRing([pair(created=None, expires=None)]), window=window)
    return verdict.verify(SIGNED, at=at).valid


@pytest.mark.parametrize(
    ("seconds", "accepted"),
    [(0, True), (4.999, True), (5, True), (5.000001, False), (60, False), (86_400 * 3, False)],
)
@pytest.mark.parametrize("direction", [1, -1])
def test_the_window_is_five_seconds_either_way(
    seconds: float, direction: int, accepted: bool
) -> None:
    assert judged(AT + direction * timedelta(seconds=seconds)) is accepted


@given(st.timedeltas(timedelta(0), timedelta(days=9)), st.timedeltas(timedelta(0), timedelta(9)))
def test_each_side_of_the_window_is_a_setting_of_its_own(
    max_age: timedelta, max_ahead: timedelta
) -> None:
    window, tick = SendingTimeWindow(max_age, max_ahead), timedelta(microseconds=1)
    assert judged(AT + max_age, window)
    assert judged(AT - max_ahead, window)
    assert not judged(AT + max_age + tick, window)
    assert not judged(AT - max_ahead - tick, window)


def test_the_time_of_any_zone_is_the_same_time() -> None:
    assert judged(AT.astimezone(timezone(timedelta(hours=-5))))
    assert not judged(AT.replace(tzinfo=timezone(timedelta(hours=-5))))


@pytest.mark.parametrize("logon", [SIGNED, b"", RAW, sign(changed(RAW, t49="QQQ123N"))])
def test_a_time_needs_a_zone(logon: bytes) -> None:
    with pytest.raises(ValueError, match="time zone"):
        LogonVerifier(KEYS).verify(logon, at=datetime(2017, 6, 23))


def test_now_is_the_time_unless_told_otherwise() -> None:
    keys = KeyRing([pair(created=None, expires=date(2100, 1, 1))])
    assert LogonVerifier(keys).verify(sent_at(datetime.now(timezone.utc))).valid
    old = LogonVerifier(keys).verify(SIGNED)
    assert [check.name for check in old.failed] == ["sending time"]


# --- the keys ---------------------------------------------------------------------------------


def test_the_key_source_is_asked_anew_for_each_logon() -> None:
    source = SimpleNamespace(ring=KeyRing([]))
    verify: Callable[..., Any] = LogonVerifier(source).verify
    assert not verify(SIGNED, at=AT).valid
    source.ring = KEYS
    assert verify(SIGNED, at=AT).valid
    assert LogonVerifier(FixedKeys(KEYS)).verify(SIGNED, at=AT).valid


def test_a_pair_without_dates_has_no_end() -> None:
    verdict = LogonVerifier(KeyRing([pair(created=None, expires=None)])).verify(SIGNED, at=AT)
    assert verdict.valid
    assert "expires at no known date" in verdict.checks[6].detail


def test_a_session_of_six_characters_goes_before_one_of_three() -> None:
    # Drop Copy: B08004N uses the pair of B08004 unless told otherwise, and may name that of B08.
    longer = pair("B08004", SIBLING_ID, STRANGER_SECRET)
    ring = KeyRing([PAIR, longer])
    assert LogonSigner(ring).sign(RAW, at=AT) == sign(RAW, STRANGER_SECRET, SIBLING_ID)
    for named in (longer, PAIR):
        signed = LogonSigner(ring, access_key_id=named.access_key_id).sign(RAW, at=AT)
        verdict = LogonVerifier(ring).verify(signed, at=AT)
        assert (verdict.valid, verdict.access_key_id) == (True, named.access_key_id)


def test_fields_that_are_not_signed_do_not_matter() -> None:
    body = body_of(SIGNED)
    for more in ([("58", "hello")], [("141", "Y")], [("58", ""), ("58", "\xff")]):
        assert LogonVerifier(KEYS).verify(message([*body, *more]), at=AT).valid
    assert KEY.verify_logon(without(SIGNED, "56"))
