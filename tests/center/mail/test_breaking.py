"""Mail servers that hang at any point: an attempt ends in time, and when the program ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from gatepass.center.mail.couriers import Mail, smtp
from gatepass.center.mail.couriers.smtp import SmtpMailer, SmtpServer
from gatepass.errors import DeliveryError

LETTER = Mail("one", "kim@example.com", "About one", "Body")


@contextmanager
def accepting(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does this with each connection and keeps it open."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def run() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    stack.enter_context(connection)
                    serve(connection)

        threading.Thread(target=run, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def without_an_answer_to_connect() -> Iterator[int]:
    """A server with a full queue, so that the system does not answer a connection attempt."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def say_nothing(_connection: socket.socket) -> None:
    pass


def never_stop_greeting(connection: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection.sendall(b"220-and so on\r\n")


def take_commands_and_nothing_more(connection: socket.socket) -> None:
    connection.sendall(b"220 here\r\n")
    for line in connection.makefile("rb"):
        if line.upper().startswith(b"DATA"):
            connection.sendall(b"354 go on\r\n")
            return
        connection.sendall(b"250 good\r\n")


HANGING = {
    "connect": (without_an_answer_to_connect, "none", "unreachable"),
    "greeting": (lambda: accepting(say_nothing), "none", "unreachable"),
    "endless greeting": (lambda: accepting(never_stop_greeting), "none", "unreachable"),
    "TLS": (lambda: accepting(say_nothing), "tls", "unreachable"),
    "taken": (lambda: accepting(take_commands_and_nothing_more), "none", "in doubt"),
}


@pytest.fixture(params=HANGING.values(), ids=HANGING)
def hanging(request: pytest.FixtureRequest) -> Iterator[tuple[SmtpMailer, str]]:
    """A mailer whose server hangs, and the expected problem."""
    serve, security, rule = request.param
    with serve() as port:
        yield SmtpMailer(SmtpServer("127.0.0.1", port, "center@example.com", security)), rule


def failure(mailer: SmtpMailer, began: Callable[[], object] = lambda: None) -> DeliveryError:
    with mailer.open() as post:
        began()
        with pytest.raises(DeliveryError) as caught:
            post(LETTER)
    return caught.value


def test_an_attempt_ends_after_its_time_limit(
    hanging: tuple[SmtpMailer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the server uses the time limit of each answer."""
    monkeypatch.setattr(smtp, "SENT_WITHIN", 2)
    monkeypatch.setattr(smtp, "TAKEN_WITHIN", 0.2)
    mailer, rule = hanging
    assert failure(mailer).rule == rule


def test_an_attempt_ends_when_the_program_ends(
    hanging: tuple[SmtpMailer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before its time limit."""
    monkeypatch.setattr(smtp, "ENDS_WITHIN", 1)
    for bound in ("ANSWER_WITHIN", "SENT_WITHIN", "TAKEN_WITHIN"):
        monkeypatch.setattr(smtp, bound, 3600)
    mailer, rule = hanging
    assert failure(mailer, mailer.end).rule == rule


def test_an_attempt_after_the_end_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "ENDS_WITHIN", 0)
    with accepting(say_nothing) as port:
        mailer = SmtpMailer(SmtpServer("127.0.0.1", port, "center@example.com", "none"))
        assert failure(mailer, mailer.end).rule == "unreachable"
