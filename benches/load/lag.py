"""How late an idle event loop is on this machine: ``python -m benches.load.lag CORE SECONDS``.

The control of the latencies: other work of this machine at that time shows here as well.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from benches.load.generator import p99

ROOT = Path(__file__).parents[2]
#: Seconds between two readings of the clock.
STEP = 0.001


async def lateness(seconds: float) -> list[float]:
    """Sleep repeatedly; return by how many milliseconds each sleep was too long."""
    late = []
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        await asyncio.sleep(STEP)
        late.append(1e3 * (time.perf_counter() - begun - STEP))
    return late


def idle_p99(cores: list[int], seconds: float) -> float:
    """Measure these cores at once; return the worst one's 99th percentile, in milliseconds."""
    command = [sys.executable, "-m", "benches.load.lag"]
    programs = [
        subprocess.Popen([*command, str(core), str(seconds)], cwd=ROOT, stdout=subprocess.PIPE)
        for core in cores
    ]
    return max(float(program.communicate()[0]) for program in programs)


def main() -> None:
    core, seconds = int(sys.argv[1]), float(sys.argv[2])
    os.sched_setaffinity(0, {core})
    print(p99(asyncio.run(lateness(seconds))))


if __name__ == "__main__":
    main()
