"""What is done at intervals while the Request Center is served.

Mails, what is due, old rows, and the audit log's anchor.
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

#: Seconds between two looks for mails, two sweeps, and two moves of the audit log's anchor.
MAILS_EVERY = 5.0
SWEEP_EVERY = 60.0
ANCHOR_EVERY = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do again and again, ``every`` so many seconds.

    ``end`` is called from another thread when it is over: work that waits for somebody ends soon.
    """

    name: str
    every: float
    work: Callable[[], object]
    end: Callable[[], object] = lambda: None


def jobs(center: Center, mailer: Mailer) -> tuple[Job, ...]:
    """Return what a process does that serves a Request Center; several may at once."""
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
    """Send what is due; a failure lasts until a mail was sent, or none waits any more.

    Runs in between, in which no mail is due to be tried again, do not end it.
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
        raise CenterError(f"passed over: {'; '.join(broken)}")


def sweep_all(center: Center, *, accept_clock: bool = False) -> Swept:
    """Do what is due for pairs, and delete codes, counts, logins and tokens that are over.

    Raises as `gatepass.center.pairs.sweep.sweep` does, and then deletes nothing.
    """
    swept = sweep(center, accept_clock=accept_clock)
    at = center.clock()
    for old in (codes, limits, logins, tokens):
        # Each in a transaction of its own: none waits for the others' locks.
        center.database.write(lambda connection, old=old: old.sweep(connection, at))  # type: ignore[misc]
    return swept


@contextmanager
def running(jobs: Sequence[Job], on_problem: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Run each job in a thread of its own, at once and then at its intervals.

    ``on_problem`` is called when a job begins to fail, fails in another way, or works again. At
    the end what was begun is finished, or ended as its job says; what is given can be called to
    begin with that earlier.
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
    """Do a job once, and say what went wrong."""
    try:
        job.work()
    except CenterError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - nobody would miss a job that has died
        # Its text is not shown: it may hold a value.
        return f"this is a defect of gatepass: {type(error).__name__}"
    return ""
