"""Load the gateway, and QuickFIX for comparison: ``python -m benches.load``. Loopback only, Linux.

A full logon is TCP connect, signed Logon, verification, reply, Test Request and its Heartbeat. In
each run most sessions log on at full speed, the last ones at a rate while the others stay logged
on; the last run of each engine then holds them all. Progress goes to stderr, the table to stdout;
exit code 1 if gatepass misses a bar. ``--write`` puts the table into `benches/README.md`.
``--smoke`` is a small load that only has to work.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import itertools
import resource
import string
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benches.load.engines import DEFAULT, ENGINES, Engine
from benches.load.generator import say
from benches.load.report import all_met, table
from benches.load.run import WARM, Figures, Plan, run
from benches.readme import write_part
from gatepass.bench import machine
from gatepass.keys import IssuedPair, KeyPair, generate_pair, write_key_file
from gatepass.keys.watch import SETTLE_SECONDS

SMOKE = Plan(sessions=WARM + 150, rate=100, timed=100, seconds=1, patience=0)


def issue(count: int) -> list[IssuedPair]:
    """Make a pair for each of `count` sessions."""
    names = map("".join, itertools.product(string.ascii_uppercase + string.digits, repeat=3))
    today = datetime.now(UTC).date()
    life = (today - timedelta(days=2), today + timedelta(days=300))
    return [generate_pair(name, *life) for name in itertools.islice(names, count)]


def measure(
    engines: Sequence[Engine], plan: Plan, runs: int, keys: Path, pairs: Sequence[KeyPair]
) -> dict[str, list[Figures]]:
    """Run the engines alternately; each engine's last run has the hold."""
    results: dict[str, list[Figures]] = {engine.name: [] for engine in engines}
    for number in range(1, runs + 1):
        this = plan if number == runs else replace(plan, seconds=0)
        for engine in engines:
            say(f"run {number} of {runs}: {engine.name}")
            results[engine.name].append(run(engine, keys, pairs, this))
    return results


def facts(engines: Sequence[Engine], plan: Plan, runs: int) -> str:
    """Return one line about the measurement and the machine."""
    packages = sorted({"gatepass", *(engine.package for engine in engines)} - {"gatepass"})
    known = machine() | {name: importlib.metadata.version(name) for name in packages}
    shown = ", ".join(f"{name} {value}" for name, value in known.items())
    return (
        f"{shown}. {datetime.now(UTC):%Y-%m-%d}, {plan.sessions:,} sessions,"
        f" the last {plan.timed:,} at {plan.rate:g} per second, median of {runs} runs (lowest to"
        f" highest); the last run held for {plan.seconds:g} s."
    )


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=500, help="logons per second, for 6 seconds")
    parser.add_argument("--hold", type=float, default=120, help="seconds")
    parser.add_argument(
        "--patience", type=float, default=60, help="seconds per run to wait for a quiet machine"
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--engine", action="append", choices=ENGINES, help=f"default: {', '.join(DEFAULT)}"
    )
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    # Both sides have a descriptor for each session; the acceptor inherits the limit.
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    timed = int(6 * options.rate)
    asked = Plan(options.sessions, options.rate, timed, options.hold, options.patience)
    plan = SMOKE if options.smoke else asked
    runs = 1 if options.smoke else options.runs
    if plan.timed + 2 * WARM > plan.sessions:
        parser.error(f"at this rate there must be at least {plan.timed + 2 * WARM} sessions")
    engines = [ENGINES[name] for name in options.engine or DEFAULT]
    missing = [e for e in engines if importlib.util.find_spec(e.package) is None]
    for engine in missing:
        say(f"{engine.name} is left out: pip install {engine.package}")
    engines = [engine for engine in engines if engine not in missing]
    issued = issue(plan.sessions)
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder, "keys.txt")
        write_key_file(keys, issued)
        # A key file that was just written is read again at each Logon.
        time.sleep(SETTLE_SECONDS)
        results = measure(engines, plan, runs, keys, [pair.key_pair() for pair in issued])
    text = f"{facts(engines, plan, runs)}\n\n{table(results, plan)}"
    print(text)
    if options.write:
        write_part("load", text)
    if options.smoke:
        return (
            0 if all(f.held.answered == plan.sessions for r in results.values() for f in r) else 1
        )
    return 0 if all_met(results[ENGINES["gatepass"].name], plan) else 1


if __name__ == "__main__":
    sys.exit(main())
