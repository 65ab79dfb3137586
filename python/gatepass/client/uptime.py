"""How long this machine has run: a monotonic clock, the same for all its processes."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path

#: On other systems than Linux the processes share no such clock: each process is its own boot.
_PROCESS = uuid.uuid4().hex
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Uptime:
    """Seconds since a start of the machine, and which start; sleep counts too."""

    boot: str
    seconds: float


def read_uptime() -> Uptime:
    """Read the clock. Never raises."""
    try:
        return Uptime(_BOOT_ID.read_text().strip(), time.clock_gettime(time.CLOCK_BOOTTIME))
    except (AttributeError, OSError):
        return Uptime(_PROCESS, time.monotonic())
