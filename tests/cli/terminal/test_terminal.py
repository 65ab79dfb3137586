"""The output in a terminal and in a pipe, with a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.processes import ENVIRONMENT, SCRIPT, shell
from tests.cli.samples import ACCESS_KEY_ID, SIGNATURE, SIGNED, TAMPERED, THEN, pair, write_keys

if os.name == "posix":
    import fcntl
    import pty
    import struct
    import termios

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX pseudo-terminal")

LONG = "L" * 32


def terminal(*words: str, columns: int, **env: str) -> str:
    """Run the script in a terminal with this many columns, and return its output."""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        environment = {**ENVIRONMENT, "TERM": "xterm-256color", **env}
        with subprocess.Popen(
            [SCRIPT, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        ) as process:
            os.close(theirs)
            shown = b"".join(iter(lambda: _read(ours), b""))
            process.wait(60)
    finally:
        os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65536)
    except OSError:  # Linux reports this when the other side is closed.
        return b""


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """The paths of an invalid Logon and of a key file."""
    logon = tmp_path / "logon.txt"
    logon.write_text(f"{TAMPERED}\n")
    return str(logon), write_keys(tmp_path)


@pytest.mark.parametrize("columns", [80, 120])
def test_an_explanation_fits_the_terminal_and_cuts_no_signature(
    files: tuple[str, str], columns: int
) -> None:
    shown = terminal("explain", files[0], "--keys", files[1], "--at", THEN, columns=columns)
    lines = plain(shown).splitlines()
    assert max(map(len, lines)) <= columns
    assert any(line.endswith(SIGNATURE) for line in lines)
    assert any(ACCESS_KEY_ID in line for line in lines)
    assert "\x1b[" in shown


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_list_of_pairs_cuts_no_id_even_in_a_narrow_terminal(
    files: tuple[str, str], columns: int
) -> None:
    shown = plain(terminal("keys", "list", files[1], "--at", THEN, columns=columns))
    assert ACCESS_KEY_ID in shown
    assert "active, used" in shown
    assert "…" not in shown


def test_no_color_removes_the_colour_and_keeps_the_words(files: tuple[str, str]) -> None:
    words = ("verify", files[0], "--keys", files[1], "--at", THEN)
    coloured, bare = terminal(*words, columns=80), terminal(*words, columns=80, NO_COLOR="1")
    assert re.search(r"\x1b\[[0-9;]*3[0-7]m", coloured)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", bare)
    assert plain(bare) == plain(coloured)
    assert "✗ failed  signature" in plain(bare)


@pytest.mark.slow
@pytest.mark.parametrize("env", [{}, {"COLUMNS": "40"}, {"FORCE_COLOR": "1"}], ids=str)
def test_output_in_a_pipe_is_neither_cut_nor_folded(tmp_path: Path, env: dict[str, str]) -> None:
    keys = write_keys(tmp_path, pair(LONG, environment="E" * 40), pair(created="2017-06-22"))
    listed = plain(shell("keys", "list", keys, "--at", THEN, **env).stdout.decode())
    assert len(listed.splitlines()) == 3
    assert LONG in listed
    assert "E" * 40 in listed
    explained = shell("explain", "--keys", keys, "--at", THEN, stdin=SIGNED.encode(), **env)
    assert f"  expected  {SIGNATURE}\n" in plain(explained.stdout.decode())
    rows = shell(
        "verify", "--keys", keys, "--at", THEN, stdin=f"{SIGNED}\n{SIGNED}\n".encode(), **env
    )
    assert len(rows.stdout.splitlines()) == 3


def test_only_a_terminal_gets_colour(files: tuple[str, str]) -> None:
    words = ("explain", files[0], "--keys", files[1], "--at", THEN)
    assert b"\x1b" not in shell(*words).stdout


def test_input_from_the_keyboard_is_announced(files: tuple[str, str]) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, f"{SIGNED}\n\x04".encode())
    words = ("verify", "--keys", files[1], "--at", THEN, "--json")
    try:
        answer = subprocess.run(
            [SCRIPT, *words],
            stdin=theirs,
            capture_output=True,
            check=False,
            timeout=60,
            env=ENVIRONMENT,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert answer.returncode == 0
    assert b"Ctrl-D ends" in answer.stderr
