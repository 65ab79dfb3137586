"""Each path and its pure-Python counterpart, for pytest-benchmark; `table.py` makes the ratios."""

from __future__ import annotations

from typing import Any

import pytest

from gatepass._native import BUILD_PROFILE, verify_batch
from gatepass.bench.paths import Path, paths
from gatepass.bench.samples import ACCESS_KEY_ID, make_batch, make_samples

SAMPLES = make_samples()
PATHS = list(paths(SAMPLES))


@pytest.fixture(autouse=True)
def _release_build() -> None:
    assert BUILD_PROFILE == "release", "this is a debug build: install with `pip install .`"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.name} / {path.against}")
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_path_gives_the_right_answer(benchmark: Any, path: Path, side: str) -> None:
    benchmark.group = f"{path.name} / {path.against}"
    scope = dict(path.names)
    exec(f"{path.setup}\ndef run(): return {getattr(path, side)}", scope)  # noqa: S102
    run = scope["run"]
    assert run() == path.expected
    assert benchmark(run) == path.expected


@pytest.mark.parametrize("threads", [1, 2])
def test_a_batch_is_verified(benchmark: Any, threads: int) -> None:
    benchmark.group = "verify a batch of 100,000"
    logons = make_batch(SAMPLES.key, 100_000)
    codes = benchmark(verify_batch, {ACCESS_KEY_ID: SAMPLES.key}, logons, threads)
    assert codes == bytes(len(logons))
