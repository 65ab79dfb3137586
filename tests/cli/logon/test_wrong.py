"""Logons that are wrong on purpose: the table in docs/rehearse.md, and its limits."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepass.keys import write_key_file
from tests.cli.gateways import Rehearsal, fresh_pair, json_lines, rehearsal
from tests.cli.processes import started
from tests.cli.samples import run, write_keys

PAPER = Path(__file__).parents[3] / "docs" / "rehearse.md"
#: What is wrong, what to add to the command, and what the gateway says.
ROW = re.compile(r"\| ([^|`]+) \| `(--[^|`]+)` \| `([^|`]+)` \|")
ROWS = ROW.findall(PAPER.read_text(encoding="utf-8"))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Rehearsal]:
    """A running gateway."""
    with rehearsal(tmp_path) as running:
        yield running


def test_the_table_exists() -> None:
    """Without it, the next test would test nothing."""
    assert len(ROWS) > 10
    assert {"--set", "--omit", "--scenario"} <= {row[1].split()[0] for row in ROWS}


@pytest.mark.slow
@pytest.mark.parametrize(("wrong", "words", "text"), ROWS, ids=[row[0] for row in ROWS])
def test_the_gateway_answers_as_in_the_table_and_the_next_logon_is_good(
    live: Rehearsal, wrong: str, words: str, text: str
) -> None:
    assert live.logon().returncode == 0
    refused = live.logon(*shlex.split(words), "--json")
    assert refused.returncode == 1
    ending = json_lines(refused.stdout)[-1]
    assert (ending["result"], ending["text"]) == ("refused", text)
    assert ending["what_to_do"]
    assert live.logon().returncode == 0


def test_the_numbers_continue_from_a_higher_number(live: Rehearsal) -> None:
    assert live.logon().returncode == 0
    assert live.logon("--set", "34=99").returncode == 0
    assert b"messages 4 to 98 asked for" in live.wait_for(b"gap")
    assert live.logon("--json").returncode == 0


def test_a_number_far_too_high_is_bad_input_and_changes_nothing(live: Rehearsal) -> None:
    for number in (2502, 999_999_999):
        answer = live.logon("--set", f"34={number}")
        assert answer.returncode == 2
        assert b"34" in answer.stderr
        assert b"give at most 2501; nothing was sent" in answer.stderr
        assert b"Logon (A) sent" not in answer.stdout
    assert live.logon().returncode == 0


def test_several_changes_can_be_made_at_once(live: Rehearsal) -> None:
    answer = live.logon("--set", "141=Y", "--set", "9999=a=b", "--omit", "142", "--json")
    *events, ending = json_lines(answer.stdout)
    assert ending["text"] == "SenderLocationId (142) tag is not present"
    fields = next(event["fields"] for event in events if event.get("name") == "Logon")
    values = {field["tag"]: field["value"] for field in fields}
    assert (values[141], values[9999]) == ("Y", "a=b")
    assert 142 not in values


def test_the_whole_table_runs_in_order_without_port_closure(tmp_path: Path) -> None:
    """As a reader runs it: one after the other, without a good Logon in between."""
    with rehearsal(tmp_path, "--no-port-closure") as live:
        assert live.logon().returncode == 0
        for _, words, text in ROWS:
            answer = live.logon(*shlex.split(words), "--json")
            assert json_lines(answer.stdout)[-1]["text"] == text
        assert live.logon().returncode == 0


def test_a_fifth_wrong_logon_is_sent_and_none_counts_for_an_exchange(
    live: Rehearsal, own_state: Path
) -> None:
    for _ in range(4):
        assert b"Logon (A) sent" in live.logon("--omit", "142").stdout
    fifth = live.logon("--omit", "142")
    assert fifth.returncode == 1
    assert b"CME Administered Port Closure" in fifth.stdout
    assert not (own_state / "gatepass" / "logons.sqlite").exists()


@pytest.mark.parametrize(
    ("target", "words", "named"),
    [
        ("127.0.0.1:1", ("--set", "9=5"), "tag 9 cannot be altered"),
        ("127.0.0.1:1", ("--omit", "35"), "tag 35 cannot be altered"),
        ("127.0.0.1:1", ("--set", "49=XYZ123N"), "log on with that"),
        ("127.0.0.1:1", ("--set", "1402=x"), "use a wrong key"),
        ("127.0.0.1:1", ("--set", "141="), "leave the tag out"),
        ("127.0.0.1:1", ("--set", "141=Y", "--omit", "141"), "named twice"),
        ("127.0.0.1:1", ("--set", "141"), "such as 141=Y"),
        ("127.0.0.1:1", ("--set", "x=Y"), "such as 141=Y"),
        ("127.0.0.1:1", ("--omit", "142=US"), "such as 142"),
        ("example.com:1", ("--set", "141=Y"), "--set: example.com is not this machine"),
        ("example.com:1", ("--omit", "142"), "--omit: example.com is not this machine"),
        ("127.0.0.1:1", ("--omit", "142", "--backup", "127.0.0.1:2"), "leave out --backup"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_change_that_makes_no_sense_is_bad_input(
    tmp_path: Path, target: str, words: tuple[str, ...], named: str
) -> None:
    keys = ("--keys", write_keys(tmp_path), "--state", str(tmp_path / "state"))
    result = run("logon", target, "--sender-comp-id", "ABC123U", *keys, *words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert named in result.stderr
    assert not (tmp_path / "state").exists()


def test_an_unknown_session_is_refused(live: Rehearsal) -> None:
    keys = live.folder / "xyz.txt"
    other = fresh_pair("XYZ")
    live.secrets.append(other.secret.reveal())
    write_key_file(keys, [other])
    answer = live.logon("--sender-comp-id", "XYZ123N", "--json", keys=str(keys))
    assert json_lines(answer.stdout)[-1]["text"] == "Invalid Logon. Logout Forced"
    assert b"Session ID XYZ" in live.wait_for(b"refused")


def test_a_second_logon_of_a_logged_on_session_is_refused(live: Rehearsal) -> None:
    words = ("--sender-comp-id", "ABC123N", "--state", str(live.folder / "one"), "--stay", "60")
    with started("logon", live.address, "--keys", live.keys, *words) as first:
        live.wait_for(b"logged on")
        # The same state is in use; only with another one does the Logon reach the gateway.
        assert b"is in use" in live.logon("--state", str(live.folder / "one")).stderr
        second = live.logon("--state", str(live.folder / "two"), "--json")
        assert json_lines(second.stdout)[-1]["text"] == "Invalid logon. Logout forced."
        assert b"logged on already" in live.wait_for(b"refused")
        first.terminate()
        first.communicate(timeout=30)
        assert first.returncode == 0
