"""Port closure to the second, and the names of gateways. The rest is in tests/scenarios."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.gateway import Kind
from gatepass.session.port import INVALID_LOGONS, WINDOW, Port

START = datetime(2026, 1, 26, 15, 0, tzinfo=UTC)


@given(st.lists(st.integers(0, 40), max_size=30))
def test_the_port_closes_at_the_fifth_within_a_minute_and_stays_closed(gaps: list[int]) -> None:
    port = Port()
    times: list[datetime] = []
    now = START
    closed = False
    for gap in gaps:
        now += timedelta(seconds=gap)
        times.append(now)
        recent = sum(now - time <= WINDOW for time in times)
        closed = closed or recent >= INVALID_LOGONS
        assert port.count_invalid(now) is closed
        assert port.closed is closed


def test_reopening_begins_to_count_anew() -> None:
    port = Port()
    assert [port.count_invalid(START) for _ in range(5)] == [False] * 4 + [True]
    port.reopen()
    assert [port.count_invalid(START) for _ in range(5)] == [False] * 4 + [True]


def test_a_clock_that_was_ahead_closes_no_port_later() -> None:
    """Its record neither counts for ever nor hides that others are over."""
    port = Port()
    port.count_invalid(START + timedelta(hours=1))
    for minutes in range(0, 120, 2):
        assert not port.count_invalid(START + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("text", "sub_id"),
    [
        ("cgw", "G"),
        ("dropcopy", "G"),
        ("dropcopy:64", "64"),
        ("msgw:64", "64"),
        ("msgw:00", "00"),
    ],
)
def test_kinds(text: str, sub_id: str) -> None:
    assert Kind.parse(text).sub_id == sub_id


def test_drop_copy_alone_has_a_window_and_a_jump() -> None:
    for text in ("dropcopy", "dropcopy:64"):
        assert Kind.parse(text).resend_window == timedelta(hours=48)
        assert Kind.parse(text).failover_jump == 4000
        assert not Kind.parse(text).fault_tolerant
    assert Kind.parse("cgw") == Kind("cgw", "G", None, 0)
    assert Kind.parse("msgw:64") == Kind("msgw:64", "64", None, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CGW",
        "msgw",
        "msgw:6",
        "msgw:640",
        "msgw:6x",
        "cgw ",
        "cgw:64",
        "dropcopy:6",
        "dropcopy:",
    ],
)
def test_what_is_no_kind(text: str) -> None:
    with pytest.raises(ValueError, match="a gateway is"):
        Kind.parse(text)
