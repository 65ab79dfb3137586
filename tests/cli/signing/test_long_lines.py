"""A line is read as a whole, so its length is limited."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from gatepass.cli.signing import logons
from gatepass.fix.notation import read_lines
from tests.cli.samples import run, write_keys

LINE = b"8=FIX.4.2|9=5|35=0|10=161|"


LONGEST = logons.MAX_LINE


def test_the_longest_line_of_the_shortest_messages_fits_into_memory() -> None:
    line = LINE * ((1 << 20) // len(LINE))
    tracemalloc.start()
    (read_line,) = read_lines(line)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(read_line.messages) == line.count(LINE)
    assert peak * LONGEST / len(line) < 1 << 27


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logons, "MAX_LINE", 1 << 20)


def read(path: Path) -> int:
    return sum(1 for _ in logons.read_logons(str(path)))


def test_a_line_of_the_maximum_length_is_read(tmp_path: Path) -> None:
    path = tmp_path / "logons.txt"
    line = LINE.ljust((1 << 20) - 1, b" ") + b"\n"
    path.write_bytes(line * 3)
    assert read(path) == 3


@pytest.mark.parametrize("end", [b"", b"\n", b"\n" + LINE + b"\n"])
def test_a_longer_line_is_refused_with_its_number(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "logons.txt"
    path.write_bytes(LINE + b"\n" + LINE.ljust((1 << 20) + 1, b" ") + end)
    words = r"logons\.txt, line 2 is longer than 1 MiB: split it, with one Logon per line"
    with pytest.raises(Exception, match=words):
        read(path)


def test_the_command_reports_a_line_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "logons.txt"
    path.write_bytes(b"x" * (1 << 21))
    for command in ("sign", "verify", "explain"):
        result = run(command, str(path), "--keys", write_keys(tmp_path))
        assert result.exit_code == 2
        assert "line 1 is longer than 1 MiB: split it" in result.stderr
