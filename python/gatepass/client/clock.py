"""The error of this machine's clock, as far as the system knows it.

A Logon whose SendingTime (52) is more than five seconds old is refused as if its signature were
wrong, so a wrong clock should be found before a Logon is sent.
"""

from __future__ import annotations

import ctypes
import enum
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass

from gatepass.arguments import refuse
from gatepass.errors import ClockError

#: Most seconds of error without a warning.
MOST_ERROR = 1.0

logger = logging.getLogger("gatepass.client")

_STA_UNSYNC = 0x0040
_STA_NANO = 0x2000
_TIME_ERROR = 5


class ClockPolicy(enum.Enum):
    """What to do about a clock that is off by more than `MOST_ERROR`."""

    WARN = "warn"
    REFUSE = "refuse"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The estimated error in seconds, ``None`` if unknown, and a sentence about it."""

    error: float | None
    words: str

    @property
    def is_off(self) -> bool:
        """Whether the clock is known to be off by more than `MOST_ERROR`."""
        return self.error is not None and self.error > MOST_ERROR


class _Timex(ctypes.Structure):
    """The kernel's ``struct timex`` (see ``man 2 adjtimex``)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


def read_clock() -> ClockReading:
    """Read the Linux kernel's NTP state; on other systems the error is unknown.

    Reads only, needs no privilege, never raises.
    """
    if not sys.platform.startswith("linux"):
        return ClockReading(None, "the clock's error is unknown: this system does not report it")
    state = _Timex()
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(state))
    except (OSError, AttributeError):
        answer = -1
    return judge_timex(answer, state.offset, state.esterror, state.status)


def judge_timex(answer: int, offset: int, esterror: int, status: int) -> ClockReading:
    """Interpret ``adjtimex``; `offset` is in ns or µs depending on `status`, `esterror` in µs."""
    if answer < 0:
        return ClockReading(None, "the clock's error is unknown: the kernel does not report it")
    if answer == _TIME_ERROR or status & _STA_UNSYNC:
        return ClockReading(None, "the clock's error is unknown: no NTP service synchronises it")
    error = abs(offset) * (1e-9 if status & _STA_NANO else 1e-6) + esterror * 1e-6
    return ClockReading(error, f"the clock is off by about {error:.3f} s")


def check_clock(
    policy: ClockPolicy, read: Callable[[], ClockReading] = read_clock
) -> ClockReading | None:
    """Compare the clock's error with `MOST_ERROR`; return the reading, if there was one.

    If the error is too large, raises `ClockError` when the policy says so; otherwise logs a
    warning to ``gatepass.client``. An unknown error is logged at level INFO.
    """
    if not isinstance(policy, ClockPolicy):
        raise refuse("policy", policy, "a ClockPolicy, such as ClockPolicy.WARN")
    if not callable(read):
        raise refuse("read", read, "a function")
    if policy is ClockPolicy.IGNORE:
        return None
    reading = read()
    if not reading.is_off:
        if reading.error is None:
            logger.info("%s", reading.words)
        return reading
    words = f"{reading.words}, more than {MOST_ERROR:g} s: start or fix its NTP service"
    if policy is ClockPolicy.REFUSE:
        raise ClockError(f"{words}; nothing was sent")
    logger.warning("%s", words)
    return reading
