"""How far this machine's clock is off, as far as the system knows.

A Logon whose SendingTime (52) is more than five seconds old is refused as if its signature were
wrong, so a clock that is off is worth finding before a Logon is sent.
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

#: Seconds of error that are worth a word.
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
    """The estimated error in seconds, ``None`` if unknown, and in words what is known."""

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
    """Ask the Linux kernel what the NTP service told it; elsewhere the error is unknown.

    Reads only, needs no privilege, never raises.
    """
    if not sys.platform.startswith("linux"):
        return ClockReading(None, "the clock's error is unknown: this system does not tell it")
    state = _Timex()
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(state))
    except (OSError, AttributeError):
        answer = -1
    return judge_timex(answer, state.offset, state.esterror, state.status)


def judge_timex(answer: int, offset: int, esterror: int, status: int) -> ClockReading:
    """Read what ``adjtimex`` answered; `offset` is in ns or µs by `status`, `esterror` in µs."""
    if answer < 0:
        return ClockReading(None, "the clock's error is unknown: the kernel does not tell it")
    if answer == _TIME_ERROR or status & _STA_UNSYNC:
        return ClockReading(None, "the clock's error is unknown: no NTP service keeps it")
    error = abs(offset) * (1e-9 if status & _STA_NANO else 1e-6) + esterror * 1e-6
    return ClockReading(error, f"the clock is off by about {error:.3f} s")


def check_clock(
    policy: ClockPolicy, read: Callable[[], ClockReading] = read_clock
) -> ClockReading | None:
    """Compare the clock's error with `MOST_ERROR`; return what was read, if anything was.

    Raises `ClockError` where it is too large and the policy says so; otherwise the log
    ``gatepass.client`` has it as a warning. That the error is unknown is logged as information.
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
    words = f"{reading.words}, more than {MOST_ERROR:g} s: start or mend its NTP service"
    if policy is ClockPolicy.REFUSE:
        raise ClockError(f"{words}; nothing was sent")
    logger.warning("%s", words)
    return reading
