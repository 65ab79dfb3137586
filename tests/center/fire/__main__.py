"""``python -m tests.center.fire --seconds 60``: fire at a new PostgreSQL server.

If an invariant is broken, it is printed and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import time

import psycopg

from tests.center.fire.run import fire, summary
from tests.center.postgres import Server


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _deadlocks(server: Server) -> int:
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'fire'"
    with psycopg.connect(server.url("postgres")) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--users", type=int, default=600)
    options = parser.parse_args()
    server = Server(())
    try:
        server.run("CREATE DATABASE fire")
        begun = time.monotonic()
        outcome = fire(server.url("fire"), options.seconds, options.clients, options.users, say)
        print(f"{time.monotonic() - begun:.0f} s in all: {summary(outcome.told)}")
        for (what, status), number in sorted(outcome.told.statuses.items()):
            print(f"  {what}: {status}: {number}")
        print(f"  deadlocks that PostgreSQL broke: {_deadlocks(server)}")
    finally:
        server.stop()
    for problem in outcome.problems:
        print(f"WRONG: {problem}")
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
