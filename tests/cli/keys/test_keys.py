"""`gatepass keys list` and `gatepass keys check`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gatepass.cli.keys import app as cli_keys
from gatepass.keys import IssuedPair, KeyRing, SecretKey
from tests.cli.samples import (
    ACCESS_KEY_ID,
    OTHER_ACCESS_KEY_ID,
    OTHER_SECRET,
    pair,
    run,
    write_keys,
)

#: Valid for a year from the middle of 2026, beside one that expires at the end of 2026.
NEW = pair(OTHER_ACCESS_KEY_ID, "2026-11-20", "2027-11-20", secret=OTHER_SECRET)
OLD = pair(created="2025-12-10", expires="2026-12-10")
NOW = "2026-11-23T14:30:00Z"


def only_pair(expires: str) -> IssuedPair:
    return pair(created="2025-12-10", expires=expires)


def test_list_shows_each_pair_and_which_one_is_used(tmp_path: Path) -> None:
    keys = write_keys(tmp_path, OLD, NEW, pair("AnotherSession000001", session="XYZ"))
    result = run("keys", "list", keys, "--at", NOW)
    assert result.exit_code == 0
    assert result.stderr == ""
    heading, old, new, other = (line.split() for line in result.stdout.splitlines())
    assert heading[0] == "Session"
    dates = ["2025-12-10", "2026-12-10", "17"]
    assert old == ["B08", ACCESS_KEY_ID, *dates, "✓", "active", "NEWRELEASE"]
    dates = ["2026-11-20", "2027-11-20", "362"]
    assert new == ["B08", OTHER_ACCESS_KEY_ID, *dates, "✓", "active,", "used", "NEWRELEASE"]
    assert other[:2] == ["XYZ", "AnotherSession000001"]
    assert other[5:7] == ["✗", "expired"]


def test_list_marks_a_used_pair_that_expires_soon_and_one_that_is_not_valid_yet(
    tmp_path: Path,
) -> None:
    keys = write_keys(tmp_path, OLD, pair(OTHER_ACCESS_KEY_ID, "2026-12-01", "2027-12-01"))
    text = run("keys", "list", keys, "--at", NOW).stdout
    assert "! active, used" in text
    assert "· not yet valid" in text


def test_list_as_json(tmp_path: Path) -> None:
    result = run("keys", "list", write_keys(tmp_path, OLD, NEW), "--at", NOW, "--json")
    found = json.loads(result.stdout)
    assert found["at"] == "2026-11-23T14:30:00+00:00"
    assert found["pairs"][0] == {
        "session": "B08",
        "access_key_id": ACCESS_KEY_ID,
        "created": "2025-12-10",
        "expires": "2026-12-10",
        "valid_until": "2026-12-10T16:00:00-06:00",
        "environment": "NEWRELEASE",
        "status": "active",
        "days_left": 17,
        "secret_key_bytes": 32,
        "used": False,
    }
    assert found["pairs"][1]["used"] is True


@pytest.mark.parametrize("lost", [3, 4, 5, 7])
def test_a_secret_with_missing_characters_fails_the_check(
    tmp_path: Path, lost: int, caplog: pytest.LogCaptureFixture
) -> None:
    cut = replace(NEW, secret=SecretKey(_cut(NEW.secret.reveal(), lost)))
    keys = write_keys(tmp_path, cut)
    result = run("keys", "check", keys, "--at", NOW)
    assert result.exit_code == 1
    size = len(cut.secret.reveal()) * 6 // 8
    assert f"has {size} bytes, and CME's have 32" in " ".join(result.stdout.split())
    (session,) = json.loads(run("keys", "check", keys, "--at", NOW, "--json").stdout)["sessions"]
    assert f"has {size} bytes" in session["cut"]
    assert not session["ok"]
    # The pair is still loaded, with a warning.
    caplog.clear()
    assert run("keys", "list", keys, "--at", NOW).exit_code == 0
    assert f"has {size} bytes" in caplog.text


def _cut(secret: str, lost: int) -> str:
    """Remove characters so that whole bytes remain, which no other check can detect."""
    text = secret[:-lost]
    return text[:-1] + "A" if len(text) % 4 else text


def test_a_pair_without_dates_is_listed_and_passes_the_check() -> None:
    variables = {
        "GATEPASS_SESSION_ID": "B08",
        "GATEPASS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "GATEPASS_SECRET_KEY": OTHER_SECRET,
    }
    assert "unknown" in run("keys", "list", "env:", **variables).stdout
    checked = run("keys", "check", "env:", **variables)
    assert checked.exit_code == 0
    assert "its expiry date is unknown" in checked.stdout
    (found,) = json.loads(run("keys", "list", "env:", "--json", **variables).stdout)["pairs"]
    assert (found["expires"], found["days_left"], found["used"]) == (None, None, True)


@pytest.mark.parametrize(
    ("pairs", "code", "said"),
    [
        ([only_pair("2026-12-22")], 0, "29 days left (2026-12-22)"),
        ([only_pair("2026-12-21")], 1, "expires in 28 days"),
        ([only_pair("2026-11-24")], 1, "expires in 1 day"),
        ([only_pair("2026-11-22")], 1, "has no valid key pair"),
        ([pair(created="2026-12-01", expires="2027-12-01")], 1, "is not valid before"),
        ([OLD, NEW], 0, "expires on 2026-12-10: normal rotation"),
        ([only_pair("2026-11-01"), NEW], 0, f"{ACCESS_KEY_ID} expired on 2026-11-01"),
        ([only_pair("2027-03-01"), NEW], 0, f"{ACCESS_KEY_ID} is active until 2027-03-01"),
        (
            [OLD, pair(OTHER_ACCESS_KEY_ID, "2026-12-01", "2027-12-01")],
            1,
            f"{OTHER_ACCESS_KEY_ID} is not valid before 2026-12-01",
        ),
    ],
)
def test_check_fails_a_session_without_a_pair_that_stays_valid(
    tmp_path: Path, pairs: list[IssuedPair], code: int, said: str
) -> None:
    keys = write_keys(tmp_path, *pairs)
    result = run("keys", "check", keys, "--at", NOW)
    assert result.exit_code == code
    first = ["✗", "fails", "session"] if code else ["✓", "ok", "session"]
    assert result.stdout.split()[:3] == first
    assert said in result.stdout
    assert result.stderr == ""
    found = json.loads(run("keys", "check", keys, "--at", NOW, "--json").stdout)
    assert found["ok"] is (code == 0)


@pytest.mark.parametrize(
    ("days", "expires", "code"),
    [
        ("60", "2027-01-22", 1),
        ("60", "2027-01-23", 0),
        ("7", "2026-12-01", 0),
        ("7", "2026-11-30", 1),
        ("0", "2026-11-24", 0),
        ("0", "2026-11-23", 1),
        ("5", "2026-11-22", 1),
    ],
)
def test_days_sets_how_long_a_pair_must_stay_valid(
    tmp_path: Path, days: str, expires: str, code: int
) -> None:
    result = run(
        "keys", "check", write_keys(tmp_path, only_pair(expires)), "--at", NOW, "--days", days
    )
    assert result.exit_code == code


@pytest.mark.parametrize("days", ["-1", "soon", "10000"])
def test_days_must_be_a_number_of_days(tmp_path: Path, days: str) -> None:
    result = run("keys", "check", write_keys(tmp_path), "--days", days)
    assert result.exit_code == 2
    assert "--days" in result.stderr


def test_one_failing_session_fails_the_check(tmp_path: Path) -> None:
    lapsed = pair("AnotherSession000001", "2024-01-01", "2025-01-01", session="XYZ")
    keys = write_keys(tmp_path, NEW, lapsed)
    result = run("keys", "check", keys, "--at", NOW, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["ok"] is False
    good, bad = found["sessions"]
    assert (good["session"], good["ok"], good["used"]) == ("B08", True, OTHER_ACCESS_KEY_ID)
    assert (bad["session"], bad["ok"], bad["used"]) == ("XYZ", False, None)
    assert "expired" in bad["problem"]
    assert [one["access_key_id"] for one in bad["pairs"]] == ["AnotherSession000001"]


def test_a_pair_is_valid_from_its_first_day_to_the_market_close_of_its_last(tmp_path: Path) -> None:
    keys = write_keys(tmp_path, only_pair("2026-11-23"))
    before_close = run("keys", "list", keys, "--at", "2026-11-23T15:59:59-06:00")
    assert "! active, used" in before_close.stdout
    assert "✗ expired" in run("keys", "list", keys, "--at", "2026-11-23T16:00:00-06:00").stdout


def test_check_fails_without_any_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_keys, "_open", lambda *_: KeyRing([]))
    result = run("keys", "check", "keys.txt")
    assert result.exit_code == 1
    assert "there are no key pairs: no session can log on" in result.stdout
