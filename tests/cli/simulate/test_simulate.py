"""`gatepass simulate` as a separate process."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gatepass.cli.views.simulate import Told
from gatepass.fix.message import encode
from gatepass.gateway import Event, Report
from gatepass.keys import SecretKey, write_key_file
from gatepass.transport import utc_now
from tests.cli.gateways import fresh_pair, json_lines, rehearsal
from tests.cli.processes import shell, started
from tests.cli.samples import as_text

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


@pytest.fixture
def keys(tmp_path: Path) -> str:
    path = tmp_path / "keys.txt"
    write_key_file(path, [fresh_pair()])
    return str(path)


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_0_even_while_a_client_is_connected(
    tmp_path: Path, number: int
) -> None:
    with rehearsal(tmp_path) as live:
        host, port = live.address.split(":")
        with socket.create_connection((host, int(port))):
            code, out, err = live.end(number)
    assert code == 0
    assert out == b""
    assert b"cgw gateway with key pairs for ABC" in err
    assert b"type 'reopen ABC' to" in err


def test_it_stops_with_0_after_its_duration(keys: str) -> None:
    answer = shell("simulate", "--keys", keys, "--duration", "0.2")
    assert answer.returncode == 0
    assert answer.stdout.startswith(b"listening on 127.0.0.1:")
    assert answer.stdout.count(b"\n") == 1


def test_each_event_is_a_line_with_its_reason(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as live:
        live.logon()
        on = live.wait_for(b"logged on").decode()
        assert "ABC123N" in on
        assert live.pair.access_key_id in on
        live.logon(keys=live.wrong_keys())
        assert "✗ refused" in live.wait_for(b"refused").decode()


def test_json_writes_one_object_per_line_after_the_first(tmp_path: Path) -> None:
    with rehearsal(tmp_path, "--json") as live:
        live.logon(keys=live.wrong_keys())
        live.logon()
        code, out, _ = live.end()
    assert code == 0
    told = json_lines(out)
    assert all(set(one) == {"time", "session", "what", "detail"} for one in told)
    whats = [one["what"] for one in told]
    assert whats.index("refused") < whats.index("logged on") < whats.index("logout")


def test_the_log_contains_the_same_and_is_appended_to(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"what": "before"}\n')
    with rehearsal(tmp_path, "--json", "--log", str(log)) as live:
        live.logon(keys=live.wrong_keys())
        _, out, _ = live.end()
        live.check_secrecy(log.read_bytes())
    before, *logged = json_lines(log.read_bytes())
    assert before == {"what": "before"}
    assert logged == json_lines(out)
    assert "signature" in logged[0]["detail"]


def test_a_backup_gateway_needs_the_primary_first(tmp_path: Path) -> None:
    with rehearsal(tmp_path, "--backup-port", "0") as live:
        assert live.process.stderr is not None
        line = live.process.stderr.readline().decode()
        assert line.startswith("backup gateway on 127.0.0.1:")
        live.address = line.split()[-1]
        answer = live.logon("--sender-comp-id", "ABC123U")
        assert answer.returncode == 1
        assert b"Must be logged on to Primary" in answer.stdout


def test_the_kind_decides_what_57_must_be(tmp_path: Path) -> None:
    with rehearsal(tmp_path, "--kind", "msgw:92") as live:
        assert live.logon().returncode == 1
        assert live.logon("--target-sub-id", "92").returncode == 0


def test_the_operator_sends_a_message_and_gets_the_list_of_commands(tmp_path: Path) -> None:
    with rehearsal(tmp_path, "--json") as live:
        live.say("reopen ABC123")
        assert b"no port of ABC is closed" in live.wait_for(b"operator")
        live.say("send ABC123 hello")
        assert b"not logged on" in live.wait_for(b"operator")
        live.say("fail-over ABC123")
        assert b"not logged on: nothing was done" in live.wait_for(b"operator")
        live.say("what?")
        assert b"type 'reopen ABC' to" in live.wait_for(b"operator")
        words = ("--sender-comp-id", "ABC123N", "--state", str(tmp_path / "s"), "--stay", "60")
        with started("logon", live.address, "--keys", live.keys, *words) as client:
            live.wait_for(b"logged on")
            for line in ("\u20acuro", "x" * 70_000):
                live.say(f"send ABC123 {line}")
                assert b"nothing was" in live.wait_for(b'"operator"')
            live.say("send ABC123N good morning")  # as the log names it, and as the keys name it
            live.wait_for(b'"sent"')
            live.say("send ABC123 good morning")
            live.wait_for(b'"sent"')
            assert client.stdout is not None
            for line in client.stdout:
                if b"XmlData 213=good morning" in line:
                    break
            client.terminate()
            client.communicate(timeout=30)
        assert client.returncode == 0


@pytest.mark.parametrize("name", ["ABC123", "ABC123N"])
def test_the_operator_names_a_session_as_the_log_does_or_without_its_role(
    tmp_path: Path, name: str
) -> None:
    with rehearsal(tmp_path, "--json") as live:
        words = ("--sender-comp-id", "ABC123N", "--state", str(tmp_path / "s"), "--stay", "60")
        with started("logon", live.address, "--keys", live.keys, *words):
            live.wait_for(b'"logged on"')
            live.say(f"fail-over {name}")
            assert b"ABC123N" in live.wait_for(b'"failed over"')
        live.say(f"fail-over {name}")
        assert b"not logged on: nothing was done" in live.wait_for(b"operator")


def test_unread_output_does_not_delay_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    with rehearsal(tmp_path, "--log", str(log)) as live:
        host, _, port = live.address.rpartition(":")
        sender = encode([(35, "0"), (34, "1"), (49, "QQQ999N")])
        # Each refusal shows about 200 bytes: more in total than a pipe takes.
        for _ in range(1000):
            with socket.create_connection((host, int(port)), timeout=30) as stranger:
                stranger.sendall(sender)
                while stranger.recv(4096):
                    pass
        assert live.logon().returncode == 0
        assert json_lines(log.read_bytes())[-1]["what"] == "close"
        # The output stays unread, and the gateway still stops.
        live.process.send_signal(signal.SIGTERM)
        assert live.process.wait(30) == 0
        assert live.process.stderr is not None
        assert b"the last events were not read" in live.process.stderr.read()


@POSIX
def test_a_log_on_a_full_disk_is_reported_once(tmp_path: Path) -> None:
    with rehearsal(tmp_path, "--log", "/dev/full") as live:
        for _ in range(2):
            assert live.logon().returncode == 0
        code, _, err = live.end()
    assert code == 0
    assert err.count(b"cannot write /dev/full: No space left on device") == 1


def test_sighup_reopens_the_log_and_loses_no_line(tmp_path: Path) -> None:
    log, old = tmp_path / "log", tmp_path / "log.1"
    with rehearsal(tmp_path, "--log", str(log)) as live:
        for number in range(2):
            live.logon()
            live.wait_for(b"close")
            if number == 0:
                log.rename(old)
                live.process.send_signal(signal.SIGHUP)
                for _ in range(500):
                    if log.exists():
                        break
                    time.sleep(0.01)
        live.process.send_signal(signal.SIGHUP)
        live.logon()
        live.wait_for(b"close")
        assert live.end()[0] == 0
    lines = [file.read_text().splitlines() for file in (old, log)]
    kept = [[json.loads(line)["what"] for line in each] for each in lines]
    assert kept == [["logged on", "logout", "close"], ["logged on", "logout", "close"] * 2]


def test_a_log_that_cannot_be_reopened_continues_in_the_old_file(tmp_path: Path) -> None:
    log, old = tmp_path / "log", tmp_path / "log.1"
    with rehearsal(tmp_path, "--log", str(log)) as live:
        log.rename(old)
        log.mkdir()
        live.process.send_signal(signal.SIGHUP)
        assert live.process.stderr is not None
        for line in live.process.stderr:
            if b": Is a directory; still writing to the old file" in line:
                break
        live.logon()
        live.wait_for(b"close")
        assert live.end()[0] == 0
    assert len(old.read_text().splitlines()) == 3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another process's limits")
def test_without_file_descriptors_it_says_so_and_continues(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as live:
        host, port = live.address.split(":")
        used = max(int(file.name) for file in Path(f"/proc/{live.process.pid}/fd").iterdir())
        resource.prlimit(live.process.pid, resource.RLIMIT_NOFILE, (used + 3, used + 3))
        clients = [socket.create_connection((host, int(port))) for _ in range(12)]
        assert b"Too many open files: new connections wait" in live.wait_for(b"no room")
        for client in clients:
            client.close()
        assert live.logon().returncode == 0
        code, out, err = live.end()
    assert code == 0
    assert b"Traceback" not in err
    assert b"no room" not in out


def test_without_a_log_sighup_changes_nothing(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as live:
        live.process.send_signal(signal.SIGHUP)
        assert live.logon().returncode == 0
        assert live.end()[0] == 0


def test_it_stops_when_its_terminal_is_closed(tmp_path: Path, keys: str) -> None:
    ours, theirs = os.openpty()
    words = [sys.executable, "-m", "gatepass", "simulate", "--keys", keys, "--port", "0"]

    def hear_of_it() -> None:
        # Under nohup the tests ignore SIGHUP, and so would the processes that they start.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    with subprocess.Popen(
        words, stdin=theirs, stdout=subprocess.PIPE, preexec_fn=hear_of_it
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"listening on")
            process.send_signal(signal.SIGHUP)
            assert process.wait(timeout=30) == -signal.SIGHUP
        finally:
            process.kill()
    os.close(ours)
    os.close(theirs)


@pytest.mark.slow
def test_a_closed_port_stays_closed_after_a_restart(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text('store = "week.sqlite"\n')
    with rehearsal(tmp_path, "--config", str(config)) as live:
        wrong = live.wrong_keys()
        for _ in range(5):
            assert live.logon("--unguarded", keys=wrong).returncode == 1
    with rehearsal(tmp_path, "--config", str(config)) as live:
        assert b"Port Closure" in live.logon("--unguarded").stdout
        live.say("reopen ABC123")
        live.wait_for(b"reopened")
        assert live.logon("--unguarded").returncode == 0


def test_a_config_file_is_read_and_options_override_it(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text('kind = "msgw:92"\nstore = "week.sqlite"\n[sending-time]\nmax-age = 60\n')
    with rehearsal(tmp_path, "--config", str(config)) as live:
        assert live.logon("--target-sub-id", "92").returncode == 0
    assert (tmp_path / "week.sqlite").exists()
    with rehearsal(tmp_path, "--config", str(config)) as live:
        # A new key file, and the old sequence numbers.
        assert live.logon("--target-sub-id", "92").returncode == 0
    with rehearsal(tmp_path, "--config", str(config), "--kind", "cgw") as live:
        # The client begins at 1, as on another gateway; this gateway has its old sequence numbers.
        assert b"too low: expected" in live.logon().stdout
        assert live.logon().returncode == 0


def test_a_fault_plan_is_carried_out_and_reported(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[fault]]\ndo = "drop"\ntype = "1"\n')
    with rehearsal(tmp_path, "--fault-plan", str(plan)) as live:
        answer = live.logon()
        assert b"fault" in live.wait_for(b"fault")
    assert b"Test Request (1)" not in answer.stdout.split(b"Logout")[0]


def test_it_stops_quietly_when_its_reader_closes_the_output(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as live:
        assert live.process.stdout is not None
        live.process.stdout.close()
        live.logon()
        deadline = time.monotonic() + 30
        while live.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert live.process.stderr is not None
        assert b"Traceback" not in live.process.stderr.read()
    assert live.process.returncode == 141


def test_a_possible_secret_is_not_shown() -> None:
    report = Report(Event.REFUSED, "ABC123N", f"tag 57 is {'x' * 43}, not G")
    assert Told(utc_now(), report).detail == "tag 57 is ***, not G"


def test_control_characters_in_a_report_are_escaped() -> None:
    assert Told(utc_now(), Report(Event.REFUSED, "A\x1b[2J", "\x1b]0;x\x07")).detail == (
        "\\x1b]0;x\\x07"
    )


def test_a_refusal_names_a_secret_key_that_was_used_as_text(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as live:
        wrong = replace(live.pair, secret=SecretKey(as_text(live.pair.secret.reveal())))
        write_key_file(tmp_path / "wrong.txt", [wrong])
        assert live.logon("--keys", str(tmp_path / "wrong.txt")).returncode == 1
        assert b"cause: the Secret Key was used as text" in live.wait_for(b"refused")


def test_a_refusal_names_the_cause_and_the_log_contains_the_logon_for_explain(
    tmp_path: Path,
) -> None:
    log = tmp_path / "gateway.jsonl"
    with rehearsal(tmp_path, "--log", str(log)) as live:
        assert live.logon().returncode == 0
        other = fresh_pair(days_left=200)
        write_key_file(tmp_path / "two.txt", [live.pair, other])
        (tmp_path / "two.txt").replace(live.keys)
        wrong = replace(live.pair, secret=other.secret)
        write_key_file(tmp_path / "wrong.txt", [wrong])
        answer = live.logon("--keys", str(tmp_path / "wrong.txt"))
        line = live.wait_for(b"refused").decode()
        live.end()
        live.check_secrecy(log.read_bytes())
    assert "Invalid Logon. Logout Forced" in answer.stdout.decode()
    assert other.access_key_id not in answer.stdout.decode()
    assert f"cause: it was signed with the secret key of {other.access_key_id}" in line
    assert {"time", "session", "what", "detail"} == set.union(
        *map(set, json_lines(log.read_bytes()))
    )
    explained = shell("explain", str(log), "--keys", live.keys, "--any-time", "--json")
    assert explained.returncode == 1
    (found,) = json_lines(explained.stdout)
    assert other.access_key_id in found["cause"]
    # A log of another run, without a refusal.
    log.write_text('{"time": "", "session": "", "what": "close", "detail": "8 = FIX"}\n')
    nothing = shell("explain", str(log), "--keys", live.keys)
    assert nothing.returncode == 2
    assert b"no Logon" in nothing.stderr


@pytest.mark.slow
def test_ports_stay_open_with_no_port_closure(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("port-closure = false\n")
    for words in (["--no-port-closure"], ["--config", str(config)]):
        with rehearsal(tmp_path, *words) as live:
            wrong = live.wrong_keys()
            for _ in range(6):
                assert (
                    b"Invalid Logon. Logout Forced" in live.logon("--unguarded", keys=wrong).stdout
                )
            assert live.logon("--scenario", "beginning-of-week").returncode == 0
        (tmp_path / "keys.txt").unlink()
