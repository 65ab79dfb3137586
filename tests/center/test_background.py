"""Background jobs of a served Request Center: each job continues after any error."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gatepass.center.background import Job, jobs, running, sweep_all
from gatepass.center.mail import queue as mails
from gatepass.center.mail.couriers import Mail
from gatepass.center.mail.couriers.smtp import SmtpMailer, SmtpServer
from gatepass.center.people import limits
from gatepass.center.store.schema import attempt, mail
from gatepass.errors import CenterError, DeliveryError
from tests.center.world import World


def test_a_problem_is_reported_when_it_starts_changes_and_ends() -> None:
    course: list[Exception | None] = [
        None,
        CenterError("no server"),
        CenterError("no server"),
        CenterError("no disk"),
        ValueError("a secret"),
        None,
        None,
    ]
    told: list[str] = []
    over = threading.Event()

    def work() -> None:
        if not course:
            over.set()
            return
        problem = course.pop(0)
        if problem is not None:
            raise problem

    with running([Job("mails", 0.0, work)], told.append):
        assert over.wait(60)
    assert told == [
        "mails: no server",
        "mails: no disk",
        "mails: this is a defect of gatepass: ValueError",
        "mails: it works again",
    ]


class Post:
    """A mail server that answers or does not."""

    def __init__(self) -> None:
        self.gone = True

    @contextmanager
    def open(self) -> Iterator[Callable[[Mail], None]]:
        yield self._post

    def end(self) -> None:
        pass

    def _post(self, _mail: Mail) -> None:
        if self.gone:
            raise DeliveryError("mail server is gone", "unreachable")


def test_a_mail_server_that_hangs_does_not_delay_the_end(world: World) -> None:
    """The mail is free then, and is tried again as after any other failure."""
    center = world.center
    center.database.write(
        lambda c: mails.queue(c, center, [Mail(key, "k@example.com", "s", "b") for key in "kl"])
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = SmtpServer("127.0.0.1", listener.getsockname()[1], "c@example.com", "none")
        with running(jobs(center, SmtpMailer(server))[:1], lambda _: None):
            # It sends nothing, not even its greeting.
            connection, _ = listener.accept()
        connection.close()
    with center.database.read() as reading:
        query = select(mail.c.sent_at, mail.c.claimed_until, mail.c.attempts).order_by(mail.c.id)
        assert reading.execute(query).all() == [(None, None, 1), (None, None, 0)]
    world.clock.go(hours=1)
    post = Post()
    post.gone = False
    assert mails.deliver_due(center, post).sent == 2


def test_a_mail_server_that_does_not_answer_is_a_problem_until_it_does(world: World) -> None:
    """Also while no mail is due."""
    center, post = world.center, Post()
    work = jobs(center, post)[0].work
    work()
    center.database.write(
        lambda c: mails.queue(c, center, [Mail("k", "kim@example.com", "s", "b")])
    )
    for _ in range(3):
        with pytest.raises(CenterError, match="mail server is gone"):
            work()
    post.gone = False
    world.clock.go(hours=1)
    work()
    assert mails.waiting(center) == 0


def test_a_mail_that_another_process_has_sent_is_not_a_problem_any_more(world: World) -> None:
    """Several processes may serve, and only one of them may reach the mail server."""
    center, gone, back = world.center, Post(), Post()
    back.gone = False
    work, other = (jobs(center, one)[0].work for one in (gone, back))
    center.database.write(
        lambda c: mails.queue(c, center, [Mail("k", "kim@example.com", "s", "b")])
    )
    with pytest.raises(CenterError):
        work()
    world.clock.go(hours=1)
    other()
    work()


def test_running_work_is_completed() -> None:
    begun, go_on = threading.Event(), threading.Event()
    finished: list[str] = []

    def work() -> None:
        begun.set()
        go_on.wait(60)
        finished.append("one")

    with running([Job("slow", 3600.0, work)], lambda _problem: None):
        assert begun.wait(60)
        go_on.set()
    assert finished == ["one"]


def test_jobs_end_when_the_server_fails() -> None:
    calls = threading.Event()

    def serve() -> None:
        with running([Job("quick", 0.0, calls.set)], lambda _problem: None):
            assert calls.wait(60)
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        serve()
    assert not [thread for thread in threading.enumerate() if "_repeat" in thread.name]


def test_the_sweep_deletes_old_counts(world: World) -> None:
    limits.count(world.center, limits.Limit("test", 5, timedelta(hours=1)), "key")
    count = select(func.count()).select_from(attempt)
    for days, left in ((0, 1), (2, 0)):
        world.clock.go(days=days)
        sweep_all(world.center)
        with world.center.database.read() as connection:
            assert connection.execute(count).scalar_one() == left
