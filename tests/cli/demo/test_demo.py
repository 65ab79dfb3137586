"""`gatepass demo`."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepass.center.pairs import pairs
from gatepass.cli.demo import app as demo
from gatepass.cli.demo import center as demo_center
from gatepass.cli.demo import desk as demo_desk
from gatepass.cli.demo import live as demo_live
from gatepass.cli.demo import story as demo_story
from gatepass.keys.rules import life
from gatepass.signing import Verdict
from tests.cli.processes import shell
from tests.cli.samples import run

STEPS = [
    *("key file", "canonical string", "sign", "verify", "change", "refuse"),
    *("gateway", "beginning of week", "wrong key", "mid-week", "key rotation"),
    "in-session reset",
    *("request center", "generate", "download", "log on with it", "rotate", "old pair"),
    *("old pair over", "third pair", "delete", "audit log"),
]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make temporary folders where the test sees what is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def sent_numbers(step: dict[str, Any]) -> list[str]:
    return [
        field["value"]
        for message in step["messages"]
        for field in message["fields"]
        if message["direction"] == "sent" and field["tag"] == 34
    ]


def test_all_steps_are_shown_and_succeed(temporary: Path) -> None:
    result = run("demo")
    assert result.exit_code == 0
    assert result.stderr == ""
    headings = re.findall(r"^(\d+) +[A-Z]", result.stdout, re.MULTILINE)
    assert headings == [str(number) for number in range(1, len(STEPS) + 1)]
    for said in ("mode 0600", r"1\nABC004N\n", "|1402=", "✓ valid", "✗ not valid", "^ first diff"):
        assert said in result.stdout
    for said in ("listening on 127.0.0.1:", "→ Logon (A)  34=1  355=", "← Test Request (1)"):
        assert said in result.stdout
    for said in (
        "The client receives:  Invalid Logon. Logout Forced",
        "141=Y",
        "The gateway reports:  signature",
    ):
        assert said in result.stdout
    for said in ("active until Wed 2026-04-01 16:00 Chicago time", "names no Access Key ID"):
        assert said in result.stdout
    assert "All steps went as expected" in result.stdout
    assert list(temporary.iterdir()) == []


def test_json_gives_the_steps(temporary: Path) -> None:
    result = run("demo", "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert found["ok"] is True
    assert found["left_out"] is None
    assert [step["step"] for step in found["steps"]] == STEPS
    assert all(step["ok"] for step in found["steps"])
    steps = {step["step"]: step for step in found["steps"]}
    assert steps["verify"]["valid"] is True
    assert steps["refuse"]["valid"] is False
    assert steps["change"]["changed_bytes"] == 1
    assert steps["wrong key"]["told"] == "Invalid Logon. Logout Forced"
    first, second = (steps[name]["access_key_id"] for name in ("mid-week", "key rotation"))
    assert first == steps["key file"]["access_key_id"] != second
    # The client requests the Logout that refused the wrong key, and gets a gap fill.
    assert sent_numbers(steps["mid-week"]) == ["4", "5", "6", "7"]
    assert sent_numbers(steps["key rotation"]) == ["8", "9", "10"]
    assert sent_numbers(steps["in-session reset"]) == ["11", "12", "13", "1", "2", "3"]
    assert steps["refuse"]["expected_signature"] != steps["refuse"]["received_signature"]
    # Its gateways and explanations name all mistakes.
    assert "not tried" not in result.stdout
    assert any("no known mistake" in reason for reason in steps["wrong key"]["reasons"])
    assert not Path(steps["key file"]["path"]).exists()
    assert list(temporary.iterdir()) == []


def test_the_secret_is_in_no_output(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    generate = demo_story.generate_pair

    def remembered(*args: object) -> object:
        made.append(generate(*args))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(demo_story, "generate_pair", remembered)
    monkeypatch.setattr(demo_live, "generate_pair", remembered)
    monkeypatch.setattr(pairs, "generate_pair", remembered)
    texts = [run("demo").output, run("demo", "--json").output]
    # Two secrets of each demo, and four of its Request Center.
    assert len(made) == 12
    for pair in made:
        assert all(pair.secret.reveal() not in text for text in texts)


def test_a_refusal_for_another_reason_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    # With a wrong CheckSum, the signature is no longer the reason.
    monkeypatch.setattr(
        demo_story, "change_one_byte", lambda logon: logon.replace(b"108=30", b"108=60")
    )
    result = run("demo")
    assert result.exit_code == 1
    assert "this step failed" in result.stdout
    found = json.loads(run("demo", "--json").stdout)
    assert found["ok"] is False
    assert [step["step"] for step in found["steps"] if not step["ok"]] == ["refuse"]


def test_a_wrong_key_that_is_accepted_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    # The "wrong" pair is the right one.
    monkeypatch.setattr(demo_live, "replace", lambda pair, **_: pair)
    found = json.loads(run("demo", "--json").stdout)
    assert [step["step"] for step in found["steps"] if not step["ok"]] == ["wrong key"]


def test_a_rotation_without_effect_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_live, "write_key_file", lambda *_: None)
    found = json.loads(run("demo", "--json").stdout)
    assert [step["step"] for step in found["steps"] if not step["ok"]] == ["key rotation"]


def test_an_invalid_signed_logon_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Verdict, "valid", False)
    assert run("demo").exit_code == 1
    assert run("demo", "--json").exit_code == 1


def test_a_change_that_is_not_noticed_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_story, "change_one_byte", lambda logon: logon)
    found = json.loads(run("demo", "--json").stdout)
    assert [step["step"] for step in found["steps"] if not step["ok"]] == ["change", "refuse"]


def test_a_pair_that_is_not_deleted_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_desk.Desk, "delete", lambda *_: None)
    found = json.loads(run("demo", "--json").stdout)
    assert [step["step"] for step in found["steps"] if not step["ok"]] == ["delete"]


def test_a_pair_that_is_valid_too_long_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "OVERLAP", timedelta(weeks=8))
    found = json.loads(run("demo", "--json").stdout)
    # The audit check also compares how long a pair is valid.
    failed = [step["step"] for step in found["steps"] if not step["ok"]]
    assert failed == ["rotate", "audit log"]


@pytest.mark.parametrize("package", ["sqlalchemy", "exchange_calendars"])
def test_without_the_extra_its_part_is_skipped_with_one_line(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    result = run("demo")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.count("pip install 'gatepass[center]'") == 1
    found = json.loads(run("demo", "--json").stdout)
    assert (found["ok"], found["left_out"]) == (True, demo_center.LEFT_OUT)
    assert [step["step"] for step in found["steps"]] == STEPS[:12]


def test_with_its_pauses_it_takes_less_than_ten_seconds() -> None:
    assert 0 < demo.PACE * (len(STEPS) - 1) < 9


def test_the_installed_script_works_too() -> None:
    answer = shell("demo", "--json")
    assert answer.returncode == 0
    assert answer.stderr == b""
    assert json.loads(answer.stdout)["ok"] is True
