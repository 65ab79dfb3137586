"""Background jobs of a served Request Center.

They send mails, expire pairs, delete old rows and move the audit log's anchor.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gatepass.center.audit.keeping import keep_anchor
from gatepass.center.context import Center
from gatepass.center.mail import queue as mails
from gatepass.center.mail.couriers import Mailer
from gatepass.center.pairs.sweep import Swept, sweep
from gatepass.center.people import codes, limits, logins, tokens
from gatepass.errors import CenterError

#: Seconds between two checks for mails, two sweeps, and two moves of the audit log's anchor.
MAILS_EVERY = 5.0
SWEEP_EVERY = 60.0
ANCHOR_EVERY = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is repeated after ``every`` seconds.

    ``end`` is called from another thread at the end, so that work that waits for a server stops
    soon.
    """

    name: str
    every: float
    work: Callable[[], object]
    end: Callable[[], object] = lambda: None


def jobs(center: Center, mailer: Mailer) -> tuple[Job, ...]:
    """Return the jobs of a process that serves a Request Center; several processes may run them."""
    over = threading.Event()

    def end() -> None:
        over.set()
        mailer.end()

    return (
        Job("mails", MAILS_EVERY, _mails(center, mailer, over), end),
        Job("sweep", SWEEP_EVERY, lambda: _sweep(center)),
        Job("audit log", ANCHOR_EVERY, lambda: keep_anchor(center)),
    )


def _mails(center: Center, mailer: Mailer, over: threading.Event) -> Callable[[], object]:
    """Send the mails that are due; a failure lasts until a mail was sent or none waits any more.

    A run in which no mail is due does not end the failure.
    """
    last = ""

    def work() -> None:
        nonlocal last
        done = mails.deliver_due(center, mailer, over.is_set)
        if done.problem or done.sent or (last and not mails.waiting(center)):
            last = done.problem
        if last:
            raise CenterError(f"{last}: mails wait in the database until they can be sent")

    return work


def _sweep(center: Center) -> None:
    broken = sweep_all(center).broken
    if broken:
        raise CenterError(f"skipped: {'; '.join(broken)}")


def sweep_all(center: Center, *, accept_clock: bool = False) -> Swept:
    """Do what is due for pairs, and delete old codes, counts, logins and tokens.

    Raises what `gatepass.center.pairs.sweep.sweep` raises, and then deletes nothing.
    """
    swept = sweep(center, accept_clock=accept_clock)
    at = center.clock()
    for old in (codes, limits, logins, tokens):
        # Each in its own transaction, so that none waits for the locks of the others.
        center.database.write(lambda connection, old=old: old.sweep(connection, at))  # type: ignore[misc]
    return swept


@contextmanager
def running(jobs: Sequence[Job], on_problem: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Run each job in its own thread, first at once and then at its intervals.

    ``on_problem`` is called when a job starts to fail, fails in another way, or works again. At the
    end, running work is completed, or stopped by the job's ``end``. The yielded function can be
    called to start this earlier.
    """
    over = threading.Event()
    threads = [threading.Thread(target=_repeat, args=(job, over, on_problem)) for job in jobs]
    for thread in threads:
        thread.start()

    def end() -> None:
        over.set()
        for job in jobs:
            job.end()

    try:
        yield end
    finally:
        end()
        for thread in threads:
            thread.join()


def _repeat(job: Job, over: threading.Event, on_problem: Callable[[str], None]) -> None:
    problem = ""
    while True:
        before, problem = problem, _problem(job)
        if over.is_set():
            return
        if problem and problem != before:
            on_problem(f"{job.name}: {problem}")
        elif before and not problem:
            on_problem(f"{job.name}: it works again")
        if over.wait(job.every):
            return


def _problem(job: Job) -> str:
    """Run a job once, and return what went wrong."""
    try:
        job.work()
    except CenterError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - no one would notice a dead job
        # Its text is not shown: it may contain a secret value.
        return f"this is a defect of gatepass: {type(error).__name__}"
    return ""
