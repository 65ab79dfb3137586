"""What following a file costs: a state that there is no more to learn of is not read again."""

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
    """Counts what is asked of the file system, and stops the clocks."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.reads = self.stats = 0
        self.now = 50.0
        read, stat = watch.read_snapshot, Path.stat

        def reading_counted(*args: object, **kwargs: object) -> object:
            self.reads += 1
            return read(*args, **kwargs)  # type: ignore[arg-type]

        def stat_counted(path: Path, **kwargs: bool) -> os.stat_result:
            self.stats += 1
            return stat(path, **kwargs)

        patch.setattr(watch, "read_snapshot", reading_counted)
        patch.setattr(Path, "stat", stat_counted)
        clocks = SimpleNamespace(time=lambda: LONG_AGO + 1000.0, monotonic=lambda: self.now)
        patch.setattr(watch, "time", clocks)

    def of(self, keys: KeyFile, times: int = 10) -> tuple[int, int]:
        """How often the file is read, and looked at, when the ring is asked for so many times."""
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
    """Let a file look as if it was written long ago; without this it comes from the future."""
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def test_a_file_that_stays_the_same_costs_one_look(path: Path, costs: Costs) -> None:
    assert costs.of(KeyFile(path)) == (0, 10)


@pytest.mark.parametrize("content", [GARBLED, b"", format_key_file([OLD]).encode()[:-50] + b"\n"])
def test_a_bad_file_is_read_once_and_then_costs_one_look(
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


def test_one_bad_line_in_a_file_of_many_pairs_costs_one_look(path: Path, costs: Costs) -> None:
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


def test_a_file_that_is_gone_is_looked_for_and_not_read(path: Path, costs: Costs) -> None:
    keys = KeyFile(path)
    content = path.read_bytes()
    path.unlink()
    assert costs.of(keys, 1)[0] == 1
    assert costs.of(keys) == (0, 10)
    still(private_file(path, content))
    assert costs.of(keys, 1)[0] == 1
    assert costs.of(keys) == (0, 10)


@pytest.mark.parametrize("content", [GARBLED, format_key_file([OLD]).encode()])
def test_a_fresh_state_that_is_not_taken_up_is_read_once_more_when_it_is_still(
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


def test_a_bad_state_that_is_mended_unseen_is_noticed_when_it_is_still(
    path: Path, costs: Costs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a file system whose times are coarse: nothing about the file's state changes.
    monkeypatch.setattr(reading, "identity_of", lambda status: (1, 1, status.st_size, 1))
    monkeypatch.setattr(watch, "identity_of", lambda status: (1, 1, status.st_size, 1))
    keys = KeyFile(path)
    mended = format_key_file([OLD, NEW, OTHER])
    private_file(path, "\t" + mended[1:])
    assert costs.of(keys) == (1, 11)
    private_file(path, mended)
    assert costs.of(keys) == (0, 10)
    costs.now += watch.SETTLE_SECONDS
    assert costs.of(keys, 1)[0] == 1
    assert len(keys.ring) == 3
    assert costs.of(keys) == (0, 10)


def test_a_secret_that_changes_unseen_is_noticed_when_the_file_is_still(
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


def test_whether_the_ring_at_hand_is_current_is_told_without_reading(
    path: Path, costs: Costs
) -> None:
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
