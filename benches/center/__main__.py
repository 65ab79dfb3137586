"""Measure the Request Center: ``python -m benches.center``. Loopback only, Linux.

Generating on PostgreSQL (with default settings, ``fsync`` on) in two processes, by calling the
function and over HTTP; the status API in two server processes; the list of 5,000 sessions on
SQLite. Progress goes to stderr, the table to stdout; exit code 1 if a bar is missed. ``--write``
puts the table into `benches/README.md`. ``--smoke`` is a small load that only has to work.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from benches.center import requests
from benches.center.clients import Role, run
from benches.center.processes import Watch, functions, servers
from benches.center.report import Figure, all_met, table
from benches.center.store import Furnished, furnish, opened
from benches.load.generator import say
from benches.readme import write_part
from gatepass.bench import machine
from gatepass.center.store.database import Database
from tests.center.postgres import Server

PROCESSES = 2
#: Connections to each server process, and threads of each process without HTTP.
AT_ONCE = 8
_ALL = PROCESSES * AT_ONCE
_WARM = 1.0


@dataclass(frozen=True)
class Plan:
    """Runs and seconds of each measurement, sessions in the list, and sessions with pairs.

    There are more sessions with pairs than clients at once, so that no two wait for the same one.
    """

    runs: int
    seconds: float
    sessions: int
    with_pairs: int = 256


@dataclass(frozen=True)
class Store:
    """A filled store, and what a process needs to open it."""

    url: str
    begun: float
    made: Furnished
    #: PostgreSQL's process; ``None`` with SQLite.
    database: int | None = None

    def over_http(
        self, name: str, count: int, seconds: float, roles: Callable[[list[int]], list[Role]]
    ) -> Figure:
        """Measure ``count`` server processes; ``roles`` makes the clients from their ports."""
        with servers(self.url, self.begun, count) as ports:
            clients = roles(list(ports.values()))
            watch = Watch(list(ports), self.database)
            done = run(clients, _WARM, seconds)
            shares = watch.shares()
        if done.wrong or not done.times:
            raise RuntimeError(f"{name}: {len(done.wrong)} wrong answers: {done.wrong[:3]}")
        return Figure(name, done.rate, done.times, shares)

    def by_function(self, name: str, seconds: float) -> Figure:
        """Measure generating in threads of `PROCESSES` processes, without HTTP."""
        names = list(self.made.pairs)
        threads = [{one: self.made.pairs[one] for one in names[n::_ALL]} for n in range(_ALL)]
        who = {"user": self.made.actor.user_id, "firm": self.made.actor.firm_id}
        given = [{**who, "threads": threads[n::PROCESSES]} for n in range(PROCESSES)]
        assert self.database is not None
        rate, shares = functions(self.url, self.begun, seconds, given, self.database)
        return Figure(name, rate, [], shares)


def _filled(url: str, sessions: int, with_pairs: int, database: int | None = None) -> Store:
    begun = time.time()
    fresh = Database(url)
    fresh.upgrade()
    fresh.close()
    with opened(url, begun) as center:
        return Store(url, begun, furnish(center, sessions, with_pairs), database)


def _on_postgres(plan: Plan, server: Server, number: int) -> Iterator[Figure]:
    def fresh(name: str) -> Store:
        server.run(f"CREATE DATABASE {name}")
        return _filled(server.url(name), plan.with_pairs, plan.with_pairs, server.pid)

    first = fresh(f"http{number}")
    for name, role in (
        ("status of a key pair", requests.status_of_pairs),
        ("status of a session", requests.status_of_sessions),
        ("generate over HTTP", requests.generating),
    ):
        yield first.over_http(
            name,
            PROCESSES,
            plan.seconds,
            lambda ports, role=role: [  # type: ignore[misc]
                role(ports[n % PROCESSES], first.made, slice(n, None, _ALL)) for n in range(_ALL)
            ],
        )
    yield fresh(f"function{number}").by_function("generate, the function", plan.seconds)


def _on_sqlite(plan: Plan) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        store = _filled(
            f"sqlite:///{Path(folder, 'center.sqlite')}", plan.sessions, 2 * plan.with_pairs
        )
        for name, search in (
            ("list of sessions, all pages", ""),
            ("list of sessions, a search", "desk 7"),
        ):
            yield store.over_http(
                name,
                1,
                plan.seconds,
                lambda ports, search=search: [  # type: ignore[misc]
                    requests.list_pages(ports[0], store.made, search)
                ],
            )


def measure(plan: Plan) -> dict[str, list[Figure]]:
    """Measure everything, run after run."""
    results: dict[str, list[Figure]] = {}
    server = Server(())
    try:
        for number in range(1, plan.runs + 1):
            for figure in chain(_on_postgres(plan, server, number), _on_sqlite(plan)):
                say(f"run {number} of {plan.runs}: {figure}")
                results.setdefault(figure.name, []).append(figure)
    finally:
        server.stop()
    return results


def facts(plan: Plan) -> str:
    """Return one line about the measurement and the machine."""
    packages = ("sqlalchemy", "psycopg", "fastapi", "uvicorn", "httptools")
    known = machine() | {name: version(name) for name in packages}
    shown = ", ".join(f"{name} {value}" for name, value in known.items())
    return (
        f"{shown}, PostgreSQL 15 with its default settings. {datetime.now(UTC):%Y-%m-%d},"
        f" {plan.seconds:g} s each, {plan.sessions:,} sessions in the list, median of {plan.runs}"
        " runs (lowest to highest)."
    )


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--sessions", type=int, default=5000)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    asked = Plan(options.runs, options.seconds, options.sessions)
    plan = Plan(1, 0.5, 600, 32) if options.smoke else asked
    results = measure(plan)
    text = f"{facts(plan)}\n\n{table(results)}"
    print(text)
    if options.write:
        write_part("center", text)
    return 0 if options.smoke or all_met(results) else 1


if __name__ == "__main__":
    sys.exit(main())
