"""Which programs used the processors and the memory of this machine, from Linux's ``/proc``."""

from __future__ import annotations

import os
import re
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from benches.load.generator import say
from benches.load.lag import idle_p99

#: Seconds of the control before each run.
CONTROL = 3.0
#: A machine is quiet when other programs use fewer cores than this.
QUIET = 0.25


def memory(pid: int) -> int:
    """Return the resident memory of a process, in KiB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def all_cpu_seconds() -> float:
    """Return the processor time of all programs, including the kernel's work, in seconds."""
    user, nice, system = Path("/proc/stat").read_text().split()[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """Seconds until now: of the clock, and of processor time (acceptor, generator, machine)."""

    clock: float
    acceptor: float
    generator: float
    machine: float

    @classmethod
    def until_now(cls, pid: int) -> Spent:
        return cls(time.perf_counter(), cpu_seconds(pid), time.process_time(), all_cpu_seconds())

    def shares(self, since: Spent) -> tuple[float, float, float]:
        """Return how many cores the acceptor, the generator and other programs used since then."""
        seconds = self.clock - since.clock
        acceptor = (self.acceptor - since.acceptor) / seconds
        generator = (self.generator - since.generator) / seconds
        return acceptor, generator, (self.machine - since.machine) / seconds - acceptor - generator


def control(cores: list[int], patience: float) -> float:
    """Wait for a quiet machine, at most ``patience`` seconds; return the lateness of idle loops."""
    until = time.monotonic() + patience
    while True:
        begun, start, own = time.monotonic(), all_cpu_seconds(), _of_children()
        lateness = idle_p99(cores, CONTROL)
        spent = all_cpu_seconds() - start - (_of_children() - own)
        others = spent / (time.monotonic() - begun)
        if others < QUIET or time.monotonic() > until:
            return lateness
        say(f"others have {others:.2f} cores: waiting for a quiet machine")


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
