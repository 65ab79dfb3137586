"""Measure how long a gateway's check of the store takes: ``python -m benches.center.following``.

Milliseconds of `CenterKeys.ring` for stores of several sizes, each session with one pair: without
a change, after a user logged on, and after one pair was generated. There is no bar. ``--smoke`` is
a small store that only has to work.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import insert, select

from benches.center.store import Furnished, furnish, opened
from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.pairs import pairs
from gatepass.center.pairs import rows as pair_rows
from gatepass.center.pairs.key_source import CenterKeys
from gatepass.center.store.database import Database
from gatepass.center.store.schema import pair, session
from gatepass.keys import generate_pair
from gatepass.keys.validity import exchange_zone
from tests.center.postgres import Server

ROUNDS = 21
SIZES = (100, 4_000, 20_000)


def _add_pairs(center: Center, actor_id: int) -> None:
    """Add a pair to each session, all in one transaction: one by one would take minutes."""
    at = center.clock()
    created = at.astimezone(exchange_zone()).date()
    expires = created.replace(year=created.year + 1)
    with center.database.read() as connection:
        sessions = connection.execute(select(session.c.id, session.c.name, session.c.firm_id)).all()
    rows = []
    for one in sessions:
        made = generate_pair(one.name, created, expires)
        key = made.access_key_id
        subject = pair_rows.seal_subject(key, one.id, one.name, one.firm_id)
        seal = center.vault.seal(made.secret.reveal(), subject)
        rows.append(
            {
                "session_id": one.id,
                "access_key_id": key,
                "slot": 1,
                "state": "active",
                "created_at": at,
                "expires_at": at.replace(year=at.year + 1),
                "created_by": actor_id,
                "sealed": seal.blob,
                "envelope": seal.envelope,
            }
        )
    center.database.write(lambda connection: connection.execute(insert(pair), rows))


@contextmanager
def _filled(url: str, sessions: int) -> Iterator[tuple[Center, Furnished]]:
    fresh = Database(url)
    fresh.upgrade()
    fresh.close()
    with opened(url, time.time()) as center:
        made = furnish(center, sessions, 0)
        _add_pairs(center, made.actor.user_id)
        yield center, made


def _milliseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _measure(url: str, sessions: int, rounds: int) -> list[str]:
    """Return the cells of a row: the first read, and the median check after each event."""
    with _filled(url, sessions) as (center, made):
        begun = time.perf_counter()
        keys = CenterKeys(center.database, center.vault)
        first = (time.perf_counter() - begun) * 1000
        names = iter(made.sessions)
        events: list[Callable[[], object]] = [
            lambda: None,
            lambda: center.database.write(
                lambda connection: audit.append(
                    connection, center, made.actor, audit.Action.LOG_ON, user="kim"
                )
            ),
            lambda: pairs.generate(center, made.actor, next(names)),
        ]
        cells = [f"{first:.1f}"]
        for event in events:
            times = []
            for _ in range(rounds):
                event()
                times.append(_milliseconds(lambda: keys.ring))
            cells.append(f"{statistics.median(times):.2f}")
        return cells


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    rounds = 3 if smoke else ROUNDS
    print("| database | sessions | first read, ms | nothing | a log-on | a pair generated |")
    print("|---|---|---|---|---|---|")
    for size in (20,) if smoke else SIZES:
        with tempfile.TemporaryDirectory() as folder:
            cells = _measure(f"sqlite:///{Path(folder, 'center.sqlite')}", size, rounds)
        print("| SQLite |", " | ".join([f"{size:,}", *cells]), "|", flush=True)
    server = Server(())
    try:
        size = 20 if smoke else SIZES[1]
        server.run("CREATE DATABASE following")
        cells = _measure(server.url("following"), size, rounds)
        print("| PostgreSQL |", " | ".join([f"{size:,}", *cells]), "|", flush=True)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
