"""The processes of a measurement, and which programs used the processors."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benches.load.processor import all_cpu_seconds, cpu_seconds

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Shares:
    """Cores that each used on average, and the load average before."""

    python: float
    database: float
    load: float
    others: float
    load_average: float


class Watch:
    """Counts processor time of some processes and of another's children, from its creation on."""

    def __init__(self, pids: Sequence[int], database: int | None) -> None:
        self._pids, self._database = pids, database
        self._load_average = os.getloadavg()[0]
        self._before = self._now()

    def shares(self) -> Shares:
        spent = [after - before for after, before in zip(self._now(), self._before, strict=True)]
        clock, python, database, load, machine = spent
        others = machine - python - database - load
        return Shares(
            *(part / clock for part in (python, database, load, others)), self._load_average
        )

    def _now(self) -> tuple[float, ...]:
        return (
            time.monotonic(),
            sum(map(cpu_seconds, self._pids)),
            sum(map(_spent, _children(self._database))) if self._database else 0.0,
            time.process_time(),
            all_cpu_seconds(),
        )


def _spent(pid: int) -> float:
    # A server's child may have ended meanwhile.
    with contextlib.suppress(OSError):
        return cpu_seconds(pid)
    return 0.0


def _children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(status.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(status.parent.name))
    return found


@contextmanager
def servers(url: str, begun: float, count: int) -> Iterator[dict[int, int]]:
    """Run server processes; yield the port of each by its process."""
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(_process("server", url, begun)) for _ in range(count)]
        try:
            yield {process.pid: int(_line(process)) for process in made}
        finally:
            for process in made:
                process.terminate()


def functions(
    url: str, begun: float, seconds: float, given: Sequence[dict[str, object]], database: int
) -> tuple[float, Shares]:
    """Generate without HTTP, a process for each of ``given``; return their rate and the shares."""
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(_process("function", url, begun, seconds)) for _ in given]
        for process, work in zip(made, given, strict=True):
            _tell(process, json.dumps(work))
        for process in made:
            _line(process)
        watch = Watch([process.pid for process in made], database)
        for process in made:
            _tell(process, "go")
        time.sleep(seconds - 0.2)
        shares = watch.shares()
        return sum(int(_line(process)) for process in made) / seconds, shares


def _process(module: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"benches.center.{module}", *map(str, words)]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args} ended with {process.wait()}")
    return line
