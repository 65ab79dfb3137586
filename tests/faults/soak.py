"""Client and gateway, killed at random instants under random fault plans, many times.

    python -m tests.faults.soak --runs 200 --seed 1

Each run has its own seed, printed if it fails: ``--runs 1 --seed N`` repeats that run.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from gatepass.keys import KeyRing, generate_pair
from tests.faults import fast
from tests.faults.parties import Stage, client, gateway
from tests.faults.plans import random_plan
from tests.faults.records import Side, faults_of, lines, undelivered

#: A Wednesday: no week ends in a run.
BEGIN = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
#: Real seconds for messages in flight to arrive after the faults end.
PATIENCE = 40.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def _start(main: Callable[[], None]) -> int:
    """Fork a process: it begins at once, without the imports."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        main()
    except BaseException:  # noqa: BLE001 - nothing of the parent may run here
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(70)


def _kill(pid: int) -> bool:
    """Kill a process; false if it had ended by itself, which must not happen."""
    ended, _ = os.waitpid(pid, os.WNOHANG)
    if ended:
        return False
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return True


class Run:
    """One run: start, kill and restart, stop, judge."""

    def __init__(self, seed: int, folder: Path, ring: KeyRing) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._plan = folder / "plan.toml"
        self._plan.write_text(random_plan(self._chance))
        clock = fast.FastClock(time.time(), BEGIN)
        self._stage = Stage(folder, _free_port(), ring, clock)
        self._crashed: list[str] = []
        self.kills = 0

    def judge(self) -> list[str]:
        """Do all steps; return what was wrong."""
        pids = {"gateway": self._gateway(self._plan), "client": self._client()}
        for _ in range(self._chance.randint(1, 6)):
            time.sleep(self._chance.uniform(0.01, 0.5))
            victim = self._chance.choice(["gateway", "client"])
            self._end(victim, pids)
            time.sleep(self._chance.choice([0.0, 0.05]))
            pids[victim] = self._gateway(self._plan) if victim == "gateway" else self._client()
        time.sleep(self._chance.uniform(0.0, 0.3))
        self._end("gateway", pids)
        (self._stage.folder / "wind-up").touch()
        pids["gateway"] = self._gateway(None)
        self._wait()
        for name in list(pids):
            self._end(name, pids)
        return self._crashed + self._wrong()

    def sides(self) -> tuple[Side, Side]:
        names = ("client", "gateway")
        here, there = (Side.read(self._stage.record(name)) for name in names)
        return here, there

    def _gateway(self, plan: Path | None) -> int:
        return _start(lambda: fast.run(gateway(self._stage, plan)))

    def _client(self) -> int:
        return _start(lambda: fast.run(client(self._stage)))

    def _end(self, name: str, pids: dict[str, int]) -> None:
        self.kills += 1
        if not _kill(pids.pop(name)):
            self._crashed.append(f"the {name} ended by itself")

    def _wait(self) -> None:
        """Wait until all accepted messages have arrived and nothing more is sent."""
        until = time.monotonic() + PATIENCE
        settled = -1
        while time.monotonic() < until:
            here, there = self.sides()
            count = len(here.sent) + len(there.sent)
            waiting = undelivered(here, there) or undelivered(there, here)
            if here.sent and there.sent and not waiting and count == settled:
                return
            settled = count
            time.sleep(0.2)

    def _wrong(self) -> list[str]:
        here, there = self.sides()
        wrong = faults_of(here, there, "client to gateway")
        wrong += faults_of(there, here, "gateway to client")
        if not here.sent or not there.sent:
            wrong.append("nothing was sent: the client never logged on")
        said = [line for line in lines(self._stage.record("gateway")) if "fifth invalid" in line]
        return wrong + [f"port closure: {line}" for line in said]


def soak(runs: int, seed: int, *, progress: bool = True, keep: Path | None = None) -> int:
    """Do the runs; return how many failed."""
    begun = time.monotonic()
    issued = generate_pair("ABC", created=date(2026, 1, 5), expires=date(2027, 1, 5))
    ring = KeyRing([issued.key_pair()])
    failed = kills = messages = doubtful = 0
    for number in range(seed, seed + runs):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) if keep is None else keep / str(number)
            folder.mkdir(exist_ok=True, parents=True)
            run = Run(number, folder, ring)
            wrong = run.judge()
            got = [entry for side in run.sides() for entry in side.got]
        failed += bool(wrong)
        kills += run.kills
        messages += len(got)
        doubtful += sum(mark for _, _, mark in got)
        for problem in wrong:
            print(f"seed {number}: {problem}", flush=True)
        done = number - seed + 1
        if progress and (done % 10 == 0 or done == runs):
            spent = time.monotonic() - begun
            print(
                f"{done}/{runs} runs, {kills} kills, {messages} messages, {doubtful} marked"
                f" possibly delivered, {failed} failed, {spent:.0f} s",
                flush=True,
            )
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep every run's files in this folder")
    options = parser.parse_args()
    failed = soak(options.runs, options.seed, keep=options.keep)
    print(f"{options.runs - failed} passed, {failed} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
