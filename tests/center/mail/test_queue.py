"""Mails are queued with the event they report and sent once; a server that is down loses none."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from smtplib import SMTP

import pytest
from sqlalchemy import select

from gatepass.center.context import Center
from gatepass.center.mail import queue as mails
from gatepass.center.mail.couriers import Mail, smtp
from gatepass.center.mail.couriers.outbox import OutboxMailer
from gatepass.center.mail.couriers.smtp import SmtpCourier, SmtpMailer, SmtpServer
from gatepass.center.mail.queue import Delivery
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.store.schema import mail
from tests.center.mailserver import MailServer, free_port
from tests.center.users import at_once, rows
from tests.center.world import Clock

SENDER = "Request Center <center@example.com>"


@pytest.fixture
def down() -> MailServer:
    return MailServer(free_port())


@pytest.fixture
def up(down: MailServer) -> Iterator[MailServer]:
    with down.running():
        yield down


def mailer(server: MailServer) -> SmtpMailer:
    return SmtpMailer(SmtpServer("127.0.0.1", server.port, SENDER, security="none"))


def put(center: Center, key: str, recipient: str = "kim@example.com") -> bool:
    letter = Mail(key, recipient, f"About {key}", f"Body of {key}\n")
    return center.database.write(lambda c: mails.queue(c, center, [letter])) == 1


def test_a_queued_mail_arrives_once(center: Center, up: MailServer) -> None:
    assert put(center, "one")
    assert mails.waiting(center) == 1
    assert mails.deliver_due(center, mailer(up)) == Delivery(1, 0)
    assert mails.deliver_due(center, mailer(up)) == Delivery(0, 0)
    assert mails.waiting(center) == 0
    ((address, message),) = up.got
    assert address == "kim@example.com"
    assert message["Subject"] == "About one"
    assert message["From"] == SENDER
    assert message["Message-ID"].endswith("@example.com>")
    assert message.get_content().replace("\r\n", "\n") == "Body of one\n"


def test_a_server_gets_ten_minutes_to_accept_a_mail_and_less_for_a_code(
    center: Center, up: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 5321, 4.5.3.2.6; no other process may send the mail meanwhile."""
    waits: list[float | None] = []
    plain = SMTP.data

    def noting(self: SMTP, message: bytes) -> object:
        assert self.sock is not None
        waits.append(self.sock.gettimeout())
        return plain(self, message)

    monkeypatch.setattr(SMTP, "data", noting)
    put(center, "one")
    assert mails.deliver_due(center, mailer(up)) == Delivery(1, 0)
    server = SmtpServer("127.0.0.1", up.port, SENDER, security="none")
    SmtpCourier(server, "sms.example.net").send_code("+1", "a@b.example", Hidden("123456"))
    assert waits == [600, smtp.ANSWER_WITHIN]
    longest = smtp.SENT_WITHIN + smtp.SENT_WITHIN + smtp.TAKEN_WITHIN
    assert mails.CLAIM.total_seconds() > longest


def test_the_same_mail_cannot_be_queued_twice(center: Center) -> None:
    assert put(center, "one")
    assert not put(center, "one", "somebody.else@example.com")
    outcomes = at_once(4, lambda: put(center, "two"))
    assert sorted(map(str, outcomes)) == ["False", "False", "False", "True"]
    assert rows(center, mail) == 2


def test_a_mail_is_rolled_back_with_the_event_it_reports(center: Center) -> None:
    def work(connection: object) -> None:
        mails.queue(connection, center, [Mail("one", "kim@example.com", "x", "x")])  # type: ignore[arg-type]
        raise RuntimeError("it did not happen")

    with pytest.raises(RuntimeError):
        center.database.write(work)
    assert rows(center, mail) == 0


def test_several_mails_share_a_connection(center: Center, up: MailServer) -> None:
    for number in range(5):
        put(center, f"mail {number}")
    assert mails.deliver_due(center, mailer(up)) == Delivery(5, 0)
    assert up.connections == 1
    assert [message["Subject"] for _, message in up.got] == [f"About mail {n}" for n in range(5)]


def test_several_senders_send_each_mail_once(center: Center, up: MailServer) -> None:
    for number in range(20):
        put(center, f"mail {number}")
    outcomes = at_once(4, lambda: mails.deliver_due(center, mailer(up)))
    assert sum(o.sent for o in outcomes if isinstance(o, Delivery)) == 20
    assert Counter(str(message["Subject"]) for _, message in up.got) == {
        f"About mail {number}": 1 for number in range(20)
    }


def test_a_mail_server_that_is_down_loses_nothing_and_gets_nothing_twice(
    center: Center, clock: Clock, down: MailServer
) -> None:
    for number in range(3):
        put(center, f"mail {number}")
    for _ in range(10):
        assert mails.deliver_due(center, mailer(down)).sent == 0
        clock.go(minutes=20)
    assert mails.waiting(center) == 3
    with down.running():
        clock.go(hours=1)
        assert mails.deliver_due(center, mailer(down)) == Delivery(3, 0)
        clock.go(hours=2)
        assert mails.deliver_due(center, mailer(down)) == Delivery(0, 0)
    assert len(down.got) == 3


def test_a_run_ends_if_the_server_does_not_answer(center: Center, down: MailServer) -> None:
    for number in range(3):
        put(center, f"mail {number}")
    assert mails.deliver_due(center, mailer(down)) == Delivery(0, 1)
    with center.database.read() as connection:
        problems = connection.execute(select(mail.c.problem).order_by(mail.c.id)).scalars().all()
    assert "unreachable" in problems[0]
    assert problems[1:] == ["", ""]


