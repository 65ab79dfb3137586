"""`gatepass keys generate`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from gatepass.keys import Status, read_key_file
from tests.cli.samples import run

NOW = datetime.now(UTC)


def test_only_its_owner_can_read_a_new_key_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    result = run("keys", "generate", str(path), "ABC")
    assert result.exit_code == 0, result.stderr
    (pair,) = read_key_file(path)
    assert pair.session == "ABC"
    assert pair.status(NOW) is Status.ACTIVE
    assert path.stat().st_mode & 0o777 == 0o600
    assert pair.access_key_id in result.stderr
    secret = path.read_text().splitlines()[1].split()[2]
    assert len(secret) == 43
    assert secret not in result.stdout + result.stderr


def test_a_second_pair_is_added_and_a_third_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    run("keys", "generate", str(path), "ABC", "--expired")
    first = path.read_bytes()
    added = json.loads(run("keys", "generate", str(path), "ABC", "--add", "--json").stdout)
    old, new = read_key_file(path)
    assert path.read_bytes().startswith(first)
    assert (old.status(NOW), new.status(NOW)) == (Status.EXPIRED, Status.ACTIVE)
    assert added["access_key_id"] == new.access_key_id
    before = path.read_bytes()
    third = run("keys", "generate", str(path), "ABC", "--add")
    assert third.exit_code == 2
    assert "ABC" in third.stderr
    assert path.read_bytes() == before


def test_an_existing_file_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text("mine")
    result = run("keys", "generate", str(path), "ABC")
    assert result.exit_code == 2
    assert "--add" in result.stderr
    assert path.read_text() == "mine"
    assert run("keys", "generate", str(path), "ABC", "--add").exit_code == 2
    assert path.read_text() == "mine"


def test_an_impossible_session_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    result = run("keys", "generate", str(path), "AB-1")
    assert result.exit_code == 2
    assert not path.exists()
