"""Measure how long health checks wait under attack: ``python -m benches.center.attack``.

A server is begun as ``gatepass center serve`` begins it, with the 1,024 open files that most
systems give; one client attacks it in each of the ways of `attackers`, on the loopback interface
and for some seconds. Exit code 1 when a bound is broken: the bounds are below, and the one that
counts is for the slowest answer of all. ``--smoke`` only has to work: there each answer has a
second.

An attacker has a machine of its own as a rule. Here it runs on the server's, so the system prefers
all others to it (niceness 19). And what else this machine does slows answers down: `control`, a
server that does nothing, is asked at the same time, and what other processes had of the processors
is measured. Read both before you believe a broken bound.
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

#: Milliseconds within which all health checks are answered, and where they only have to be.
ALWAYS, SMOKE = 50.0, 1000.0
#: MiB that a server may take more than before, at most, and KiB that it may say.
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
        """Name the bounds that were broken; ``slowest`` is that of an answer, in milliseconds."""
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
    """Run a server; gives its process, its port and the file with what it says."""
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
    """MiB of memory that a process had at most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _probes(port: int, control: int, seconds: float) -> tuple[Waits, Waits]:
    """Ask the server and the control at the same time."""
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(probe, control, seconds)
        return probe(port, seconds), beside.result()


def attacked(name: str, seconds: float, command: list[str] | None) -> Outcome:
    """Begin a server, attack it, and say how it went."""
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
    """Attack, print, judge."""
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
