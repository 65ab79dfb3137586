"""Standard streams that are closed, full or without a reader: lost results decide the exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.gateways import fresh_pair, rehearsal
from tests.cli.processes import ENVIRONMENT, SCRIPT
from tests.cli.samples import RAW, SIGNED, THEN, write_keys

pytestmark = pytest.mark.skipif(os.name != "posix", reason="redirections as a POSIX shell has them")

#: Commands with results on standard output, and their exit code if all is well.
ANSWERING = {
    "sign": ("sign {logon} --keys {keys} --at {then}", 0),
    "verify": ("verify {signed} --keys {keys} --at {then}", 0),
    "verify, in JSON": ("verify {signed} --keys {keys} --at {then} --json", 0),
    "verify, not valid": ("verify {signed} --keys {keys}", 1),
    "explain": ("explain {signed} --keys {keys} --at {then}", 0),
    "keys list": ("keys list {keys} --at {then}", 0),
    "keys check": ("keys check {keys} --at {then}", 0),
    "keys check, expired": ("keys check {keys} --json", 1),
    "keys timeline": ("keys timeline {keys} --at {then}", 0),
    "keys timeline, as SVG": ("keys timeline {keys} --at {then} --svg -", 0),
    "simulate": ("simulate --keys {keys} --duration 0.1", 0),
    "logon": ("logon localhost:1 --keys {now} --sender-comp-id ABC123N --state {folder}/s", 3),
    "center user list": ("center user list --state {center}", 0),
    "center audit verify": ("center audit verify --state {center}", 0),
    "help": ("--help", 0),
    "help of a command": ("center serve --help", 0),
    "version": ("--version", 0),
}
#: Those with their own way of writing; a full device must act like a closed stream.
WRITERS = ("sign", "verify, in JSON", "keys list", "simulate", "logon", "help")
CLOSED_OR_FULL = [
    *((name, where) for name in WRITERS for where in ("&-", "/dev/full")),
    *(
        pytest.param(name, "&-", marks=pytest.mark.slow)
        for name in ANSWERING
        if name not in WRITERS
    ),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files for the commands to read."""
    folder = tmp_path_factory.mktemp("streams")
    (folder / "logon.txt").write_text(f"{RAW}\n")
    (folder / "signed.txt").write_text(f"{SIGNED}\n")
    ready = f"{SCRIPT} center init --state {folder}/center"
    subprocess.run(["/bin/sh", "-c", ready], check=True, capture_output=True, env=ENVIRONMENT)
    return {
        "folder": str(folder),
        "center": str(folder / "center"),
        "logon": str(folder / "logon.txt"),
        "signed": str(folder / "signed.txt"),
        "keys": write_keys(folder),
        "now": write_keys(folder, fresh_pair(), name="now.txt"),
        "then": THEN,
    }


