"""The command as a whole: help, version, a base install without its packages."""

from __future__ import annotations

import re

import pytest

from gatepass._native import VERSION
from tests.cli.processes import python, shell
from tests.cli.samples import run

COMMANDS = [
    ("samples",),
    ("sign",),
    ("verify",),
    ("explain",),
    ("keys", "list"),
    ("keys", "check"),
    ("keys", "timeline"),
    ("keys", "generate"),
    ("simulate",),
    ("logon",),
    ("center", "serve"),
    ("center", "init"),
    ("center", "user", "add"),
    ("center", "user", "list"),
    ("center", "user", "role"),
    ("center", "user", "disable"),
    ("center", "user", "change"),
    ("center", "user", "reset-codes"),
    ("center", "session", "owner"),
    ("center", "user", "enable"),
    ("center", "user", "reset-password"),
    ("center", "session", "add"),
    ("center", "session", "list"),
    ("center", "audit", "verify"),
    ("center", "audit", "list"),
    ("center", "backup"),
    ("center", "restore"),
    ("center", "sweep"),
    ("center", "rewrap"),
    ("demo",),
    ("bench",),
]


def test_help_shows_the_commands_in_the_order_of_use() -> None:
    result = run("--help")
    assert result.exit_code == 0
    named = re.findall(r"^│ (\w+) ", result.stdout, re.MULTILINE)
    words = "samples sign verify explain keys simulate logon center demo bench"
    assert named == words.split()


GROUPS = [
    (),
    ("keys",),
    ("center",),
    ("center", "user"),
    ("center", "session"),
    ("center", "audit"),
]


@pytest.mark.parametrize("command", [*GROUPS, *COMMANDS])
def test_every_help_has_an_example_of_its_command(
    command: tuple[str, ...],
) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    examples = re.findall(r"Example: (.*)", result.stdout)
    assert examples
    assert all(" ".join(("gatepass", *command)) in example for example in examples)
    assert result.stderr == ""


def test_the_commands_of_the_center_come_in_the_order_of_use() -> None:
    named = re.findall(r"^│ (\w+) ", run("center", "--help").stdout, re.MULTILINE)
    words = "serve init user session audit backup restore sweep rewrap"
    assert named == words.split()


@pytest.mark.parametrize("command", [each for each in COMMANDS if each[0] == "center"])
def test_every_center_command_takes_the_options_that_choose_the_center(
    command: tuple[str, ...],
) -> None:
    _, panel = run(*command, "--help").stdout.split("Which Request Center")
    assert re.findall(r"^│ (--\w+) ", panel, re.MULTILINE) == ["--database", "--config", "--state"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_json_and_documents_it(command: tuple[str, ...]) -> None:
    text = run(*command, "--help").stdout
    assert re.search(r"^│ +(\*? +)?--json ", text, re.MULTILINE)
    assert "--json writes" in text


@pytest.mark.parametrize("words", GROUPS)
def test_a_call_without_a_command_shows_the_help_and_is_bad_input(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "Usage: gatepass" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("word", ["--version", "-V", "version"])
def test_version_is_shown(word: str) -> None:
    result = run(word)
    assert (result.exit_code, result.stdout) == (0, f"gatepass {VERSION}\n")


def test_an_unknown_command_is_bad_input_and_a_similar_one_is_suggested() -> None:
    result = run("verfy")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Did you mean 'verify'?" in result.stderr


def test_the_script_and_the_module_are_the_same_command() -> None:
    version = f"gatepass {VERSION}\n"
    assert shell("--version").stdout.decode() == version
    assert python("-m", "gatepass", "--version").stdout == version


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_a_base_install_says_what_to_install(package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; from gatepass.cli import main; main()"
    answer = python("-c", code)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr == (
        f"gatepass: the command needs the package {package}: pip install 'gatepass[cli]'\n"
    )


def test_a_broken_package_is_not_reported_as_missing() -> None:
    code = "import sys; sys.modules['gatepass.keys'] = None; from gatepass.cli import main; main()"
    answer = python("-c", code)
    assert answer.returncode not in (0, 2)
    assert "gatepass[cli]" not in answer.stderr


@pytest.mark.parametrize("command", [*GROUPS, *COMMANDS])
def test_h_is_help_and_no_flag_is_shown_with_a_type(command: tuple[str, ...]) -> None:
    asked = run(*command, "-h")
    assert asked.exit_code == 0
    assert asked.stdout == run(*command, "--help").stdout
    assert re.search(r"^│ +--help +-h +Show", asked.stdout, re.MULTILINE)
    assert "bool" not in asked.stdout
