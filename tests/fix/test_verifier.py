"""`LogonVerifier` and its surroundings: the clock, the window, the key source."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass import KeyRing, LogonSigner, LogonVerifier
from gatepass.fix import SendingTimeWindow, format_sending_time
from gatepass.fix.time_zones import OFFSETS, zone_hint
from gatepass.keys import FixedKeys
from tests import oracle
from tests.fix.samples import (
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
def test_each_side_of_the_window_has_its_own_setting(
    max_age: timedelta, max_ahead: timedelta
) -> None:
    window, tick = SendingTimeWindow(max_age, max_ahead), timedelta(microseconds=1)
    assert judged(AT + max_age, window)
    assert judged(AT - max_ahead, window)
    assert not judged(AT + max_age + tick, window)
    assert not judged(AT - max_ahead - tick, window)


@pytest.mark.parametrize("late", [-30, 0, 4, 59])
@pytest.mark.parametrize("offset", sorted(OFFSETS))
def test_a_time_that_is_off_by_a_time_zone_gets_a_hint(offset: int, late: int) -> None:
    sent = AT + timedelta(minutes=offset)
    verdict = LogonVerifier(KeyRing([pair(created=None, expires=None)])).verify(
        sent_at(sent), at=AT + timedelta(seconds=late)
    )
    found = {check.name: check.detail for check in verdict.failed}["sending time"]
    side = "ahead of UTC" if offset > 0 else "behind UTC"
    assert f"{abs(offset) // 60}:{abs(offset) % 60:02d} h {side}? it must be UTC" in found


@given(st.timedeltas(timedelta(days=-3), timedelta(days=3)))
def test_a_time_that_matches_no_time_zone_gets_no_hint(age: timedelta) -> None:
    near = any(abs(age + timedelta(minutes=o)) <= timedelta(minutes=1) for o in OFFSETS)
    assert (zone_hint(age) is not None) is near


def test_every_offset_in_use_is_known() -> None:
    for name in zoneinfo.available_timezones():
        for day in (datetime(2026, 1, 5), datetime(2026, 7, 5)):
            offset = day.replace(tzinfo=zoneinfo.ZoneInfo(name)).utcoffset()
            assert offset is not None
            assert not offset or offset // timedelta(minutes=1) in OFFSETS, name


def test_the_time_of_any_zone_is_the_same_time() -> None:
    assert judged(AT.astimezone(timezone(timedelta(hours=-5))))
    assert not judged(AT.replace(tzinfo=timezone(timedelta(hours=-5))))


@pytest.mark.parametrize("logon", [SIGNED, b"", RAW, sign(changed(RAW, t49="QQQ123N"))])
def test_a_time_needs_a_zone(logon: bytes) -> None:
    with pytest.raises(ValueError, match="time zone"):
        LogonVerifier(KEYS).verify(logon, at=datetime(2017, 6, 23))


def test_the_default_time_is_now() -> None:
    keys = KeyRing([pair(created=None, expires=date(2100, 1, 1))])
    assert LogonVerifier(keys).verify(sent_at(datetime.now(UTC))).valid
    old = LogonVerifier(keys).verify(SIGNED)
    assert [check.name for check in old.failed] == ["sending time"]


# --- the keys ---------------------------------------------------------------------------------


def test_the_key_source_is_read_for_each_logon() -> None:
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


def test_a_session_id_of_six_characters_has_priority_over_one_of_three() -> None:
    # Drop Copy: B08004N uses the pair of B08004 by default, and may name that of B08.
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