def in_shell(line: str, places: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a line of a shell, in which `gatepass` is the script."""
    path = f"{Path(SCRIPT).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**ENVIRONMENT, "PATH": path, "XDG_STATE_HOME": places["folder"]}
    answer = subprocess.run(
        ["/bin/sh", "-c", line.format(**places)],
        input=b"",
        capture_output=True,
        check=False,
        timeout=60,
        env=env,
    )
    for said in (answer.stdout, answer.stderr):
        assert b"Traceback" not in said
        assert b"Exception ignored" not in said
    return answer


@pytest.mark.parametrize(("name", "where"), CLOSED_OR_FULL)
def test_lost_results_are_exit_code_2_and_one_line_that_says_so(
    places: dict[str, str], name: str, where: str
) -> None:
    answer = in_shell(f"gatepass {ANSWERING[name][0]} >{where}", places)
    assert answer.returncode == 2, answer.stderr
    said = [text for text in answer.stderr.decode().splitlines() if text.startswith("gatepass")]
    assert {"&-": "standard output is closed", "/dev/full": "No space left"}[where] in said[-1]


@pytest.mark.parametrize(("name", "where"), CLOSED_OR_FULL)
def test_lost_messages_change_neither_results_nor_exit_code(
    places: dict[str, str], name: str, where: str
) -> None:
    line, code = ANSWERING[name]
    answer = in_shell(f"gatepass {line} 2>{where}", places)
    assert answer.returncode == code
    # Without --at, results contain elapsed time, and each gateway has another port.
    if "{then}" in line:
        assert answer.stdout == in_shell(f"gatepass {line}", places).stdout


@pytest.mark.parametrize("command", ["sign", "verify", "explain"])
@pytest.mark.parametrize("more", ["", "--json"])
def test_logons_from_a_closed_standard_input_are_bad_input(
    places: dict[str, str], command: str, more: str
) -> None:
    answer = in_shell(f"gatepass {command} --keys {{keys}} {more} <&-", places)
    assert answer.returncode == 2
    assert answer.stderr == b"gatepass: standard input is closed\n"
    assert (b"standard input is closed" in answer.stdout) is bool(more)


def test_keys_from_a_closed_standard_input_are_bad_input(places: dict[str, str]) -> None:
    for line in ("keys check - <&-", "sign {logon} --keys - <&-", "simulate --keys - <&-"):
        answer = in_shell(f"gatepass {line}", places)
        assert answer.returncode == 2
        (said,) = answer.stderr.splitlines()
        assert said.startswith(b"gatepass: ")


def test_a_command_that_reads_nothing_needs_no_standard_input(places: dict[str, str]) -> None:
    for name in ("verify", "keys check", "simulate", "help", "center user list"):
        line, code = ANSWERING[name]
        assert in_shell(f"gatepass {line} <&-", places).returncode == code


def test_a_command_without_any_stream_ends_with_its_code(places: dict[str, str]) -> None:
    closed = "<&- >&- 2>&-"
    assert (
        in_shell(f"gatepass keys generate {{folder}}/new.txt ABC {closed}", places).returncode == 0
    )
    assert Path(places["folder"], "new.txt").read_text().count("ABC") == 1
    assert in_shell(f"gatepass keys check {{keys}} {closed}", places).returncode == 2
    assert in_shell(f"gatepass nonsense {closed}", places).returncode == 2


def test_no_message_is_written_to_a_file_with_the_number_of_a_closed_stream(
    places: dict[str, str],
) -> None:
    """The system gives the lowest free number to the next opened file."""
    log = Path(places["folder"], "gateway.jsonl")
    line = f"gatepass simulate --keys {{keys}} --duration 0.1 --log {log} 2>&-"
    assert in_shell(line, places).returncode == 0
    assert "gateway with key pairs" not in log.read_text()


@pytest.mark.parametrize("line", ["--help", "center serve -h", "logon --help", "--version"])
def test_a_reader_may_close_the_help_early(places: dict[str, str], line: str) -> None:
    # The reader is gone before the first line.
    code = "import sys, subprocess as s; p = s.Popen(sys.argv[1:], stdout=s.PIPE);"
    code += " p.stdout.close(); sys.exit(p.wait())"
    words = f"{sys.executable} -c '{code}' gatepass {line}"
    answer = in_shell(words, places)
    assert (answer.returncode, answer.stderr) == (0, b"")


@pytest.mark.parametrize("name", ["sign", "verify", "explain", "keys list", "demo", "simulate"])
def test_a_reader_who_leaves_before_the_results_gets_neither_0_nor_1(
    places: dict[str, str], name: str
) -> None:
    line = "demo" if name == "demo" else ANSWERING[name][0]
    code = "import sys, subprocess as s; p = s.Popen(sys.argv[1:], stdout=s.PIPE);"
    code += " p.stdout.close(); sys.exit(p.wait())"
    answer = in_shell(f"{sys.executable} -c '{code}' gatepass {line}", places)
    assert answer.returncode == 141


def test_a_logon_whose_reader_left_still_logs_out_and_does_not_count_as_invalid(
    tmp_path: Path,
) -> None:
    """If it were cut off before its answer, it would count as a possibly invalid Logon."""
    with rehearsal(tmp_path) as live:
        words = f"logon {live.address} --keys {live.keys} --sender-comp-id ABC123N --stay 60"
        for where, code in (("&-", 2), ("/dev/full", 2)) * 3:
            line = f"gatepass {words} --state {tmp_path}/state >{where}"
            assert in_shell(line, {"folder": str(tmp_path)}).returncode == code
            assert b"asked by the client" in live.wait_for(b"logout")
        assert live.logon().returncode == 0
