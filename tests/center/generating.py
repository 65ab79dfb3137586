"""Generate key pairs for one session, for the tests of races and of ``kill -9``.

``generating.py race URL THREADS COUNT`` makes COUNT pairs in each thread and prints for each
``made`` and its Access Key ID. ``generating.py kill URL LIVES`` does so in processes that are
killed at random times; it also prints ``secret`` and the text before a secret is stored.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from datetime import datetime, timedelta

import psycopg  # noqa: F401 - before the fork, not in each child

from gatepass.center.context import Center
from gatepass.center.pairs import pairs
from gatepass.center.roles import Actor, Role
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.database import Database
from gatepass.errors import CenterError, DatabaseError, ThirdPairError
from gatepass.keys import secret
from tests.center.world import ENVELOPE_KEY, START, Outbox

SESSION = "ABC"


class EveryDay:
    """A calendar that is quick to load."""

    def close_at_or_after(self, at: datetime) -> datetime:
        return at + timedelta(hours=1)


def say(word: str, text: str) -> None:
    # One write: a line is complete or missing.
    os.write(1, f"{word} {text}\n".encode())


def open_center(url: str) -> Center:
    database = Database(url)
    vault = Vault(LocalKeys([ENVELOPE_KEY]))
    vault.prepare(database)
    return Center(database, vault, EveryDay(), Outbox(), lambda: START)


def generate(center: Center, actor: Actor) -> str:
    """Generate a pair and make room for it, while others do the same."""
    delete = None
    while True:
        try:
            return pairs.generate(center, actor, SESSION, delete).access_key_id
        except ThirdPairError as error:
            delete = error.choices[0]
        except DatabaseError:
            raise
        except CenterError:
            # Another thread has deleted the chosen one meanwhile.
            delete = None


def race(url: str, threads: int, count: int) -> None:
    center = open_center(url)
    actor = Actor(1, 1, "maria", Role.MANAGER)

    def work() -> None:
        for _ in range(count):
            say("made", generate(center, actor))

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    center.database.close()


def live(url: str) -> None:
    """Generate until killed."""
    make = secret.SecretKey.generate

    def told() -> secret.SecretKey:
        made = make()
        say("secret", made.reveal())
        return made

    secret.SecretKey.generate = told  # type: ignore[method-assign]
    center = open_center(url)
    while True:
        say("made", generate(center, Actor(1, 1, "maria", Role.MANAGER)))


def kill(url: str, lives: int) -> None:
    chance = random.Random(20260304)  # noqa: S311 - no secret
    for _ in range(lives):
        out, into = os.pipe()
        # A fork has already loaded everything, and has no connection yet.
        child = os.fork()
        if not child:
            os.dup2(into, 1)
            live(url)
        os.close(into)
        with os.fdopen(out) as lines:
            for _ in range(chance.randint(1, 6)):
                sys.stdout.write(lines.readline())
            time.sleep(chance.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            sys.stdout.writelines(lines)
        os.waitpid(child, 0)


if __name__ == "__main__":
    kind, url, *numbers = sys.argv[1:]
    {"race": race, "kill": kill}[kind](url, *map(int, numbers))
