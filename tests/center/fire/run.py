"""Run the fire: start servers, run clients, show progress, deliver mails, give the verdict."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from gatepass.center.context import Center
from gatepass.center.mail import queue as mails
from gatepass.center.store.database import Database
from gatepass.center.store.schema import audit_head, pair
from tests.center.fire.client import Client, Outbox, Told
from tests.center.fire.server import mailer
from tests.center.fire.store import furnish, opened
from tests.center.fire.verdict import verdict
from tests.center.mailserver import MailServer, free_port

ROOT = Path(__file__).parents[3]
SERVERS = 2


@dataclass(frozen=True)
class Outcome:
    """What the clients did and were told, and all problems."""

    told: Told
    problems: list[str]


def fire(url: str, seconds: float, clients: int, users: int, say: Callable[[str], None]) -> Outcome:
    """Fire at a new database for some time; the clients share ``users``."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="gatepass-fire-"))
        stack.callback(shutil.rmtree, folder)
        server = MailServer(free_port())
        stack.enter_context(server.running())
        begun = time.time()
        database = Database(url)
        database.upgrade()
        database.close()
        center = stack.enter_context(opened(url, begun, folder))
        names = furnish(center, users)
        with center.database.read() as connection:
            after = connection.execute(select(audit_head.c.last_id)).scalar_one()
        problems: list[str] = []
        with _servers(url, begun, folder, server.port, problems) as ports:
            outbox = Outbox(folder)
            shooters = [
                Client(number, ports[number % SERVERS], names[number::clients], outbox)
                for number in range(clients)
            ]
            _shoot(center, shooters, seconds, problems, say)
            _deliver(center, server.port, say)
        told = _all_told(shooters)
        problems += verdict(center, told, after, server.got)
        return Outcome(told, problems)


def _shoot(
    center: Center,
    shooters: list[Client],
    seconds: float,
    problems: list[str],
    say: Callable[[str], None],
) -> None:
    begun = time.monotonic()
    threads = [
        threading.Thread(target=shooter.fire, args=(begun + seconds,)) for shooter in shooters
    ]
    for thread in threads:
        thread.start()
    looks = 0
    told_at = begun
    while any(thread.is_alive() for thread in threads):
        problems += _too_many(center)
        looks += 1
        if time.monotonic() - told_at > 5:
            told_at = time.monotonic()
            say(f"{told_at - begun:.0f} of {seconds:g} s: {summary(_all_told(shooters))}")
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    say(f"looked {looks} times for a third active pair while it went on")


def _too_many(center: Center) -> list[str]:
    """Check the table itself, at one moment."""
    active = select(pair.c.session_id).where(pair.c.state == "active")
    query = active.group_by(pair.c.session_id).having(func.count() > 2)
    return [f"three active pairs of session {row.session_id}" for row in center.database.ask(query)]


def _deliver(center: Center, port: int, say: Callable[[str], None]) -> None:
    """Send the remaining mails; the servers send too, and no mail is sent twice."""
    while left := mails.waiting(center):
        say(f"{left} mails wait")
        mails.deliver_due(center, mailer(port))


def _all_told(shooters: list[Client]) -> Told:
    whole = Told()
    for shooter in shooters:
        whole.deeds.update(shooter.told.deeds.copy())
        whole.statuses.update(shooter.told.statuses.copy())
        whole.files += shooter.told.files
        whole.problems += shooter.told.problems
    return whole


def summary(told: Told) -> str:
    done: Counter[str] = Counter()
    for (_, action, *_), number in told.deeds.items():
        done[action] += number
    refused = sum(number for (_, status), number in told.statuses.items() if status >= 400)
    deeds = ", ".join(f"{number} {action}" for action, number in sorted(done.items()))
    return f"{deeds}; {refused} refused, {len(told.problems)} problems"


@contextmanager
def _servers(
    url: str, begun: float, outbox: Path, mail_port: int, problems: list[str]
) -> Iterator[list[int]]:
    words = [url, str(begun), str(outbox), str(mail_port)]
    command = [sys.executable, "-m", "tests.center.fire.server", *words]
    made = [
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(SERVERS)
    ]
    try:
        yield [int(process.stdout.readline()) for process in made]  # type: ignore[union-attr]
    finally:
        for process in made:
            process.terminate()
        for process in made:
            said = process.communicate(timeout=60)[1].strip()
            if said:
                problems.append(f"a server said: {said[-500:]}")
