"""The progress bar: only for files that take long, and only in a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gatepass.cli.terminal import progress

LINES = [b"line %d\n" % number for number in range(500)]


class Stream(io.StringIO):
    """A standard stream that is a terminal, or is not."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def watch(
    monkeypatch: pytest.MonkeyPatch, path: Path, *, patience: float, out: bool, err: bool
) -> str:
    """Read a file to its end, and return the output on standard error."""
    streams = {"stdout": Stream(out), "stderr": Stream(err)}
    monkeypatch.setattr(progress, "PATIENCE", patience)
    for name, stream in streams.items():
        monkeypatch.setattr(f"sys.{name}", stream)
    with path.open("rb") as source:
        assert list(progress.watched(source, iter(source))) == LINES
    assert streams["stdout"].getvalue() == ""
    return streams["stderr"].getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of many lines."""
    path = tmp_path / "logons.txt"
    path.write_bytes(b"".join(LINES))
    return path


def test_a_bar_is_shown_when_it_takes_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "%" in watch(monkeypatch, path, patience=0.0, out=False, err=True)


@pytest.mark.parametrize(
    ("patience", "out", "err"),
    [(3600.0, False, True), (0.0, True, True), (0.0, False, False)],
    ids=["quick", "rows are seen", "no terminal"],
)
def test_there_is_no_bar_without_a_use(
    path: Path, monkeypatch: pytest.MonkeyPatch, patience: float, out: bool, err: bool
) -> None:
    assert watch(monkeypatch, path, patience=patience, out=out, err=err) == ""


def test_a_pipe_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Stream(True))
    monkeypatch.setattr("sys.stdout", Stream(False))
    source = io.BytesIO(b"".join(LINES))
    assert progress.watched(source, source) is source
