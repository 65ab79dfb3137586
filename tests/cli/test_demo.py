"""`gatepass demo`."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import pytest

from gatepass.cli import demo, demo_story
from gatepass.signing import Verdict
from tests.cli.processes import shell
from tests.cli.samples import run

STEPS = ["key file", "canonical string", "sign", "verify", "change", "refuse"]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have temporary folders made where the test sees what is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_whole_story_is_told(temporary: Path) -> None:
    result = run("demo")
    assert result.exit_code == 0
    assert result.stderr == ""
    headings = re.findall(r"^(\d)  ", result.stdout, re.MULTILINE)
    assert headings == ["1", "2", "3", "4", "5", "6"]
    for said in ("mode 0600", r"1\nABC004N\n", "|1402=", "✓ valid", "✗ not valid", "^ differs"):
        assert said in result.stdout
    assert "Everything turned out as it should" in result.stdout
    assert list(temporary.iterdir()) == []


def test_json_gives_the_steps(temporary: Path) -> None:
    result = run("demo", "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert found["ok"] is True
    assert [step["step"] for step in found["steps"]] == STEPS
    assert all(step["ok"] for step in found["steps"])
    steps = {step["step"]: step for step in found["steps"]}
    assert steps["verify"]["valid"] is True
    assert steps["refuse"]["valid"] is False
    assert steps["change"]["changed_bytes"] == 1
    assert steps["refuse"]["expected_signature"] != steps["refuse"]["received_signature"]
    assert not Path(steps["key file"]["path"]).exists()
    assert list(temporary.iterdir()) == []


def test_the_secret_is_in_no_output(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    generate = demo_story.generate_pair

    def remembered(*args: object) -> object:
        made.append(generate(*args))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(demo_story, "generate_pair", remembered)
    texts = [run("demo").output, run("demo", "--json").output]
    assert len(made) == 2
    for pair in made:
        assert all(pair.secret.reveal() not in text for text in texts)


def test_a_refusal_for_another_reason_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without a right CheckSum it is no longer the signature that tells.
    monkeypatch.setattr(
        demo_story, "change_one_byte", lambda logon: logon.replace(b"108=30", b"108=60")
    )
    result = run("demo")
    assert result.exit_code == 1
    assert "this did not turn out as it should" in result.stdout
    found = json.loads(run("demo", "--json").stdout)
    assert found["ok"] is False
    assert [step["step"] for step in found["steps"] if not step["ok"]] == ["refuse"]


def test_a_signed_logon_that_is_not_valid_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Verdict, "valid", False)
    assert run("demo").exit_code == 1
    assert run("demo", "--json").exit_code == 1


def test_a_change_that_goes_unnoticed_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_story, "change_one_byte", lambda logon: logon)
    found = json.loads(run("demo", "--json").stdout)
    assert [step["step"] for step in found["steps"] if not step["ok"]] == ["change", "refuse"]


def test_the_pauses_leave_it_under_ten_seconds() -> None:
    assert 0 < demo.PACE * (len(STEPS) - 1) < 9


def test_the_script_tells_it_too() -> None:
    answer = shell("demo", "--json")
    assert answer.returncode == 0
    assert answer.stderr == b""
    assert json.loads(answer.stdout)["ok"] is True
