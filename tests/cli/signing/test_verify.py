"""`gatepass verify`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gatepass.fix.checks import CHECKS
from tests.cli.samples import (
    ACCESS_KEY_ID,
    INCOMPLETE,
    LATER,
    RAW,
    SIGNED,
    STRANGER,
    TAMPERED,
    THEN,
    objects,
    run,
    write_keys,
)


def test_a_valid_logon_gives_its_checks_and_exit_code_0(tmp_path: Path) -> None:
    result = run("verify", "--keys", write_keys(tmp_path), "--at", THEN, stdin=SIGNED)
    assert result.exit_code == 0
    answer, *checks = result.stdout.splitlines()
    assert answer.startswith("✓ valid  B08004N  ")
    assert ACCESS_KEY_ID in answer
    assert [check[len("✓ passed  ") :].split("  ")[0] for check in checks] == list(CHECKS)
    assert all(check.startswith("✓ passed  ") for check in checks)
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("logon", "failed"),
    [
        (TAMPERED, "signature"),
        (RAW, "credentials"),
        (INCOMPLETE, "signed fields"),
        (STRANGER, "session"),
        (SIGNED.replace("BRIO", "XYZW"), "message"),
        ("8=FIX.4.2|nonsense", "message"),
    ],
)
def test_a_logon_that_is_not_valid_names_the_check_and_gives_exit_code_1(
    tmp_path: Path, logon: str, failed: str
) -> None:
    result = run("verify", "--keys", write_keys(tmp_path), "--at", THEN, stdin=logon)
    assert result.exit_code == 1
    assert result.stdout.startswith("✗ not valid")
    assert f"✗ failed       {failed} " in result.stdout or f"✗ failed  {failed} " in result.stdout


def test_the_time_counts_unless_it_is_skipped(tmp_path: Path) -> None:
    keys = write_keys(tmp_path)
    late = run("verify", "--keys", keys, "--at", LATER, stdin=SIGNED)
    assert late.exit_code == 1
    assert "✗ failed  key validity" in late.stdout
    assert "✗ failed  sending time" in late.stdout
    assert run("verify", "--keys", keys, stdin=SIGNED).exit_code == 1
    left_out = run("verify", "--keys", keys, "--any-time", stdin=SIGNED)
    assert left_out.exit_code == 0
    assert "· not checked  sending time" in left_out.stdout


def test_several_logons_give_a_row_each_with_the_failed_checks(tmp_path: Path) -> None:
    stdin = f"{SIGNED}\n\n{TAMPERED}{SIGNED}\nnonsense\n"
    result = run("verify", "--keys", write_keys(tmp_path), "--any-time", stdin=stdin)
    assert result.exit_code == 1
    heading, *rows = [re.split(r"  +", line.strip()) for line in result.stdout.splitlines()]
    assert heading == ["LINE", "SENDERCOMPID", "ACCESS KEY ID", "VERDICT", "FAILED CHECK"]
    assert rows == [
        ["1", "B08004N", ACCESS_KEY_ID, "✓ valid"],
        ["3.1", "B08004N", ACCESS_KEY_ID, "✗ not valid", "signature"],
        ["3.2", "B08004N", ACCESS_KEY_ID, "✓ valid"],
        ["4", "-", "-", "✗ not valid", "message"],
    ]
    assert result.stderr == "4 Logons: 2 valid, 2 not valid; gatepass explain shows why\n"


def test_all_valid_is_exit_code_0_for_rows_too(tmp_path: Path) -> None:
    result = run("verify", "--keys", write_keys(tmp_path), "--at", THEN, stdin=f"{SIGNED}\n" * 2)
    assert result.exit_code == 0
    assert result.stderr == "2 Logons: 2 valid, 0 not valid\n"


def test_json_gives_a_verdict_for_each_logon(tmp_path: Path) -> None:
    stdin = f"{SIGNED}\n{TAMPERED}{SIGNED}\nnonsense\n"
    result = run("verify", "--keys", write_keys(tmp_path), "--at", THEN, "--json", stdin=stdin)
    assert result.exit_code == 1
    assert result.stderr == ""
    found = objects(result)
    assert [(one["line"], one["index"], one["valid"]) for one in found] == [
        (1, 1, True),
        (2, 1, False),
        (2, 2, True),
        (3, 1, False),
    ]
    assert found[0]["sender_comp_id"] == "B08004N"
    assert found[0]["access_key_id"] == ACCESS_KEY_ID
    assert [check["name"] for check in found[1]["checks"]] == list(CHECKS)
    assert {c["name"] for c in found[1]["checks"] if c["outcome"] == "failed"} == {"signature"}
    assert found[3]["sender_comp_id"] is None
    only_valid = run("verify", "--keys", write_keys(tmp_path), "--at", THEN, "--json", stdin=SIGNED)
    assert only_valid.exit_code == 0
