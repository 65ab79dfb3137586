"""What a key file of 20,000 pairs costs a gateway: to read it, and to follow it, good or bad."""

from __future__ import annotations

import itertools
import os
import string
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gatepass._native import BUILD_PROFILE
from gatepass.keys import KeyFile, KeyRing, format_key_file, generate_pair
from gatepass.keys.reading import read_snapshot

PAIRS = 20_000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert BUILD_PROFILE == "release", "this is a debug build: install with `pip install .`"
    names = itertools.product(string.ascii_uppercase + string.digits, repeat=3)
    sessions = ("".join(name) for name in itertools.islice(names, PAIRS // 2))
    days = date(2026, 1, 5), date(2027, 1, 5)
    pairs = [generate_pair(name, *days, "PRODUCTION") for name in sessions for _ in range(2)]
    path = tmp_path_factory.mktemp("keys") / "keys.txt"
    path.write_text(format_key_file(pairs))
    path.chmod(0o600)
    return path


def test_a_file_is_read_into_a_ring(benchmark: Any, path: Path) -> None:
    benchmark.group = f"a key file of {PAIRS:,} pairs"

    def read() -> KeyRing:
        return KeyRing(read_snapshot(path, allow_insecure=False, diagnosis=False).pairs)

    assert len(benchmark(read)) == PAIRS


@pytest.mark.parametrize("state", ["good", "bad"])
def test_a_file_that_stays_the_same_is_followed(benchmark: Any, path: Path, state: str) -> None:
    benchmark.group = f"a key file of {PAIRS:,} pairs that stays the same, {state}"
    good = path.read_bytes()
    keys = KeyFile(path)
    if state == "bad":
        path.write_bytes(good[:-40] + b"\t" + good[-39:])
    os.utime(path, (1_700_000_000, 1_700_000_000))
    keys.ring  # noqa: B018 - the first reading is not measured
    try:
        assert len(benchmark(lambda: keys.ring)) == PAIRS
    finally:
        path.write_bytes(good)
