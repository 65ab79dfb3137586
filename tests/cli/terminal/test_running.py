"""How a run ends: exit codes, one clear line, and never a traceback or a secret."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from gatepass.cli.app import app
from tests.cli.processes import shell, started
from tests.cli.samples import RAW, SECRET, SIGNED, THEN, objects, rewritten, run, write_keys

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and pipes as POSIX has them")

#: What is wrong, the words, and what the message must name.
BAD_INPUT = [
    (("sign",), "--keys"),
    (("sign", "{logons}", "--keys", "{folder}/none.txt"), "no such file"),
    (("sign", "{folder}/none.txt", "--keys", "{keys}"), "none.txt"),
    (("verify", "{folder}", "--keys", "{keys}"), "directory"),
    (("verify", "{empty}", "--keys", "{keys}"), "contains no Logon"),
    (("explain", "{empty}", "--keys", "{keys}"), "contains no Logon"),
    (("sign", "{empty}", "--keys", "{keys}"), "contains no Logon"),
    (("sign", "{logons}", "--keys", "{logons}"), "Secret Key"),
    (("sign", "{logons}", "--keys", "{keys}", "--access-key", "not/one"), "355"),
    (("sign", "{logons}", "--keys", "{keys}", "--at", "yesterday"), "--at"),
    (("verify", "{logons}", "--keys", "{keys}", "--at", "2017-06-23T14:48:43"), "zone"),
    (("verify", "{logons}", "--keys", "{keys}", "--at", "0001-01-01T00:00:00Z"), "--at"),
    (("verify", "{logons}", "--keys", "{keys}", "--at", THEN, "--any-time"), "not both"),
    (("explain", "{logons}", "--keys", "{keys}", "--at", THEN, "--any-time"), "not both"),
    (("sign", "-", "--keys", "-"), "standard input cannot contain both"),
    (("sign", "-", "--keys", "fd:0"), "standard input cannot contain both"),
    (("verify", "{logons}", "--keys", "env:"), "GATEPASS_SESSION_ID"),
    (("keys", "list", "{folder}/none.txt"), "no such file"),
    (("keys", "check", "{keys}", "--at", "tomorrow"), "--at"),
    (("keys", "timeline", "{keys}", "--svg", "{folder}/no/such.svg"), "such.svg"),
    (("keys", "timeline", "{keys}", "--json", "--svg", "-"), "both JSON and SVG"),
    (("sign", "{logons}", "--keys", "{keys}", "--shout"), "--shout"),
]


@pytest.mark.parametrize(("words", "named"), BAD_INPUT, ids=lambda value: str(value)[:60])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_bad_input_is_one_clear_line_and_exit_code_2(
    tmp_path: Path, words: tuple[str, ...], named: str, as_json: bool
) -> None:
    (tmp_path / "logons.txt").write_text(f"{RAW}\n")
    (tmp_path / "empty.txt").write_text("\n  \n")
    places = {
        "folder": tmp_path,
        "keys": write_keys(tmp_path),
        "logons": tmp_path / "logons.txt",
        "empty": tmp_path / "empty.txt",
    }
    (tmp_path / "logons.txt").chmod(0o600)
    asked = [word.format(**places) for word in words]
    if as_json and "--json" not in asked:
        asked.append("--json")
    result = run(*asked)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("gatepass: ")
    assert named in result.stderr
    if "--json" in asked:
        (found,) = objects(result)
        assert result.stderr == f"gatepass: {found['error']}\n"
        assert found["type"]
    else:
        assert result.stdout == ""


@POSIX
def test_a_key_file_that_others_can_read_is_refused_with_the_chmod_command(tmp_path: Path) -> None:
    keys = Path(write_keys(tmp_path))
    keys.chmod(0o644)
    for words in (("sign", "--keys", str(keys)), ("keys", "list", str(keys))):
        result = run(*words, stdin=f"{RAW}\n")
        assert result.exit_code == 2
        assert f"chmod 600 {keys}" in result.stderr
        assert result.stdout == ""
    told = ("--allow-insecure-keys", "--at", THEN)
    assert run("sign", "--keys", str(keys), *told, stdin=f"{RAW}\n").stdout == f"{SIGNED}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("sign", "--keys", SECRET),
        ("sign", SECRET, "--keys", "keys.txt"),
        ("sign", f"--secret={SECRET}"),
        ("sign", "--keys", f"{SECRET}="),
        ("keys", "list", SECRET, "--json"),
        ("keys", "list", "keys.txt", SECRET),
    ],
)
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "looks like a Secret Key" in result.stderr


def test_a_file_whose_name_looks_like_a_secret_can_be_given_as_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "0123456789abcdef" * 4
    write_keys(tmp_path, name=name)
    assert run("keys", "list", name).exit_code == 2
    assert run("keys", "list", f"./{name}").exit_code == 0


def test_no_traceback_of_typer_or_rich_can_show_local_variables() -> None:
    assert app.pretty_exceptions_enable is False
    assert app.pretty_exceptions_show_locals is False


@POSIX
@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize("command", ["verify", "explain", "sign"])
def test_the_command_ends_quietly_when_its_reader_leaves(
    tmp_path: Path, command: str, more: tuple[str, ...]
) -> None:
    logons = tmp_path / "logons.txt"
    # More than fits into a pipe.
    logons.write_text(f"{SIGNED}\n" * 3000)
    words = [command, str(logons), "--keys", write_keys(tmp_path), "--at", THEN, *more]
    with started(*words) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(60) == 141
    assert said == b""


@POSIX
def test_an_interrupt_ends_the_command_quietly(tmp_path: Path) -> None:
    words = ["sign", "-", "--keys", write_keys(tmp_path), "--at", THEN]
    with started(*words) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{RAW}\n".encode())
        process.stdin.flush()
        # Each line is answered at once, so the pipe may stay open.
        assert process.stdout.readline().decode() == f"{SIGNED}\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130
    assert said.decode().splitlines() == ["interrupted"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_output_that_cannot_be_written_is_reported(tmp_path: Path, more: tuple[str, ...]) -> None:
    words = ["verify", "-", "--keys", write_keys(tmp_path), "--at", THEN, *more]
    with Path("/dev/full").open("wb") as full:
        answer = shell(*words, stdin=f"{SIGNED}\n".encode(), stdout=full)
    assert answer.returncode == 2
    assert b"No space left" in answer.stderr
    assert b"Traceback" not in answer.stderr
    assert b"Exception ignored" not in answer.stderr


@pytest.mark.slow
def test_a_terminal_with_only_ascii_gets_ascii_output(tmp_path: Path) -> None:
    keys = write_keys(tmp_path)
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for words in (
        ("verify", "-", "--keys", keys, "--at", THEN),
        ("explain", "-", "--keys", keys, "--at", THEN),
        ("keys", "list", keys, "--at", THEN),
        ("keys", "check", keys, "--at", THEN),
        ("keys", "timeline", keys, "--at", THEN),
        ("demo",),
        ("--help",),
    ):
        answer = shell(*words, stdin=f"{SIGNED}\n".encode(), **ascii_only)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.isascii()
    checks = shell("verify", "--keys", keys, "--at", THEN, stdin=SIGNED.encode(), **ascii_only)
    assert b"+ passed" in checks.stdout


def test_control_characters_of_a_message_do_not_reach_the_terminal(tmp_path: Path) -> None:
    keys = write_keys(tmp_path)
    nasty = rewritten(SIGNED, {"B08004N": "\x1b[31mB\x07"})
    for command in ("verify", "explain"):
        # Two Logons, for the rows of verify as well.
        for stdin in (f"{nasty}\n", f"{nasty}\n{nasty}\n"):
            result = run(command, "--keys", keys, stdin=stdin)
            assert result.exit_code == 1
            assert "\x1b" not in result.output
            assert "\x07" not in result.output
    error = run("keys", "list", f"{tmp_path}/\x1b[31mred").stderr
    assert "\x1b" not in error
    assert r"\x1b[31mred" in error
    assert json.loads(run("keys", "list", "\x1b", "--json").stdout)["error"].startswith("\x1b")
