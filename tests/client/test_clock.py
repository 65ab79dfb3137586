"""What the system knows about its clock, and what the client does about it."""

from __future__ import annotations

import logging
import sys

import pytest

from gatepass.client import clock
from gatepass.client.clock import (
    ClockPolicy,
    ClockReading,
    check_clock,
    judge_timex,
    read_clock,
)
from gatepass.errors import ClockError, LogonFailedError

NANO = 0x2000
UNSYNC = 0x0040


@pytest.mark.parametrize(
    ("offset", "esterror", "status", "error"),
    [
        (0, 0, 0, 0.0),
        (250_000, 0, 0, 0.25),
        (-250_000, 250_000, 0, 0.5),
        (1_500_000_000, 0, NANO, 1.5),
        (-1_500_000_000, 500_000, NANO, 2.0),
    ],
)
def test_the_error_is_in_seconds(offset: int, esterror: int, status: int, error: float) -> None:
    reading = judge_timex(0, offset, esterror, status)
    assert reading.error == pytest.approx(error)
    assert reading.is_off is (error > 1)
    assert f"{error:.3f} s" in reading.words


@pytest.mark.parametrize(("answer", "status"), [(-1, 0), (5, 0), (0, UNSYNC), (5, UNSYNC)])
def test_an_unknown_error_is_reported_and_is_not_off(answer: int, status: int) -> None:
    reading = judge_timex(answer, 9_000_000, 9_000_000, status)
    assert reading.error is None
    assert not reading.is_off
    assert "unknown" in reading.words


def test_this_machine_is_read_without_an_error() -> None:
    reading = read_clock()
    assert reading.error is None or reading.error >= 0
    assert ("unknown" in reading.words) is (reading.error is None)


def test_another_system_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert read_clock().error is None


def test_a_kernel_without_the_call_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> object:
        raise OSError

    monkeypatch.setattr(clock.ctypes, "CDLL", nothing)
    assert read_clock().error is None


OFF = ClockReading(2.5, "the clock is off by about 2.500 s")


def test_a_clock_that_is_off_gives_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert check_clock(ClockPolicy.WARN, lambda: OFF) == OFF
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "2.500 s, more than 1 s" in caplog.text


def test_a_clock_that_is_off_is_refused_if_the_policy_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ClockError, match=r"2\.500 s, more than 1 s: .* nothing was sent") as caught:
        check_clock(ClockPolicy.REFUSE, lambda: OFF)
    assert isinstance(caught.value, LogonFailedError)
    assert caplog.records == []


def test_the_clock_is_not_read_if_the_policy_ignores_it() -> None:
    def never() -> ClockReading:
        raise AssertionError

    assert check_clock(ClockPolicy.IGNORE, never) is None


@pytest.mark.parametrize("policy", [ClockPolicy.WARN, ClockPolicy.REFUSE])
@pytest.mark.parametrize("reading", [ClockReading(None, "unknown"), ClockReading(1.0, "fine")])
def test_an_unknown_or_good_clock_refuses_no_logon(
    policy: ClockPolicy, reading: ClockReading, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert check_clock(policy, lambda: reading) == reading
    assert [r.levelno for r in caplog.records] == ([logging.INFO] if reading.error is None else [])
