"""How long this machine has run: a clock that nobody sets, the same for all its processes."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path

#: Elsewhere than on Linux no clock is known to be shared by processes: each is a boot of its own.
_PROCESS = uuid.uuid4().hex
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Uptime:
    """Seconds since a start of the machine, and which start; they go on while it sleeps."""

    boot: str
    seconds: float


def read_uptime() -> Uptime:
    """Read the clock. Never raises."""
    try:
        return Uptime(_BOOT_ID.read_text().strip(), time.clock_gettime(time.CLOCK_BOOTTIME))
    except (AttributeError, OSError):
        return Uptime(_PROCESS, time.monotonic())
