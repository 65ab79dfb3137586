"""`gatepass samples`: files to start with, and the other commands work with them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tests.cli.samples import objects, run

NAMES = ["CMEKeys.txt", "logon.fix", "refused.fix"]


def test_the_logon_is_signed_and_valid(tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    made = run("samples", str(folder))
    assert (made.exit_code, made.stdout) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    keys = str(folder / "CMEKeys.txt")
    signed = run("sign", str(folder / "logon.fix"), "--keys", keys, "--now")
    assert (signed.exit_code, signed.stderr) == (0, "")
    verified = run("verify", "--keys", keys, stdin=signed.stdout)
    assert verified.exit_code == 0
    assert "valid" in verified.stdout


def test_the_refused_logon_is_refused_and_its_mistake_is_found(tmp_path: Path) -> None:
    run("samples", str(tmp_path))
    words = (str(tmp_path / "refused.fix"), "--keys", str(tmp_path / "CMEKeys.txt"), "--any-time")
    (verdict,) = objects(run("verify", *words, "--json"))
    assert [c["name"] for c in verdict["checks"] if c["outcome"] == "failed"] == ["signature"]
    explained = run("explain", *words, "--json")
    assert explained.exit_code == 1
    assert "line feed after the last value" in objects(explained)[0]["cause"]


def test_only_its_owner_can_read_the_key_file_and_it_is_valid_for_a_year(tmp_path: Path) -> None:
    run("samples", str(tmp_path))
    keys = tmp_path / "CMEKeys.txt"
    if os.name == "posix":
        assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert run("keys", "check", str(keys), "--days", "360").exit_code == 0


def test_if_a_file_exists_nothing_is_written(tmp_path: Path) -> None:
    for name in NAMES:
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text("mine")
        refused = run("samples", str(folder))
        assert refused.exit_code == 2
        assert name in refused.stderr
        assert [path.name for path in folder.iterdir()] == [name]
        assert (folder / name).read_text() == "mine"


def test_a_folder_that_is_a_file_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("file", "file/below"):
        assert run("samples", str(tmp_path / name)).exit_code == 2


def test_json_names_the_files(tmp_path: Path) -> None:
    (told,) = objects(run("samples", str(tmp_path), "--json"))
    assert told["folder"] == str(tmp_path)
    assert sorted(file["name"] for file in told["files"]) == NAMES
    assert all(file["what"] for file in told["files"])
