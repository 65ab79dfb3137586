"""A full disk: the error names the file, and no partial file is left."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from gatepass.cli.signing import samples
from gatepass.errors import KeyFileError
from tests.cli.samples import THEN, run, write_keys
from tests.cli.terminal.test_streams import in_shell

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits as a POSIX shell has them")

#: No file may have a byte, so every write fails, as on a full disk.
FULL = "ulimit -f 0; "


@pytest.mark.parametrize("more", ["", "/deeper/still"])
def test_samples_that_cannot_be_written_leave_nothing(tmp_path: Path, more: str) -> None:
    folder = tmp_path / "rehearsal"
    answer = in_shell(f"{FULL}gatepass samples {folder}{more}", {"folder": str(tmp_path)})
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"gatepass: {folder}{more}/logon.fix: ".encode())
    assert not folder.exists()
    assert run("samples", f"{folder}{more}").exit_code == 0


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full", "x"), KeyFileError("full")])
def test_if_one_sample_cannot_be_written_none_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    (tmp_path / "mine.txt").write_text("mine")
    files = {**samples._FILES, samples.KEY_FILE: ("a key file", fail)}
    with monkeypatch.context() as patched:
        patched.setattr(samples, "_FILES", files)
        assert run("samples", str(tmp_path)).exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert run("samples", str(tmp_path)).exit_code == 0


def test_a_picture_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    keys, picture = write_keys(tmp_path), tmp_path / "keys.svg"
    before = set(tmp_path.iterdir())
    line = f"{FULL}gatepass keys timeline {keys} --at {THEN} --svg {picture}"
    answer = in_shell(line, {"folder": str(tmp_path)})
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"gatepass: {picture}: ".encode())
    assert set(tmp_path.iterdir()) == before


def test_the_old_picture_stays_if_the_new_one_cannot_be_written(tmp_path: Path) -> None:
    keys, picture = write_keys(tmp_path), tmp_path / "keys.svg"
    picture.write_text("<svg/>")
    picture.chmod(0o640)
    line = f"gatepass keys timeline {keys} --at {THEN} --svg {picture}"
    assert in_shell(f"{FULL}{line}", {"folder": str(tmp_path)}).returncode == 2
    assert picture.read_text() == "<svg/>"
    assert in_shell(line, {"folder": str(tmp_path)}).returncode == 0
    assert picture.read_text().startswith("<svg xmlns")
    assert picture.stat().st_mode & 0o777 == 0o640


def test_a_picture_can_be_written_to_a_pipe(tmp_path: Path) -> None:
    keys, pipe = write_keys(tmp_path), tmp_path / "pipe"
    os.mkfifo(pipe)
    line = f"cat {pipe} & gatepass keys timeline {keys} --at {THEN} --svg {pipe} >&2; wait"
    answer = in_shell(line, {"folder": str(tmp_path)})
    assert answer.stdout.startswith(b"<svg xmlns")
    assert pipe.is_fifo()
