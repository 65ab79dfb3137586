"""Messages a second through one session: ``python -m benches.load.messages``. Loopback only, Linux.

gatepass's client and QuickFIX's initiator, each with its numbers and messages in memory and in
files, send to the same cheap peer and receive from it. Progress goes to stderr, the table to
stdout. ``--write`` puts the table into `benches/README.md`; ``--smoke`` is small and only has to
work.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benches.load.generator import say
from benches.readme import write_part
from gatepass.bench import machine

ROOT = Path(__file__).parents[3]
SMOKE = 200


@dataclass(frozen=True)
class Client:
    """A client under measurement: its name for people, its package, and its store's file."""

    name: str
    package: str
    module: str
    store: str = ""


CLIENTS = (
    Client("gatepass, in memory", "gatepass", "gatepass_client"),
    Client("QuickFIX, in memory", "quickfix", "quickfix_client"),
    Client("gatepass, SqliteStore", "gatepass", "gatepass_client", "week.sqlite"),
    Client("QuickFIX, FileStore", "quickfix", "quickfix_client", "store"),
)


def run(client: Client, count: int) -> tuple[float, float]:
    """Have a client send and receive `count` messages; gives how many a second."""
    cores = sorted(os.sched_getaffinity(0))
    here = [sys.executable, "-m"]
    os.sched_setaffinity(0, {cores[-1]})
    peer = subprocess.Popen(
        [*here, "benches.load.messages.peer", str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    os.sched_setaffinity(0, {cores[0]})
    with peer, tempfile.TemporaryDirectory() as folder:
        assert peer.stdin is not None
        assert peer.stdout is not None
        port = peer.stdout.readline().decode().strip()
        kept = [str(Path(folder, client.store))] if client.store else []
        command = [*here, f"benches.load.messages.{client.module}", port, str(count), *kept]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
        peer.stdin.close()
    os.sched_setaffinity(0, cores)
    sent, received = json.loads(done.stdout.splitlines()[-1])
    say(f"{client.name}: {sent:,.0f} sent, {received:,.0f} received a second")
    return sent, received


def table(results: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """The table in Markdown."""
    lines = [f"| | {' | '.join(results)} |", "|---" * (1 + len(results)) + "|"]
    for index, name in enumerate(("messages sent a second", "messages received a second")):
        cells = [_cell([figures[index] for figures in runs]) for runs in results.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="messages each way")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    count, runs = (SMOKE, 1) if options.smoke else (options.count, options.runs)
    clients = [c for c in CLIENTS if importlib.util.find_spec(c.package) is not None]
    for client in set(CLIENTS) - set(clients):
        say(f"{client.name} is left out: pip install {client.package}")
    results: dict[str, list[tuple[float, float]]] = {client.name: [] for client in clients}
    for _ in range(runs):
        for client in clients:
            results[client.name].append(run(client, count))
    packages = sorted({client.package for client in clients} - {"gatepass"})
    known = machine() | {name: importlib.metadata.version(name) for name in packages}
    facts = ", ".join(f"{name} {value}" for name, value in known.items())
    text = (
        f"{facts}. {datetime.now(UTC):%Y-%m-%d}, {count:,} messages each way, median of {runs}"
        f" runs (lowest to highest).\n\n{table(results)}"
    )
    print(text)
    if options.write:
        write_part("messages", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
