"""The Request Center without any settings."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatepass.center import embedded
from gatepass.center.context import Center
from gatepass.center.pairs.overview import sessions
from gatepass.center.people.users import people
from gatepass.center.roles import Role
from gatepass.errors import CenterError


def test_the_folder_is_in_the_data_folder_of_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/maria")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert embedded.default_folder() == Path("/data/gatepass/center")
    # Unset, or relative, which the standard says to ignore.
    for value in ("", "data"):
        monkeypatch.setenv("XDG_DATA_HOME", value)
        assert embedded.default_folder() == Path("/home/maria/.local/share/gatepass/center")


@pytest.mark.skipif(os.name != "posix", reason="modes as POSIX has them")
def test_only_the_owner_can_use_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    embedded.make_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    embedded.make_folder(folder)
    for mode in (0o710, 0o701, 0o720):
        folder.chmod(mode)
        with pytest.raises(CenterError, match="chmod 700"):
            embedded.make_folder(folder)


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CenterError, match="give another --state DIR"):
        embedded.make_folder(tmp_path / "file" / "folder")


def test_of_many_processes_that_start_at_once_one_adds_the_first_rows(center: Center) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: embedded.take_first_steps(center), range(4)))
    assert sum(one is not None for one in done) == 1
    (user,) = people(center)
    assert (user.name, user.firm, user.role) == ("admin", "Rehearsal", Role.MANAGER)
    (made,) = sessions(center)
    assert (made.session.name, made.session.created_by) == ("ABC", "admin")
    assert embedded.take_first_steps(center) is None


def test_the_password_is_in_no_repr(center: Center) -> None:
    first = embedded.take_first_steps(center)
    assert first is not None
    assert first.one_time_password.reveal() not in repr(first)
