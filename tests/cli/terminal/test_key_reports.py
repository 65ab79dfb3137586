"""A running gateway reports changes of its key file among its events."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.cli.gateways import Rehearsal, rehearsal
from tests.keys.samples import private_file


def _reports(log: Path) -> list[str]:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line["detail"] for line in lines if line["what"] == "keys"]


def _wait_for(live: Rehearsal, log: Path, count: int) -> list[str]:
    """Log on until there are this many reports: a logon makes the gateway look at the file."""
    until = time.monotonic() + 20
    while len(_reports(log)) < count and time.monotonic() < until:
        assert live.logon(keys=str(live.folder / "own.txt")).returncode == 0
    return _reports(log)


def _put(keys: Path, text: str) -> None:
    """Replace a file in one step: a gateway may read it at any moment."""
    new = keys.with_suffix(".new")
    private_file(new, text)
    new.replace(keys)


def test_a_bad_line_is_reported_once_and_its_repair_too(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with rehearsal(tmp_path, "--log", str(log)) as live:
        keys = Path(live.keys)
        good = keys.read_text()
        private_file(tmp_path / "own.txt", good)
        _put(keys, good + "XYZ is no key pair\n")
        (bad,) = _wait_for(live, log, 1)
        assert "line " in bad
        assert bad.endswith("the last good key pairs stay in use, deleted ones too")
        _put(keys, good)
        _, repaired = _wait_for(live, log, 2)
        assert repaired.endswith("it can be used again, and has 1 key pair")
