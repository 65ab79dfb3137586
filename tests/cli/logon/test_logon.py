"""`gatepass logon` against `gatepass simulate`, in two processes."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gatepass.cli.logon.run import _Run
from gatepass.keys import write_key_file
from tests.cli.gateways import Rehearsal, fresh_pair, json_lines, rehearsal
from tests.cli.processes import shell, started
from tests.cli.samples import run, write_keys

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and modes as POSIX has them")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Rehearsal]:
    """A running gateway."""
    with rehearsal(tmp_path) as running:
        yield running


def told(answer: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the messages of a run with --json, and how it ended."""
    *events, ending = json_lines(answer.stdout)
    return [event for event in events if "direction" in event], ending


def notes(answer: Any, what: str) -> list[dict[str, Any]]:
    """Return the notes of a run with --json."""
    return [event for event in json_lines(answer.stdout)[:-1] if what in event]


def spoilt(folder: Path, **fault: Any) -> tuple[str, str]:
    """Write a fault plan; return the options that make a gateway use it."""
    plan = folder / "plan.toml"
    lines = (f"{key.replace('_', '-')} = {value!r}\n" for key, value in fault.items())
    plan.write_text("[[fault]]\n" + "".join(lines))
    return "--fault-plan", str(plan)


def free_address() -> str:
    """Return an address where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def values(message: dict[str, Any]) -> dict[int, str]:
    return {field["tag"]: field["value"] for field in message["fields"]}


def flow(messages: list[dict[str, Any]]) -> list[str]:
    return [("> " if m["direction"] == "sent" else "< ") + m["name"] for m in messages]


def test_the_first_logon_of_the_week_shows_the_whole_conversation(live: Rehearsal) -> None:
    answer = live.logon()
    assert answer.returncode == 0
    text = answer.stdout.decode()
    for said in (
        "→ Logon (A) sent",
        "← Logon (A) received",
        "← Test Request (1) received",
        "→ Heartbeat (0) sent",
        "→ Logout (5) sent",
        "← Logout (5) received",
        "SenderCompID 49=ABC123N",
        f"EncodedText 355={live.pair.access_key_id}",
        "EncryptedPassword 1402=*** (43 characters)",
        "✓ logged on and logged out cleanly",
    ):
        assert said in text
    assert b"logged on" in live.wait_for(b"ABC123N")


def test_json_gives_the_messages_and_the_ending(live: Rehearsal) -> None:
    answer = live.logon("--json")
    assert answer.returncode == 0
    messages, ending = told(answer)
    assert flow(messages)[:2] == ["> Logon", "< Logon"]
    assert flow(messages)[-2:] == ["> Logout", "< Logout"]
    logon = messages[0]
    assert set(logon) == {"time", "direction", "msg_type", "name", "fields"}
    assert values(logon)[34] == "1"
    assert values(logon)[1402].startswith("***")
    assert {"tag": 49, "name": "SenderCompID", "value": "ABC123N"} in logon["fields"]
    assert ending == {"result": "logged out", "text": None, "next_expected": 4, "what_to_do": None}


def test_the_second_logon_is_mid_week_and_its_numbers_continue(live: Rehearsal) -> None:
    first, _ = told(live.logon("--json"))
    second, _ = told(live.logon("--json"))
    assert int(values(second[0])[34]) == int(values(first[-2])[34]) + 1
    assert 141 not in values(second[0])


def test_the_chosen_scenario_is_named(live: Rehearsal) -> None:
    first = live.logon().stdout.decode()
    assert "· scenario beginning-of-week: the first logon of the week" in first
    assert first.index("scenario") < first.index("Logon (A) sent")
    assert b"scenario mid-week: the stored sequence numbers continue" in live.logon().stdout
    answer = live.logon("--scenario", "in-session", "--json")
    named = notes(answer, "scenario")
    assert [note["scenario"] for note in named] == ["mid-week", "in-session"]
    assert all(set(note) == {"time", "scenario"} for note in named)


def test_an_ignored_garbled_message_is_shown(tmp_path: Path) -> None:
    with rehearsal(tmp_path, *spoilt(tmp_path, do="corrupt", type="1", byte=40)) as live:
        answer = live.logon("--stay", "1")
        assert answer.returncode == 0
        assert "! ignored a garbled message: " in answer.stdout.decode()
    with rehearsal(tmp_path, *spoilt(tmp_path, do="corrupt", type="1", byte=40)) as live:
        answer = live.logon("--scenario", "beginning-of-week", "--json")
        (note,) = notes(answer, "garbled")
        assert set(note) == {"time", "garbled"}
        assert "CheckSum" in note["garbled"]


def test_a_message_with_a_malformed_field_is_garbled_and_not_shown() -> None:
    shown: list[Any] = []

    async def story() -> None:
        run = _Run(shown.append)
        body = b"35=0\x01no tag\x01"
        wire = b"8=FIX.4.2\x019=%d\x01%s" % (len(body), body)
        run.trace("", False, wire + b"10=%03d\x01" % (sum(wire) % 256))

    asyncio.run(story())
    assert shown == []


def test_a_session_that_the_client_ends_shows_the_reason_and_what_to_do(
    tmp_path: Path,
) -> None:
    plan = spoilt(tmp_path, do="wrong-number", type="1", by=-1)
    with rehearsal(tmp_path, *plan) as live:
        answer = live.logon("--stay", "60", "--json")
    assert answer.returncode == 3
    ending = told(answer)[1]
    assert ending["result"] == "no connection"
    assert ending["text"] == (
        "the connection ended: MsgSeqNum (34) too low: expected 2, received 1"
    )
    assert "Log on again: the numbers continue" in ending["what_to_do"]
    with rehearsal(tmp_path, *plan) as live:
        text = live.logon("--scenario", "beginning-of-week", "--stay", "60").stdout.decode()
    assert "✗ the connection ended: MsgSeqNum (34) too low: expected 2, received 1\n" in text
    assert "What to do: The gateway used one number for two messages" in text


@pytest.mark.parametrize("scenario", ["beginning-of-week", "in-session"])
def test_after_a_lost_connection_it_can_log_on_again(tmp_path: Path, scenario: str) -> None:
    # In session, the connection is cut at the Test Request before the Logon.
    kind = "0" if scenario == "beginning-of-week" else "1"
    with rehearsal(tmp_path, *spoilt(tmp_path, do="disconnect", on="receive", type=kind)) as live:
        answer = live.logon("--scenario", scenario, "--stay", "60", "--json")
        assert answer.returncode == 3
        ending = told(answer)[1]
        assert ending["result"] == "no connection"
        assert ending["text"].startswith(
            ("the gateway closed the connection", "the connection broke")
        )
        assert ending["what_to_do"].startswith("The connection was lost during the session")
        assert "the numbers continue" in ending["what_to_do"]
        assert live.logon().returncode == 0


def test_an_unconfirmed_logout_is_shown_with_advice(tmp_path: Path) -> None:
    with rehearsal(tmp_path, *spoilt(tmp_path, do="drop", type="5")) as live:
        answer = live.logon("--json")
    assert answer.returncode == 3
    ending = told(answer)[1]
    assert ending["text"] == "the Logout was not confirmed"
    assert "the numbers continue" in ending["what_to_do"]


@pytest.mark.parametrize("scenario", ["beginning-of-week", "mid-week", "auto"])
def test_a_scenario_can_be_chosen(live: Rehearsal, scenario: str) -> None:
    if scenario == "mid-week":
        live.logon()
    answer = live.logon("--scenario", scenario, "--json")
    assert answer.returncode == 0
    assert values(told(answer)[0][0])[34] == ("4" if scenario == "mid-week" else "1")


@pytest.mark.parametrize("again", [False, True])
def test_in_session_logs_on_first_and_then_resets_the_numbers(live: Rehearsal, again: bool) -> None:
    if again:
        live.logon()
    answer = live.logon("--scenario", "in-session", "--json")
    assert answer.returncode == 0
    messages, _ = told(answer)
    logons = [values(m) for m in messages if m["name"] == "Logon" and m["direction"] == "sent"]
    assert [logon.get(141) for logon in logons] == [None, "Y"]
    assert logons[1][34] == "1"
    order = flow(messages)
    assert order.index("> Test Request") < len(order) - 1 - order[::-1].index("> Logon")


def test_a_refused_wrong_key_shows_the_text_and_what_to_do(live: Rehearsal) -> None:
    answer = live.logon(keys=live.wrong_keys())
    assert answer.returncode == 1
    text = answer.stdout.decode()
    assert "✗ refused: Invalid Logon. Logout Forced" in text
    assert "What to do: The exchange does not say which part failed" in text
    refused = live.wait_for(b"refused").decode()
    assert "signature: EncryptedPassword (1402) is not the signature" in refused


def test_a_refusal_is_written_as_json(live: Rehearsal) -> None:
    answer = live.logon("--json", keys=live.wrong_keys())
    assert answer.returncode == 1
    messages, ending = told(answer)
    assert flow(messages) == ["> Logon", "< Logout"]
    assert ending["result"] == "refused"
    assert ending["text"] == "Invalid Logon. Logout Forced"
    assert ending["next_expected"] == 1
    assert "key pair" in ending["what_to_do"]


def test_a_second_first_logon_is_refused_and_the_next_one_uses_789(
    live: Rehearsal,
) -> None:
    live.logon()
    refused = live.logon("--scenario", "beginning-of-week", "--json")
    assert refused.returncode == 1
    assert "too low" in told(refused)[1]["text"]
    answer = live.logon("--json")
    assert answer.returncode == 0
    assert values(told(answer)[0][0])[34] == str(told(refused)[1]["next_expected"])


def test_lost_state_is_refused_once_and_then_fixed_by_789(live: Rehearsal) -> None:
    live.logon()
    other = str(live.folder / "other")
    assert live.logon("--state", other).returncode == 1
    assert live.logon("--state", other).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "text", "advice"),
    [
        (("--set", "108=61"), "Heartbeat value invalid", "5 to 60"),
        (("--target-sub-id", "92"), "TargetSubId (57)", "G on a CGW"),
        (("--set", "49=ABC123P"), "Primary Indication", "U, or N"),
        (("--set", "49=ABC123X"), "fault tolerance indicator", "U, or N"),
        (("--set", "50=A"), "SENDER_SUB_ID", "2 to 18"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_each_refusal_is_shown_with_advice(
    live: Rehearsal, words: tuple[str, ...], text: str, advice: str
) -> None:
    answer = live.logon(*words, "--json")
    assert answer.returncode == 1
    ending = told(answer)[1]
    assert text in ending["text"]
    assert advice in ending["what_to_do"]


@pytest.mark.slow
def test_the_fifth_invalid_logon_is_not_sent_even_after_a_restart(
    live: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = live.wrong_keys()
    for _ in range(4):
        assert b"refused" in live.logon(keys=wrong).stdout
    held = live.logon("--json", keys=wrong)
    assert held.returncode == 1
    messages, ending = told(held)
    assert messages == []
    assert ending["result"] == "held back"
    assert "would close the port" in ending["text"]
    # Another state folder or another firm does not change that.
    assert live.logon("--state", str(live.folder / "elsewhere")).returncode == 1
    assert live.logon("--sender-comp-id", "ABC456N").returncode == 1
    # The port is still open: another user of this machine can log on.
    monkeypatch.setenv("XDG_STATE_HOME", str(live.folder / "other"))
    assert live.logon().returncode == 0


@pytest.mark.slow
def test_a_port_closes_at_the_fifth_invalid_logon_and_the_operator_opens_it(
    live: Rehearsal,
) -> None:
    wrong = live.wrong_keys()
    for _ in range(4):
        live.logon("--unguarded", keys=wrong)
    closing_one = live.logon("--unguarded", keys=wrong)
    assert closing_one.returncode == 1
    assert b"(1000) CME Administered Port Closure" in closing_one.stdout
    assert b"reopen" in closing_one.stdout
    assert b"type: reopen ABC\n" in live.wait_for(b"port closed")
    assert live.logon("--unguarded").returncode == 1
    live.say("reopen ABC")
    live.wait_for(b"reopened")
    assert live.logon("--unguarded").returncode == 0


def test_a_pair_added_to_the_key_file_is_used_without_a_restart(live: Rehearsal) -> None:
    live.logon()
    second = fresh_pair(days_left=301)
    live.secrets.append(second.secret.reveal())
    write_key_file(Path(live.keys), [live.pair, second])
    answer = live.logon("--json")
    assert answer.returncode == 0
    assert values(told(answer)[0][0])[355] == second.access_key_id
    old = live.logon("--json", "--access-key", live.pair.access_key_id)
    assert values(told(old)[0][0])[355] == live.pair.access_key_id


def test_each_session_has_a_state_file_that_only_its_owner_can_read(
    live: Rehearsal, own_state: Path
) -> None:
    live.logon()
    state = live.folder / "state"
    assert [path.name for path in state.glob("*.sqlite")] == ["ABC123.sqlite"]
    if os.name == "posix":
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
    with closing(sqlite3.connect(state / "ABC123.sqlite")) as db:
        assert db.execute("SELECT next_out FROM session").fetchall() == [(4,)]
    with closing(sqlite3.connect(own_state / "gatepass" / "logons.sqlite")) as db:
        assert db.execute("SELECT * FROM logon_attempt").fetchall() == []


def test_a_market_segment_has_its_own_sequence_numbers(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with rehearsal(tmp_path) as cgw:
        for _ in range(2):
            assert cgw.logon().returncode == 0
    with rehearsal(tmp_path, "--kind", "msgw:64") as segment:
        # Its first Logon of the week has the number 1.
        answer = segment.logon("--json", "--target-sub-id", "64")
        assert values(told(answer)[0][0])[34] == "1"
    assert sorted(path.name for path in state.glob("*.sqlite")) == [
        "ABC123-64.sqlite",
        "ABC123.sqlite",
    ]


def test_a_target_sub_id_that_could_be_a_path_is_refused(live: Rehearsal) -> None:
    assert live.logon("--target-sub-id", "../x").returncode == 2


@POSIX
def test_a_user_without_a_folder_for_state_gets_an_error(
    live: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = live.folder / "file"
    file.touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(file))
    answer = live.logon()
    assert answer.returncode == 2
    assert b"set XDG_STATE_HOME" in answer.stderr


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_stay_cleanly(live: Rehearsal, number: int) -> None:
    words = ("--sender-comp-id", "ABC123N", "--state", str(live.folder / "s"), "--stay", "60")
    with started("logon", live.address, "--keys", live.keys, *words) as client:
        assert client.stdout is not None
        for line in client.stdout:
            if b"Heartbeat (0)" in line:
                break
        client.send_signal(number)
        out, _ = client.communicate(timeout=30)
    assert client.returncode == 0
    assert "✓ logged on and logged out cleanly" in out.decode()


def test_a_gateway_that_disappears_is_exit_code_3(live: Rehearsal) -> None:
    words = ("--sender-comp-id", "ABC123N", "--state", str(live.folder / "s"), "--stay", "60")
    with started("logon", live.address, "--keys", live.keys, *words) as client:
        assert client.stdout is not None
        for line in client.stdout:
            if b"Heartbeat (0)" in line:
                break
        live.process.kill()
        out, _ = client.communicate(timeout=30)
    assert client.returncode == 3
    text = out.decode()
    # It depends on whether the system has unread data.
    assert re.search(
        "✗ (the gateway closed the connection without a message|the connection broke)", text
    )
    assert "What to do: The connection was lost" in text


def test_a_gateway_that_forgot_the_week_is_recognised(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as live:
        live.logon()
    with rehearsal(tmp_path) as live:
        answer = live.logon()
        assert answer.returncode == 1
        assert b"Failed to reset sequence numbers" in answer.stdout
        assert b"the next Logon begins the week again" in answer.stdout
        again = live.logon()
        assert again.returncode == 0
        assert b"asked for" not in again.stdout


def backup_of(live: Rehearsal) -> str:
    """Read where the backup gateway listens."""
    assert live.process.stderr is not None
    line = live.process.stderr.readline().decode()
    assert line.startswith("backup gateway on ")
    return line.split()[-1]


def test_with_a_backup_each_message_names_its_connection(tmp_path: Path) -> None:
    with rehearsal(tmp_path, "--backup-port", "0") as live:
        words = ("--sender-comp-id", "ABC123U", "--backup", backup_of(live))
        messages, ending = told(live.logon(*words, "--json"))
        assert ending["result"] == "logged out"
        logons = [(m["connection"], values(m)[34]) for m in messages if m["name"] == "Logon"]
        assert logons == [("primary", "1")] * 2 + [("backup", "1")] * 2
        text = live.logon(*words).stdout.decode()
        assert "→ Logon (A) sent on the primary" in text
        assert "← Logon (A) received on the backup" in text
        assert "✓ logged on and logged out cleanly" in text


@pytest.mark.parametrize("json", [True, False])
def test_a_failover_is_shown_and_survived(tmp_path: Path, json: bool) -> None:
    with rehearsal(tmp_path, "--backup-port", "0") as live:
        session = ("--sender-comp-id", "ABC123U", "--state", str(tmp_path / "s"))
        words = [*session, "--stay", "60", "--backup", backup_of(live)]
        words += ["--json"] if json else []
        with started("logon", live.address, "--keys", live.keys, *words) as client:
            while b"ABC123B" not in live.wait_for(b"logged on"):
                pass
            live.say("fail-over ABC123")
            assert b"the backup is promoted" in live.wait_for(b"failed over")
            assert client.stdout is not None
            sign = b'"promoted": true' if json else b"failover: the backup is now the primary"
            assert any(sign in line for line in client.stdout)
            live.say("send ABC123 still here")
            assert any(b"still here" in line for line in client.stdout)
            client.terminate()
            client.communicate(timeout=30)
        assert client.returncode == 0
        # The sequence numbers continued, so the next Logon is accepted.
        assert live.logon(*session).returncode == 0


def test_a_backup_that_is_down_does_not_end_the_session(live: Rehearsal) -> None:
    words = ("--sender-comp-id", "ABC123U", "--backup", free_address())
    answer = live.logon(*words, "--json", "--stay", "0.5")
    assert answer.returncode == 0
    assert {m["connection"] for m in told(answer)[0]} == {"primary"}
    (note, *_) = notes(answer, "fault_tolerance")
    assert note["connection"] == "backup"
    assert note["fault_tolerance"].startswith("no fault tolerance: no connection to 127.0.0.1")
    text = live.logon(*words, "--stay", "0.5")
    assert "! no fault tolerance: no connection to" in text.stdout.decode()
    assert b"fault tolerance" not in text.stderr


def test_a_backup_that_refuses_the_logon_is_an_error(tmp_path: Path) -> None:
    plan = spoilt(tmp_path, do="expire-pair", on="send", type="1")
    with rehearsal(tmp_path, "--backup-port", "0", *plan) as live:
        answer = live.logon("--sender-comp-id", "ABC123U", "--backup", backup_of(live), "--json")
        assert answer.returncode == 1
        assert told(answer)[1]["text"] == "Invalid Logon. Logout Forced"


def test_in_session_with_a_backup_uses_the_primary(tmp_path: Path) -> None:
    with rehearsal(tmp_path, "--backup-port", "0") as live:
        words = ("--sender-comp-id", "ABC123U", "--backup", backup_of(live))
        messages, ending = told(live.logon(*words, "--scenario", "in-session", "--json"))
        assert ending["result"] == "logged out"
        resets = [m["connection"] for m in messages if values(m).get(141) == "Y"]
        assert resets == ["primary", "primary"]


def test_a_lost_primary_is_shown_with_what_to_do(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[fault]]\ndo = "disconnect"\non = "receive"\ntype = "0"\nnth = 3\n')
    backup = ("--backup-port", "0", "--fault-plan", str(plan))
    with rehearsal(tmp_path, *backup) as live:
        words = ("--sender-comp-id", "ABC123U", "--backup", backup_of(live))
        answer = live.logon(*words, "--heartbeat", "5", "--stay", "60", "--json")
        assert answer.returncode == 1
        ending = told(answer)[1]
        assert ending["text"] == "Logout initiated due to disconnect on primary connection"
        assert "primary again" in ending["what_to_do"]


def test_no_gateway_is_exit_code_3(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    keys = tmp_path / "keys.txt"
    write_key_file(keys, [fresh_pair()])
    words = ("--keys", str(keys), "--sender-comp-id", "ABC123N", "--state", str(tmp_path / "s"))
    answer = shell("logon", f"127.0.0.1:{port}", *words)
    assert answer.returncode == 3
    assert b"Connection refused" in answer.stdout
    assert b"What to do: Check that the gateway runs" in answer.stdout
    ending = json_lines(shell("logon", f"127.0.0.1:{port}", *words, "--json").stdout)[-1]
    assert ending["result"] == "no connection"


def test_a_peer_that_hangs_up_without_an_answer_is_exit_code_3_and_counts(
    tmp_path: Path, own_state: Path
) -> None:
    keys = tmp_path / "keys.txt"
    write_key_file(keys, [fresh_pair()])
    state = tmp_path / "s"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)

        thread = threading.Thread(target=hang_up)
        thread.start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        words = ("--keys", str(keys), "--sender-comp-id", "ABC123N", "--state", str(state))
        answer = shell("logon", address, *words)
        thread.join()
    assert answer.returncode == 3
    assert b"without a message" in answer.stdout
    with closing(sqlite3.connect(own_state / "gatepass" / "logons.sqlite")) as db:
        assert db.execute("SELECT name FROM logon_attempt").fetchall() == [("ABC on loopback",)]


def test_an_expired_pair_is_bad_input_and_nothing_is_sent(live: Rehearsal) -> None:
    keys = write_keys(live.folder, name="old.txt")
    answer = live.logon("--sender-comp-id", "B08123N", keys=keys)
    assert answer.returncode == 2
    assert answer.stdout == b""
    assert b"expired at" in answer.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("localhost", "--sender-comp-id", "ABC123N"), "HOST:PORT"),
        (("localhost:0", "--sender-comp-id", "ABC123N"), "HOST:PORT"),
        (("h..x:1", "--sender-comp-id", "ABC123N"), "HOST:PORT"),
        ((f"{'a' * 70}.example:1", "--sender-comp-id", "ABC123N"), "1 to 63 characters"),
        (("localhost:1", "--sender-comp-id", "ABC123U", "--backup", "h..x:1"), "--backup"),
        (("localhost:1", "--sender-comp-id", "../ABC"), "--sender-comp-id"),
        (("example.com:1", "--sender-comp-id", "ABC123N", "--unguarded"), "--unguarded"),
        (("localhost:1", "--sender-comp-id", "ABC123N", "--scenario", "x"), "--scenario"),
        (("localhost:1", "--sender-comp-id", "ABC123U", "--backup", "here"), "--backup"),
        (("localhost:1", "--sender-comp-id", "ABC123N", "--backup", "h:2"), "--sender-comp-id"),
        (
            (
                *("localhost:1", "--sender-comp-id", "ABC123U", "--unguarded"),
                *("--backup", "example.com:1"),
            ),
            "--unguarded",
        ),
        (("localhost:1", "--sender-comp-id", "ABC123N", "--access-key", "not/one"), "355"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_exit_code_2(tmp_path: Path, words: tuple[str, ...], named: str) -> None:
    keys = write_keys(tmp_path)
    result = run("logon", *words, "--keys", keys, "--state", str(tmp_path / "state"))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert named in result.stderr


def test_a_state_file_that_is_not_a_database_is_bad_input(live: Rehearsal) -> None:
    state = live.folder / "state"
    state.mkdir()
    (state / "ABC123.sqlite").write_bytes(b"this is no database" * 100)
    answer = live.logon()
    assert answer.returncode == 2
    assert b"cannot be opened: file is not a database" in answer.stderr
