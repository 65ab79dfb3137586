"""What following a file costs: a known state is not read again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from gatepass.errors import KeySourceError
from gatepass.keys import KeyFile, SecretKey, format_key_file, reading, watch
from tests.keys.samples import NEW, OLD, OTHER, facts, private_file

LONG_AGO = 1_700_000_000
GARBLED = b"\x00" * 200


class Costs:
    """Counts the calls of the file system, and stops the clocks."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.reads = self.stats = 0
        self.now = 50.0
        read, stat = watch.read_snapshot, os.stat

        def reading_counted(*args: object, **kwargs: object) -> object:
            self.reads += 1
            return read(*args, **kwargs)  # type: ignore[arg-type]

        def stat_counted(*args: object, **kwargs: bool) -> os.stat_result:
            self.stats += 1
            return stat(*args, **kwargs)  # type: ignore[arg-type]

        patch.setattr(watch, "read_snapshot", reading_counted)
        patch.setattr(os, "stat", stat_counted)
        clocks = SimpleNamespace(time=lambda: LONG_AGO + 1000.0, monotonic=lambda: self.now)
        patch.setattr(watch, "time", clocks)

    def of(self, keys: KeyFile, times: int = 10) -> tuple[int, int]:
        """How many reads and ``stat`` calls the file gets when the ring is used ``times`` times."""
        self.reads = self.stats = 0
        for _ in range(times):
            assert {facts(pair) for pair in keys.ring} >= {facts(OLD), facts(NEW)}
        return self.reads, self.stats


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> Costs:
    return Costs(monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return still(private_file(tmp_path / "keys.txt", format_key_file([OLD, NEW])))


def still(path: Path) -> Path:
    """Give a file an old time; without this its time is in the future."""
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def test_an_unchanged_file_costs_one_stat(path: Path, costs: Costs) -> None:
    assert costs.of(KeyFile(path)) == (0, 10)


@pytest.mark.parametrize("content", [GARBLED, b"", format_key_file([OLD]).encode()[:-50] + b"\n"])
def test_a_bad_file_is_read_once_and_then_costs_one_stat(
    path: Path, costs: Costs, content: bytes
) -> None:
    problems: list[KeySourceError] = []
    keys = KeyFile(path, on_problem=problems.append)
    still(private_file(path, content))
    assert costs.of(keys, 1)[0] == 1
    assert costs.of(keys) == (0, 10)
    assert len(problems) == 1
    still(private_file(path, format_key_file([OLD, NEW, OTHER])))
    assert costs.of(keys, 1)[0] == 1
    assert len(keys.ring) == 3


def test_a_large_file_with_one_bad_line_costs_one_stat(path: Path, costs: Costs) -> None:
    sessions = [replace(OTHER, session=type(OTHER.session)(f"{n:03d}")) for n in range(1000)]
    many = [
        replace(pair, access_key_id=type(pair.access_key_id)(f"{n:020d}"))
        for n, pair in enumerate(sessions)
    ]
    still(private_file(path, format_key_file([OLD, NEW, *many])))
    keys = KeyFile(path)
    text = format_key_file([OLD, NEW, *many])
    still(private_file(path, text[:-100] + "\t" + text[-99:]))
    assert costs.of(keys, 1)[0] == 1
    assert costs.of(keys, 100) == (0, 100)
    assert len(keys.ring) == 1002


def test_a_missing_file_costs_one_stat(path: Path, costs: Costs) -> None:
    keys = KeyFile(path)
    content = path.read_bytes()
    path.unlink()
    assert costs.of(keys, 1)[0] == 1
    assert costs.of(keys) == (0, 10)
    still(private_file(path, content))
    assert costs.of(keys, 1)[0] == 1
    assert costs.of(keys) == (0, 10)


@pytest.mark.parametrize("content", [GARBLED, format_key_file([OLD]).encode()])
def test_a_new_state_that_is_not_loaded_is_read_once_more_after_a_while(
    path: Path, costs: Costs, content: bytes
) -> None:
    keys = KeyFile(path)
    private_file(path, content)
    assert costs.of(keys) == (1, 11)
    costs.now += watch.SETTLE_SECONDS / 2
    assert costs.of(keys) == (0, 10)
    costs.now += watch.SETTLE_SECONDS / 2
    costs.reads = 0
    keys.ring  # noqa: B018 - reads the file
    keys.ring  # noqa: B018
    assert costs.reads == 1
    assert len(keys.ring) == (2 if content == GARBLED else 1)


def test_an_unseen_fix_of_a_bad_file_is_noticed_after_a_while(
    path: Path, costs: Costs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a file system with coarse times: the file's state does not change.
    monkeypatch.setattr(reading, "identity_of", lambda status: (1, 1, status.st_size, 1))
    monkeypatch.setattr(watch, "identity_of", lambda status: (1, 1, status.st_size, 1))
    keys = KeyFile(path)
    fixed = format_key_file([OLD, NEW, OTHER])
    private_file(path, "\t" + fixed[1:])
    assert costs.of(keys) == (1, 11)
    private_file(path, fixed)
    assert costs.of(keys) == (0, 10)
    costs.now += watch.SETTLE_SECONDS
    assert costs.of(keys, 1)[0] == 1
    assert len(keys.ring) == 3
    assert costs.of(keys) == (0, 10)


def test_an_unseen_change_of_a_secret_is_noticed_after_a_while(
    path: Path, costs: Costs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "identity_of", lambda status: (1, 1, status.st_size, 1))
    monkeypatch.setattr(watch, "identity_of", lambda status: (1, 1, status.st_size, 1))
    private_file(path, path.read_bytes())
    keys = KeyFile(path)
    changed = replace(NEW, secret=SecretKey.generate())
    private_file(path, format_key_file([OLD, changed]))
    assert facts(keys.ring.pairs_for("B08123N")[1]) == facts(NEW)
    costs.now += watch.SETTLE_SECONDS
    assert facts(keys.ring.pairs_for("B08123N")[1]) == facts(changed)
    costs.reads = 0
    keys.ring  # noqa: B018 - reads the file if it must
    assert costs.reads == 0


def test_is_current_does_not_read_the_file(path: Path, costs: Costs) -> None:
    keys = KeyFile(path)
    before = keys.ring
    assert keys.is_current()
    still(private_file(path, format_key_file([OLD, NEW, OTHER])))
    costs.reads = costs.stats = 0
    assert not keys.is_current()
    assert keys.ring_at_hand is before
    assert (costs.reads, costs.stats) == (0, 1)
    assert len(keys.ring) == len(keys.ring_at_hand) == 3
    assert keys.is_current()
