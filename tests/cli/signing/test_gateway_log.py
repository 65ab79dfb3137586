"""`verify` and `explain` read a gateway's log: a refused Logon is never valid."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gatepass.cli.views.simulate import Told
from gatepass.fix.logged_logon import written
from gatepass.fix.message import Message
from gatepass.gateway import Event, Report
from tests.cli.samples import SECRET, SIGNED, TAMPERED, THEN, objects, run, write_keys
from tests.fix.samples import SIGNED as WIRE
from tests.fix.samples import having

AT = datetime.fromisoformat(THEN.replace("Z", "+00:00"))
ON_ALREADY = "the session is logged on already"


def log(*refusals: tuple[str, str], at: datetime = AT, listening: bool = False) -> str:
    """Write a log: each refusal's reason and Logon, and other reports between them."""
    lines = ["listening on 127.0.0.1:43175"] if listening else []
    for reason, logon in refusals:
        for told in (
            Told(at, Report(Event.GAP, "B08004N", "messages 2 to 3 asked for")),
            Told(at, Report(Event.REFUSED, "B08004N", reason, logon)),
            Told(at, Report(Event.REFUSED, "B08004N", reason, logon), is_logon=True),
            Told(at, Report(Event.PORT_CLOSED, "B08004N", "type: reopen B08")),
        ):
            lines.append(told.as_json())
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("time", [[], ["--any-time"], ["--at", THEN]])
@pytest.mark.parametrize("command", ["verify", "explain"])
def test_a_good_logon_that_the_gateway_refused_is_not_valid(
    tmp_path: Path, command: str, time: list[str]
) -> None:
    words = (command, "--keys", write_keys(tmp_path), *time)
    result = run(*words, stdin=log((ON_ALREADY, SIGNED)))
    assert result.exit_code == 1
    assert "✓ valid" not in result.stdout
    assert f"the gateway refused it: {ON_ALREADY}" in result.stdout
    (found,) = objects(run(*words, "--json", stdin=log((ON_ALREADY, SIGNED))))
    assert found["valid"] is False
    failed = [check for check in found["checks"] if check["outcome"] == "failed"]
    assert failed == [
        {
            "name": "gateway",
            "outcome": "failed",
            "detail": f"the gateway refused it: {ON_ALREADY}",
        }
    ]


@pytest.mark.parametrize(("late", "failed"), [(0, ["gateway"]), (9, ["sending time", "gateway"])])
@pytest.mark.parametrize("command", ["verify", "explain"])
def test_a_logon_in_a_log_is_checked_as_of_the_time_in_the_log(
    tmp_path: Path, command: str, late: int, failed: list[str]
) -> None:
    text = log(("why", SIGNED), at=AT + timedelta(seconds=late))
    words = (command, "--keys", write_keys(tmp_path), "--json")
    (found,) = objects(run(*words, stdin=text))
    wrong = [check["name"] for check in found["checks"] if check["outcome"] == "failed"]
    assert wrong == failed
    # --at and --any-time override that time.
    (found,) = objects(run(*words, "--any-time", stdin=text))
    wrong = [check["name"] for check in found["checks"] if check["outcome"] == "failed"]
    assert wrong == ["gateway"]


def test_each_logon_has_its_own_reason(tmp_path: Path) -> None:
    text = log(("the first", SIGNED), ("the second", TAMPERED), ("the third", SIGNED))
    result = run("verify", "--keys", write_keys(tmp_path), "--json", stdin=text)
    reasons = [found["checks"][-1]["detail"] for found in objects(result)]
    assert reasons == [f"the gateway refused it: the {n}" for n in ("first", "second", "third")]
    assert [found["line"] for found in objects(result)] == [3, 7, 11]


def test_a_logon_without_the_line_before_it_still_counts_as_refused(tmp_path: Path) -> None:
    alone = [line for line in log((ON_ALREADY, SIGNED)).splitlines() if '"logon"' in line]
    for text in (alone[0], "\n".join([*log(("of another", SIGNED)).splitlines()[:1], *alone])):
        result = run("verify", "--keys", write_keys(tmp_path), stdin=text)
        assert result.exit_code == 1
        assert "the gateway refused it" in result.stdout
        assert "refused it:" not in result.stdout


@pytest.mark.parametrize("time", ['""', '"yesterday"', '"2026-11-27T18:00:00"', "17", "null"])
def test_a_malformed_time_is_ignored(tmp_path: Path, time: str) -> None:
    line = f'{{"time": {time}, "session": "x", "what": "logon", "detail": {json.dumps(SIGNED)}}}'
    result = run("verify", "--keys", write_keys(tmp_path), stdin=f"{line}\n")
    assert result.exit_code == 1
    assert "sending time" in result.stdout


@pytest.mark.parametrize("command", ["verify", "explain"])
def test_lines_without_a_logon_are_skipped_and_counted(tmp_path: Path, command: str) -> None:
    """As `gatepass simulate --json > sim.jsonl` writes them."""
    path = tmp_path / "sim.jsonl"
    text = log(("why", SIGNED), ("why", SIGNED), listening=True)
    path.write_text(f"{text}press Ctrl-C to stop\n")
    result = run(command, str(path), "--keys", write_keys(tmp_path))
    assert result.exit_code == 1
    assert "BodyLength" not in result.stdout + result.stderr
    assert "8=FIX..." not in result.stdout
    assert result.stderr.splitlines()[-1] == "skipped 8 lines without a Logon"
    both = objects(run(command, str(path), "--keys", write_keys(tmp_path), "--json"))
    assert [found["line"] for found in both] == [4, 8]


@pytest.mark.parametrize("command", ["verify", "explain"])
def test_the_gateways_text_output_is_refused_with_advice(tmp_path: Path, command: str) -> None:
    path = tmp_path / "sim.log"
    path.write_text(
        "listening on 127.0.0.1:43175\n"
        "01:38:49.299  ABC123N   ✗ refused  sending time: SendingTime (52) is 9.000 s old\n"
    )
    result = run(command, str(path), "--keys", write_keys(tmp_path))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "contains no Logon: a gateway writes the Logons that it refused with" in result.stderr


def test_a_line_of_another_file_that_is_not_a_message_is_not_skipped(tmp_path: Path) -> None:
    """It may be a damaged message."""
    result = run("verify", "--keys", write_keys(tmp_path), "--at", THEN, stdin=f"{SIGNED}\nx\n")
    assert result.exit_code == 1
    assert "1 valid, 1 not valid" in result.stderr


@pytest.mark.parametrize("command", ["verify", "explain"])
def test_a_signature_over_a_hidden_value_is_not_called_wrong(tmp_path: Path, command: str) -> None:
    hidden = written(Message.parse(having(WIRE, (142, SECRET))), [])
    assert "|142=" + "*" * 43 in hidden
    words = (command, "--keys", write_keys(tmp_path), "--json")
    (found,) = objects(run(*words, stdin=log(("why", hidden))))
    outcomes = {check["name"]: check["outcome"] for check in found["checks"]}
    assert outcomes["signature"] == "not checked"
    assert found["valid"] is False


def test_a_logon_in_other_json_does_not_count_as_refused(tmp_path: Path) -> None:
    line = json.dumps({"line": 1, "logon": SIGNED})
    result = run("verify", "--keys", write_keys(tmp_path), "--at", THEN, stdin=f"{line}\n")
    assert result.exit_code == 0
    assert result.stdout.startswith("✓ valid")
