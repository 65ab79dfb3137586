"""`gatepass logon` if the peer is not the exchange, or its number is not plausible."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepass._native import Framer
from gatepass.fix import format_sending_time
from gatepass.fix.message import Message, encode
from gatepass.keys import write_key_file
from tests.cli.gateways import fresh_pair
from tests.cli.processes import shell


@contextmanager
def answering(kind: str, fields: dict[int, str]) -> Iterator[tuple[str, list[Message]]]:
    """Answer every Logon with this message; gives the address and the received messages."""
    came: list[Message] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            framer = Framer()
            with connection:
                while data := connection.recv(65536):
                    for wire in framer.feed(data):
                        assert isinstance(wire, bytes)
                        came.append(Message.parse(wire))
                        if came[-1].msg_type == "A":
                            now = format_sending_time(datetime.now(UTC))
                            header = {34: "1", 49: "CME", 50: "G", 52: now, 56: "ABC123N"}
                            connection.sendall(encode([(35, kind), *(header | fields).items()]))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}", came
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def log_on(folder: Path, address: str, *words: str) -> tuple[int, dict[str, str]]:
    """Run the command; return its exit code and its ending."""
    keys = folder / "keys.txt"
    if not keys.exists():
        write_key_file(keys, [fresh_pair()])
    options = ("--keys", str(keys), "--sender-comp-id", "ABC123N", "--state", str(folder / "state"))
    answer = shell("logon", address, *options, "--json", "--unguarded", *words)
    return answer.returncode, json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("fields", "text", "advice"),
    [
        ({49: "EVIL"}, "SenderCompID (49) is EVIL, expected CME", "Check host, port and"),
        ({56: "ZZZ999N"}, "TargetCompID (56) is ZZZ999N, expected ABC123N", "Check host, port and"),
        ({52: "20010101-00:00:00.000"}, "SendingTime (52) is 20010101", "Compare this machine's"),
        ({108: "-10"}, "HeartBtInt (108) is -10, expected 30", "broke a rule of FIX"),
    ],
)
def test_an_answer_from_another_system_is_shown_with_advice(
    tmp_path: Path, fields: dict[int, str], text: str, advice: str
) -> None:
    with answering("A", fields) as (address, came):
        code, ending = log_on(tmp_path, address)
    assert (code, ending["result"]) == (1, "not the exchange")
    assert text in ending["text"]
    assert advice in ending["what_to_do"]
    # The peer gets only the fact, not the advice for the user.
    assert {m.get(58) for m in came if m.msg_type in "35"} == {
        ending["text"].removeprefix("the other side's message was refused: ")
    }


def test_an_implausible_number_is_shown_with_what_to_do(tmp_path: Path) -> None:
    refusal = {58: "Invalid Logon. Logout Forced", 789: "5000000"}
    with answering("5", refusal) as (address, came):
        code, ending = log_on(tmp_path, address)
        assert (code, ending["result"]) == (1, "number too high")
        assert "tag 789 is 5000000, but 1 was due" in ending["text"]
        assert "--next-number 5000000" in ending["what_to_do"]
        log_on(tmp_path, address)
        log_on(tmp_path, address, "--next-number", "5000000")
    assert [m.msg_seq_num for m in came if m.msg_type == "A"] == [1, 1, 5_000_000]


def test_a_next_number_is_refused_with_a_scenario_that_begins_at_1(tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    write_key_file(keys, [fresh_pair()])
    options = ("--keys", str(keys), "--sender-comp-id", "ABC123N", "--state", str(tmp_path / "s"))
    answer = shell(
        "logon", "localhost:1", *options, "--next-number", "7", "--scenario", "beginning-of-week"
    )
    assert answer.returncode == 2
    assert b"--next-number" in answer.stderr
