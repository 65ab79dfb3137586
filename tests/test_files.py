"""Access to files: the words about one that other users can access, and what is not checked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatepass.files import exposed, private_draft, sync


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601])
def test_the_words_about_an_exposed_file_or_folder_say_what_to_do(
    tmp_path: Path, mode: int
) -> None:
    file, folder = tmp_path / "it's here", tmp_path / "folder"
    file.touch()
    folder.mkdir()
    for path in (file, folder):
        path.chmod(mode)
    said = f"users other than its owner have access to the key (mode {mode:04o}): chmod"
    assert exposed(file.stat(), file, "the key") == f"""{said} 600 '{tmp_path}/it'"'"'s here'"""
    assert exposed(folder.stat(), folder, "the key") == f"{said} 700 {folder}"
    assert exposed(file.stat(), None, "the key") == f"{said} 600 the file"


def test_a_file_that_only_its_owner_can_access_is_not_reported(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for mode in (0o600, 0o400, 0o700):
        file.chmod(mode)
        assert exposed(file.stat(), file, "it") == ""


def test_a_pipe_or_a_device_is_not_reported(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o666)
    for path in (pipe, Path("/dev/null")):
        assert exposed(path.stat(), path, "it") == ""


def test_syncing_a_missing_file_raises(tmp_path: Path) -> None:
    sync(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "gone")


def test_a_draft_is_private_and_complete_before_it_is_put_in_place(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    with private_draft(path, b"after") as draft:
        assert path.read_text() == "before"
        assert draft.read_text() == "after"
        assert exposed(draft.stat(), draft, "it") == ""
        draft.replace(path)
    assert [one.read_text() for one in tmp_path.iterdir()] == ["after"]


def test_a_draft_that_is_not_put_in_place_is_removed(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no"), private_draft(tmp_path / "file", b"after"):
        raise OSError("no")
    assert not list(tmp_path.iterdir())
