"""`gatepass bench`: how it prints the results of `gatepass.bench`."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import gatepass.bench
import gatepass.cli.bench as command
from gatepass.bench import Row
from tests.cli.samples import run

FAST = Row("sign", "pure Python", 500.0, 2500.0, 5.0, 4.5)
LEAN = Row("core", "the bare MAC", 250.0, 210.0, 1.19, 1.25, higher_is_better=False)
SLOW = Row("batch", "one thread", 400.0, 600.0, 1.5, 1.8)
SHOWN = Row("sign", "something else", 500.0, 4000.0, 8.0, None)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the measurement by these rows, as on a release build."""

    def measured_as(*rows: Row) -> None:
        def measure(progress: Callable[[str], None]) -> list[Row]:
            progress("a path")
            return list(rows)

        monkeypatch.setattr(gatepass.bench, "measure", measure)
        monkeypatch.setattr(gatepass.bench, "machine", lambda: {"processor": "a fast one"})
        monkeypatch.setattr(command, "BUILD_PROFILE", "release")

    return measured_as


def test_all_met_is_exit_code_0(measured: Callable[..., None]) -> None:
    measured(FAST, LEAN, SHOWN)
    result = run("bench")
    assert result.exit_code == 0
    assert result.stderr == "measuring: a path\n"
    _, fast, lean, shown, machine = result.stdout.splitlines()
    assert fast.split()[-5:] == ["5", ">=", "4.5", "✓", "met"]
    assert lean.split()[-5:] == ["1.19", "<=", "1.25", "✓", "met"]
    assert shown.split()[-3:] == ["·", "shown", "only"]
    assert machine.strip() == "processor a fast one"


def test_a_missed_target_is_shown_in_words_and_is_exit_code_1(
    measured: Callable[..., None],
) -> None:
    measured(FAST, SLOW)
    result = run("bench")
    assert result.exit_code == 1
    assert "✗ not met" in result.stdout
    found = json.loads(run("bench", "--json").stdout)
    assert found["met"] is False
    assert found["machine"] == {"processor": "a fast one"}
    assert [row["met"] for row in found["rows"]] == [True, False]
    assert found["rows"][0]["ratio"] == 5.0


def test_a_debug_build_is_refused(
    measured: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(FAST)
    monkeypatch.setattr(command, "BUILD_PROFILE", "debug")
    result = run("bench", "--json")
    assert result.exit_code == 2
    assert "debug build" in result.stderr
    assert "debug build" in json.loads(result.stdout)["error"]
