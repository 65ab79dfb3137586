"""Measure how long health checks wait under attack: ``python -m benches.center.attack``.

A server is started as by ``gatepass center serve``, with the 1,024 open files that most systems
allow; one client attacks it in each of the ways in `attackers`, on the loopback interface and for
some seconds. Exit code 1 when a limit is exceeded: the limits are below, and the one that counts is
for the slowest answer of all. ``--smoke`` only has to work: each answer may take a second.

Usually an attacker has its own machine. Here it runs on the server's, so it has the lowest priority
(niceness 19). Other work of this machine also slows answers down. Therefore `control`, a server
that does nothing, is asked at the same time, and the processor time of other processes is measured.
Check both before you believe an exceeded limit.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benches.center.attack.attackers import KINDS
from benches.center.attack.others import Others
from benches.center.attack.probe import Waits, probe

#: Milliseconds within which all health checks must be answered, without and with ``--smoke``.
ALWAYS, SMOKE = 50.0, 1000.0
#: MiB by which a server may grow, and KiB that it may log.
MEMORY, WORDS = 200.0, 16.0
OPEN_FILES = 1_024


@dataclass(frozen=True)
class Outcome:
    """What one attack did."""

    name: str
    waits: Waits
    control: Waits
    others: float
    grown: float
    said: float
    done: str

    def problems(self, slowest: float) -> list[str]:
        """Name the exceeded limits; ``slowest`` is that for an answer, in milliseconds."""
        checks = (
            (len(self.waits.wrong) > 0, f"wrong answers: {self.waits.wrong[:3]}"),
            (self.waits.within(1) > slowest, f"the slowest took {self.waits.within(1):.0f} ms"),
            (self.grown > MEMORY, f"{self.grown:.0f} MiB more memory"),
            (self.said > WORDS, f"{self.said:.0f} KiB of messages"),
        )
        return [words for broken, words in checks if broken]

    def __str__(self) -> str:
        return (
            f"| {self.name} | {len(self.waits.times)} | {self.waits.within(0.5):.1f} |"
            f" {self.waits.within(0.99):.1f} | {self.waits.within(1):.1f} |"
            f" {self.control.within(1):.1f} | {self.others:.0%} |"
            f" {len(self.waits.wrong)} | {self.grown:.0f} | {self.said:.0f} | {self.done} |"
        )


HEAD = (
    "| attack | health checks | median, ms | 99 %, ms | slowest, ms | the control's slowest |"
    " others had | not 200 | MiB grown | KiB said | what was done |\n|" + "---|" * 11
)


@contextmanager
def _served(folder: str, command: list[str]) -> Iterator[tuple[int, int, Path]]:
    """Run a server; yield its process, its port and the file with its messages."""
    said = Path(folder, "said.txt")
    files = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))  # noqa: E731
    with (
        said.open("wb") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, preexec_fn=files, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline().strip().rpartition(":")[2])
            yield process.pid, port, said
        finally:
            process.kill()


_CONTROL = "benches.center.attack.control"


def _peak(pid: int) -> float:
    """Return the peak memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _probes(port: int, control: int, seconds: float) -> tuple[Waits, Waits]:
    """Ask the server and the control at the same time."""
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(probe, control, seconds)
        return probe(port, seconds), beside.result()


def attacked(name: str, seconds: float, command: list[str] | None) -> Outcome:
    """Start a server, attack it, and return what happened."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        script = str(Path(sys.executable).with_name("gatepass"))
        ours = [script, "center", "serve", "--port", "0"]
        with (
            _served(folder, command or [*ours, "--state", f"{folder}/state"]) as (pid, port, said),
            _served(other, [sys.executable, "-m", _CONTROL]) as (idle_pid, control, _),
        ):
            probe(port, 1.0)
            before, words = _peak(pid), said.stat().st_size
            done = "nothing"
            if name == "none":
                others = Others([pid, idle_pid])
                waits, idle = _probes(port, control, seconds)
                taken = others.share()
            else:
                module = "benches.center.attack.attackers"
                with subprocess.Popen(
                    [sys.executable, "-m", module, name, str(port), str(seconds)],
                    stdout=subprocess.PIPE,
                    text=True,
                ) as attacker:
                    others = Others([pid, idle_pid, attacker.pid])
                    waits, idle = _probes(port, control, seconds + 0.5)
                    taken = others.share()
                    done = attacker.communicate(timeout=60)[0].strip()
            grown, more = _peak(pid) - before, said.stat().st_size - words
    return Outcome(name, waits, idle, taken, grown, more / 1024, done)


def main() -> int:
    """Attack, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument(
        "--smoke", action="store_true", help="three seconds each; it only has to work"
    )
    parser.add_argument("--runs", type=int, default=1, help="of each attack")
    parser.add_argument("--attack", choices=["none", *KINDS], action="append")
    parser.add_argument("command", nargs="*", help="another server; its first line ends in :PORT")
    options = parser.parse_args()
    seconds, slowest = (3.0, SMOKE) if options.smoke else (options.seconds, ALWAYS)
    print(HEAD)
    good = True
    for name in options.attack or ["none", *KINDS]:
        for _ in range(options.runs):
            outcome = attacked(name, seconds, options.command or None)
            print(outcome, flush=True)
            problems = outcome.problems(slowest)
            if problems:
                print(f"{name}: {'; '.join(problems)}", file=sys.stderr, flush=True)
                good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
