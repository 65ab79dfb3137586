"""A record of invalid Logons that was emptied or damaged counts nothing, so it is refused."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepass.client.guard import guard_of
from gatepass.client.user_record import NAME, state_folder, user_attempts
from gatepass.errors import LogonGuardError, StoreError
from gatepass.storage import SqliteStore

NOON = datetime(2026, 3, 2, 18, tzinfo=UTC)


def empty(record: Path) -> None:
    record.write_bytes(b"")


def damage(record: Path) -> None:
    record.write_bytes(os.urandom(8192))


def put_another_in_its_place(record: Path) -> None:
    record.write_text("This file is somebody's notes, and no database.\n" * 200)


def leave_its_log_behind(record: Path) -> None:
    record.with_name(f"{NAME}-wal").write_bytes(os.urandom(4096))
    record.unlink()


def be_a_folder(record: Path) -> None:
    record.unlink()
    record.mkdir()


TROUBLES = [empty, damage, put_another_in_its_place, leave_its_log_behind, be_a_folder]


@pytest.fixture
def record() -> Path:
    """Return the record, with one Logon in it."""
    with closing(user_attempts("ABC")):
        pass
    return state_folder() / NAME


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_record_that_lost_its_count_is_refused(
    trouble: Callable[[Path], None], record: Path, tmp_path: Path
) -> None:
    trouble(record)
    for number in range(3):
        with (
            closing(SqliteStore(tmp_path / f"store-{number}", "ABC123")) as store,
            pytest.raises(StoreError, match="wait six minutes before the next Logon") as caught,
            guard_of(store, "ABC", shared=True),
        ):
            raise AssertionError("a Logon would go out uncounted")
        assert caught.value.path == str(record)
    with pytest.raises(StoreError, match="wait six minutes"):
        user_attempts("ABC")


def test_if_no_record_can_be_written_the_store_counts_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state_folder().parent.mkdir(parents=True)
    state_folder().write_text("in the way")
    with (
        caplog.at_level(logging.WARNING, "gatepass.client"),
        closing(SqliteStore(tmp_path / "store", "ABC123")) as store,
    ):
        for _ in range(4):
            with guard_of(store, "ABC", shared=True) as guard:
                guard.begin(NOON)
        with guard_of(store, "ABC", shared=True) as guard, pytest.raises(LogonGuardError):
            guard.begin(NOON)
    assert "not with those of other programs" in caplog.text
