"""A few soak runs, as in CI."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gatepass.fix.week import Week, numbers_of
from tests.faults.records import Record, RecordingStore, Side, faults_of

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_few_runs_pass() -> None:
    command = [sys.executable, "-m", "tests.faults.soak", "--runs", "6", "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("6 passed, 0 failed\n")


def side(**entries: object) -> Side:
    return Side(**entries)  # type: ignore[arg-type]


def test_the_judge_sees_every_fault() -> None:
    def judge(sender: Side, got: list[tuple[str, int, bool]]) -> str:
        return "; ".join(faults_of(sender, side(got=got), "x"))

    good = side(
        taken={1, 2, 3},
        used=[(1, "A"), (1, "A"), (2, "n"), (3, "n")],
        meant={"g1", "g2"},
        sent={"g1": 2, "g2": 3},
    )
    assert judge(good, [("g1", 2, False), ("g1", 2, True), ("g2", 3, False)]) == ""
    assert "g2 was lost" in judge(good, [("g1", 2, False)])
    assert "again without a mark" in judge(good, [("g1", 2, True), ("g1", 2, False)])
    assert "2 times unmarked" in judge(good, [("g1", 2, False), ("g1", 2, False)])
    assert "never sent" in judge(good, [("g9", 2, False)])
    assert "out of order" in judge(good, [("g2", 3, False), ("g1", 2, False)])
    assert "has numbers [2, 4]" in judge(good, [("g1", 4, False), ("g2", 3, False)])
    assert "number 3 is" in judge(good, [("g1", 2, False), ("g2", 3, False), ("g3", 3, True)])
    assert "1 was used again" in judge(side(taken={1}, used=[(1, "0"), (1, "A")]), [])
    assert "1 was skipped" in judge(side(taken={2}, used=[(2, "0")]), [])


def test_a_number_that_a_logon_tries_counts_as_taken(tmp_path: Path) -> None:
    record = tmp_path / "client.txt"
    with closing(RecordingStore(tmp_path / "client.db", "ABC123", Record(record))) as store:
        store.save(numbers_of(Week(proposed=2), 2))
    assert Side.read(record).taken == {2}
