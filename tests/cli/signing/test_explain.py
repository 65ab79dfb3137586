"""`gatepass explain`."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatepass.cli.views.explanation import first_difference
from tests.cli.samples import (
    ACCESS_KEY_ID,
    E1,
    INCOMPLETE,
    LATER,
    RAW,
    SECRET,
    SIGNATURE,
    SIGNED,
    TAMPERED,
    THEN,
    as_text,
    objects,
    pair,
    rewritten,
    run,
    signed_over,
    write_keys,
)

CANONICAL = E1["canonical"].replace("\n", r"\n")


def test_a_valid_logon_is_explained_with_all_signed_fields(tmp_path: Path) -> None:
    result = run("explain", "--keys", write_keys(tmp_path), "--at", THEN, stdin=SIGNED)
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    start = next(index for index, line in enumerate(lines) if line.split()[:1] == ["Tag"])
    rows = [line.split() for line in lines[start + 1 : start + 12]]
    assert [(row[0], row[2]) for row in rows] == list(E1["fields"].items())
    assert f"  {CANONICAL}" in lines
    assert f"  expected  {SIGNATURE}" in lines
    assert f"  received  {SIGNATURE}" in lines
    assert "✓ the same" in result.stdout
    assert "Cause" not in result.stdout


def test_a_refused_logon_shows_both_signatures_and_where_they_differ(tmp_path: Path) -> None:
    almost = SIGNATURE[:7] + ("A" if SIGNATURE[7] != "A" else "B") + SIGNATURE[8:]
    logon = rewritten(SIGNED, {SIGNATURE: almost})
    result = run("explain", "--keys", write_keys(tmp_path), "--at", THEN, stdin=logon)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    at = lines.index(f"  expected  {SIGNATURE}")
    assert lines[at + 1] == f"  received  {almost}"
    assert lines[at + 2] == " " * len("  expected  ") + " " * 7 + "^ first difference: character 8"
    assert "✗ failed  signature" in result.stdout


@pytest.mark.parametrize(
    ("expected", "received", "index"),
    [
        ("abc", "abc", None),
        ("abc", "abd", 2),
        ("abc", "ab", 2),
        ("ab", "abc", 2),
        (None, "a", None),
    ],
)
def test_the_first_difference_is_also_found_at_the_end_of_one(
    expected: str | None, received: str | None, index: int | None
) -> None:
    assert first_difference(expected, received) == index


def test_a_known_mistake_is_named_as_the_cause(tmp_path: Path) -> None:
    keys = write_keys(tmp_path)
    logon = signed_over(E1["canonical"] + "\n")
    result = run("explain", "--keys", keys, "--at", THEN, stdin=logon)
    assert result.exit_code == 1
    assert "─ Cause ─" in result.stdout
    assert "with a line feed after the last value" in result.stdout
    (found,) = objects(run("explain", "--keys", keys, "--at", THEN, "--json", stdin=logon))
    assert "with a line feed after the last value" in found["cause"]


def test_a_missing_field_is_marked_in_its_place(tmp_path: Path) -> None:
    result = run("explain", "--keys", write_keys(tmp_path), "--at", THEN, stdin=INCOMPLETE)
    assert result.exit_code == 1
    (row,) = [line for line in result.stdout.splitlines() if line.startswith("   369")]
    assert row.split() == ["369", "LastMsgSeqNumProcessed", "(none)", "✗", "missing"]
    assert "Canonical string" not in result.stdout
    assert "(none)" in result.stdout


def test_a_message_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    result = run("explain", "--keys", write_keys(tmp_path), stdin="8=FIX.4.2|nonsense")
    assert result.exit_code == 1
    assert "✗ failed       message        BodyLength (9) must be the second field" in result.stdout
    assert "Signed fields" not in result.stdout


def test_a_wrong_checksum_hides_no_field(tmp_path: Path) -> None:
    broken = SIGNED.replace("10=", "10=9")[:-2] + "|"
    result = run("explain", "--keys", write_keys(tmp_path), stdin=broken)
    assert result.exit_code == 1
    assert "CheckSum (10) is" in result.stdout
    assert "SenderLocationID" in result.stdout


@pytest.mark.parametrize("command", ["sign", "verify", "explain"])
def test_a_file_without_any_fix_message_is_bad_input(tmp_path: Path, command: str) -> None:
    keys = write_keys(tmp_path)
    result = run(command, keys, "--keys", keys)
    assert result.exit_code == 2
    assert "contains no FIX message" in result.stderr


def test_a_logon_with_only_a_wrong_time_gets_a_hint(tmp_path: Path) -> None:
    keys = write_keys(tmp_path)
    late = run("explain", "--keys", keys, "--at", LATER, stdin=SIGNED)
    assert late.exit_code == 1
    assert "--any-time" in late.stderr
    assert "--any-time" not in run("explain", "--keys", keys, stdin=TAMPERED).stderr
    assert run("explain", "--keys", keys, "--any-time", stdin=SIGNED).exit_code == 0


def test_each_of_several_logons_is_explained_with_its_place(tmp_path: Path) -> None:
    stdin = f"{SIGNED}\n{TAMPERED}{SIGNED}\n"
    result = run("explain", "--keys", write_keys(tmp_path), "--at", THEN, stdin=stdin)
    assert result.exit_code == 1
    for place in ("1", "2.1", "2.2"):
        assert f"─ Logon of line {place} ─" in result.stdout


def test_a_secret_key_used_as_text_is_named(tmp_path: Path) -> None:
    wrong = write_keys(tmp_path, pair(secret=as_text(SECRET)), name="wrong.txt")
    signed = run("sign", "--keys", wrong, "--at", THEN, stdin=RAW).stdout
    words = ("explain", "--keys", write_keys(tmp_path), "--at", THEN)
    assert "the Secret Key was used as text" in run(*words, stdin=signed).stdout
    (found,) = objects(run(*words, "--json", stdin=signed))
    assert found["cause"] == "the Secret Key was used as text: decode it from base64url first"
    assert found["untried"] is None


def test_json_contains_everything_that_text_does(tmp_path: Path) -> None:
    words = ("explain", "--keys", write_keys(tmp_path), "--at", THEN, "--json")
    result = run(*words, stdin=f"{SIGNED}\n{TAMPERED}\n")
    assert result.exit_code == 1
    assert result.stderr == ""
    good, bad = objects(result)
    assert (good["line"], good["index"], good["valid"]) == (1, 1, True)
    assert good["access_key_id"] == ACCESS_KEY_ID
    assert {str(f["tag"]): f["value"] for f in good["signed_fields"]} == E1["fields"]
    assert good["canonical"] == CANONICAL
    assert good["expected_signature"] == good["received_signature"] == SIGNATURE
    assert bad["valid"] is False
    assert bad["expected_signature"] != bad["received_signature"] == SIGNATURE