def test_a_refused_mail_does_not_delay_the_others(
    center: Center, clock: Clock, up: MailServer
) -> None:
    up.refuse = {"gone@example.com"}
    put(center, "one", "gone@example.com")
    put(center, "two")
    assert mails.deliver_due(center, mailer(up)) == Delivery(1, 1)
    assert up.recipients == ["kim@example.com"]
    with center.database.read() as connection:
        problem = connection.execute(select(mail.c.problem).where(mail.c.key == "one"))
        assert "refused" in problem.scalar_one()
    up.refuse = set()
    clock.go(seconds=29)
    assert mails.deliver_due(center, mailer(up)) == Delivery(0, 0)
    clock.go(seconds=1)
    assert mails.deliver_due(center, mailer(up)) == Delivery(1, 0)


def test_waits_double_up_to_an_hour(center: Center, clock: Clock, down: MailServer) -> None:
    put(center, "one")
    waits = []
    for _ in range(15):
        assert mails.deliver_due(center, mailer(down)) == Delivery(0, 1)
        with center.database.read() as connection:
            due_at = connection.execute(select(mail.c.due_at)).scalar_one()
        waits.append(due_at - clock())
        clock.now = due_at
    assert waits == [min(timedelta(seconds=30) * 2**n, timedelta(hours=1)) for n in range(15)]


@pytest.mark.parametrize("answer", ["451 try later", "554 no"])
def test_a_mail_that_the_server_refuses_stays_in_the_queue(
    center: Center, clock: Clock, up: MailServer, answer: str
) -> None:
    put(center, "one")
    up.answer = answer
    assert mails.deliver_due(center, mailer(up)) == Delivery(0, 1)
    up.answer = "250 taken"
    clock.go(minutes=1)
    assert mails.deliver_due(center, mailer(up)) == Delivery(1, 0)
    assert len(up.got) == 1


def test_a_mail_whose_answer_is_lost_is_sent_again_under_the_same_name(
    center: Center, clock: Clock, up: MailServer
) -> None:
    """SMTP's gap: the server's answer to an accepted mail is lost. The second has the same name."""
    put(center, "one")
    up.hang_up = True
    assert mails.deliver_due(center, mailer(up)) == Delivery(0, 1)
    up.hang_up = False
    clock.go(minutes=1)
    assert mails.deliver_due(center, mailer(up)) == Delivery(1, 0)
    assert len({message["Message-ID"] for _, message in up.got}) == 1
    assert len(up.got) == 2


_KILLED = """
import os, signal, sys
from contextlib import contextmanager
from datetime import datetime
from gatepass.center.mail import queue as mails
from gatepass.center.pairs.calendar import GlobexCalendar
from gatepass.center.context import Center
from gatepass.center.mail.couriers.smtp import SmtpMailer, SmtpServer
from gatepass.center.store.database import Database
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.secrets.vault import Vault

url, port, now, when = sys.argv[1:]

class Killed(SmtpMailer):
    @contextmanager
    def open(self):
        with super().open() as post:
            def killed(mail):
                if when == "after":
                    post(mail)
                os.kill(os.getpid(), signal.SIGKILL)
            yield killed

center = Center(
    Database(url), Vault(LocalKeys([bytes(range(32))])), GlobexCalendar(), None,
    lambda: datetime.fromisoformat(now),
)
server = SmtpServer("127.0.0.1", int(port), "center@example.com", security="none")
mails.deliver_due(center, Killed(server))
"""


@pytest.mark.parametrize(("when", "copies"), [("before", 1), ("after", 2)])
def test_a_killed_process_loses_no_mail(
    center: Center, clock: Clock, up: MailServer, url: str, when: str, copies: int
) -> None:
    """Killed between claim and record: the mail is sent after the claim ends.

    Killed after the server accepted it, that is a second time; this cannot be avoided.
    """
    put(center, "one")
    arguments = [sys.executable, "-c", _KILLED, url, str(up.port), clock().isoformat(), when]
    ended = subprocess.run(arguments, check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    assert len(up.got) == copies - 1
    clock.go(seconds=mails.CLAIM.total_seconds() - 1)
    assert mails.deliver_due(center, mailer(up)) == Delivery(0, 0), "it may still be at it"
    clock.go(seconds=1)
    assert mails.deliver_due(center, mailer(up)) == Delivery(1, 0)
    assert len(up.got) == copies
    assert len({message["Message-ID"] for _, message in up.got}) == 1
    clock.go(hours=1)
    assert mails.deliver_due(center, mailer(up)) == Delivery(0, 0)


def test_a_claim_lasts_longer_than_any_attempt() -> None:
    # Connect, send, quit.
    longest = 2 * smtp.SENT_WITHIN + smtp.ANSWER_WITHIN
    assert mails.CLAIM.total_seconds() > longest


def test_a_clock_set_back_sends_nothing_twice(center: Center, clock: Clock, up: MailServer) -> None:
    put(center, "one")
    mails.deliver_due(center, mailer(up))
    clock.go(days=-1)
    assert mails.deliver_due(center, mailer(up)) == Delivery(0, 0)
    put(center, "two")
    assert mails.deliver_due(center, mailer(up)) == Delivery(1, 0)
    assert len(up.got) == 2


def test_a_folder_accepts_mails_too(center: Center, tmp_path: Path) -> None:
    put(center, "one")
    folder = tmp_path / "outbox"
    assert mails.deliver_due(center, OutboxMailer(folder)) == Delivery(1, 0)
    (file,) = folder.iterdir()
    assert "About one" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
