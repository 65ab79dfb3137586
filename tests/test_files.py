"""Whose a file is: what is said of one that others can use, and of what is not looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatepass.files import exposed, sync


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601])
def test_a_file_or_folder_that_others_have_access_to_is_named_with_what_to_do(
    tmp_path: Path, mode: int
) -> None:
    file, folder = tmp_path / "it's here", tmp_path / "folder"
    file.touch()
    folder.mkdir()
    for path in (file, folder):
        path.chmod(mode)
    said = f"others than its owner have access to the key (mode {mode:04o}): chmod"
    assert exposed(file.stat(), file, "the key") == f"""{said} 600 '{tmp_path}/it'"'"'s here'"""
    assert exposed(folder.stat(), folder, "the key") == f"{said} 700 {folder}"
    assert exposed(file.stat(), None, "the key") == f"{said} 600 the file"


def test_nothing_is_said_of_what_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for mode in (0o600, 0o400, 0o700):
        file.chmod(mode)
        assert exposed(file.stat(), file, "it") == ""


def test_nothing_is_said_of_a_pipe_or_a_device(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o666)
    for path in (pipe, Path("/dev/null")):
        assert exposed(path.stat(), path, "it") == ""


def test_what_is_gone_cannot_be_made_to_last(tmp_path: Path) -> None:
    sync(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "gone")
