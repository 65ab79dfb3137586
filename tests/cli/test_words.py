"""Error messages: they say what to give, and never show most of a secret key."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path

import pytest

from gatepass.keys import SessionId
from tests.cli.processes import shell
from tests.cli.samples import RAW, SECRET, THEN, pair, run, write_keys
from tests.cli.terminal.test_streams import in_shell

LOGON = ("logon", "127.0.0.1:1", "--sender-comp-id", "ABC123N", "--state", "s", "--keys", "{keys}")

#: Wrong arguments, and the message about them.
WORDS = [
    ((*LOGON, "--heartbeat", "0"), "HeartBtInt (108) is 0: it must be 5 to 60 seconds"),
    ((*LOGON, "--heartbeat", "x"), "Invalid value for --heartbeat: give a whole number"),
    ((*LOGON, "--stay", "x"), "Invalid value for --stay: give a number"),
    ((*LOGON, "--stay", "-1"), "Invalid value for --stay: give 0 or more"),
    ((*LOGON, "--set", "108="), "tag 108 has an empty value, which FIX does not allow: leave"),
    ((*LOGON, "--set", "49=XYZ123N"), "only its last character can be altered"),
    ((*LOGON, "--scenario", "x"), "--scenario: 'x' is not one of 'auto'"),
    (("simulate", "--keys", "{keys}", "--port", "99999"), "--port: give 65535 or less"),
    (("keys", "check", "{keys}", "--days", "many"), "--days: give a whole number"),
    (("keys", "check", "fd:77"), "descriptor 77 is closed: open it, as with 77< KEYFILE"),
    (("keys", "check", "{keys}", "b", "c"), "too many arguments: b c"),
    (("sign",), "Missing option --keys"),
    (("samples",), "Missing argument DIR"),
]


@pytest.mark.parametrize(("words", "said"), WORDS, ids=lambda value: str(value)[-50:])
def test_a_wrong_argument_gets_a_message_with_what_to_give(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    result = run(*(word.format(keys=write_keys(tmp_path)) for word in words))
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Input should" not in result.stderr


#: Most of a secret key, as a user may paste it.
PARTS = {
    "whole": SECRET,
    "cut at the end": SECRET[:-5],
    "cut at the beginning": SECRET[4:],
    "with blanks": f" {SECRET} ",
    "cut with blanks": f" {SECRET[:-3]} ",
    "quoted": f"'{SECRET}'",
    "padded": f"{SECRET}=",
    "in standard base64": base64.b64encode(base64.urlsafe_b64decode(f"{SECRET}=")).decode(),
}
#: Where a user may paste it by mistake.
PLACES = (
    *("{}", "verify {}", "verify {} --keys {keys}", "verify x {} --keys {keys}", "sign --{}"),
    *("verify x --keys {}", "verify x --keys env:{}", "verify x --keys keyring:{}"),
    *("verify x --keys fd:{}", "verify x --keys={}", "keys check {}", "keys list {keys} --at {}"),
    *("keys generate k.txt {}", "sign x --keys {keys} --access-key {}", "samples {keys} {}"),
    "logon {}:9 --keys {keys} --sender-comp-id ABC123N --state s",
    "logon {} --keys {keys} --sender-comp-id ABC123N --state s",
    "logon 127.0.0.1:1 --keys {keys} --sender-comp-id {} --state s",
    "logon 127.0.0.1:1 --keys {keys} --sender-comp-id ABC123N --state s --system-name {}",
    "logon 127.0.0.1:1 --keys {keys} --sender-comp-id ABC123N --state s --set 1402={}",
    "simulate --keys {keys} --kind {} --duration 0",
)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("place", PLACES)
def test_a_secret_key_in_a_wrong_place_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = write_keys(tmp_path)
    words = [word.replace("{}", PARTS[part]).replace("{keys}", keys) for word in place.split()]
    for more in ((), ("--json",)):
        result = run(*words, *more)
        assert result.exit_code == 2
        shown = result.stdout + result.stderr
        assert all(SECRET[at : at + 12] not in shown for at in range(0, 28, 4))
        assert result.stderr


def test_a_warning_of_a_key_file_begins_like_other_messages(tmp_path: Path) -> None:
    keys = write_keys(tmp_path, pair(secret=SECRET[:-3]))
    for words in (("keys", "list", keys), ("simulate", "--keys", keys, "--duration", "0")):
        said = shell(*words).stderr.decode().splitlines()
        assert said[0].startswith(f"gatepass: warning: {keys}: session {SessionId('B08')}: ")
        assert sum("may have lost characters" in line for line in said) == 1


def test_logons_that_the_exchange_will_refuse_are_signed_with_one_warning(tmp_path: Path) -> None:
    logons = tmp_path / "logons.txt"
    wrong = RAW.replace("|108=60|", "|108=0|")
    assert wrong != RAW
    logons.write_text(f"{RAW}\n{wrong}\n{wrong}\n")
    result = run("sign", str(logons), "--keys", write_keys(tmp_path), "--at", THEN)
    assert result.exit_code == 0
    assert result.stdout.count("|1402=") == 3
    first, count = [line for line in result.stderr.splitlines() if "refuse" in line]
    assert first.startswith("gatepass: line 2: HeartBtInt (108) is 0: it must be 5 to 60 seconds;")
    assert "2 Logons" in count


@pytest.mark.parametrize("separator", ["^A", ";", " "])
def test_an_unknown_separator_is_named(tmp_path: Path, separator: str) -> None:
    logons = tmp_path / "logons.txt"
    logons.write_text(RAW.replace("|", separator) + "\n")
    keys = write_keys(tmp_path)
    for command in ("sign", "verify"):
        result = run(command, str(logons), "--keys", keys)
        assert f"separated by '{separator}', not by SOH" in result.stdout + result.stderr


def test_version_is_also_written_as_json() -> None:
    answer = run("version", "--json")
    assert answer.exit_code == 0
    assert f"gatepass {json.loads(answer.stdout)['version']}\n" == run("--version").stdout


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "130 Ctrl-C, 141 the reader of the output closed it early"),
        ("logon", "141: the reader of the conversation closed it"),
        ("logon", "In 49 you can change only the last character"),
        ("logon", "5 to 60 seconds"),
        ("verify", "FILE may be the log of gatepass simulate"),
        ("explain", "In a log of gatepass simulate, each Logon is checked as of the time"),
        ("keys list", "secret_key_bytes"),
    ],
)
def test_the_help_contains_what_users_need(command: str, words: str) -> None:
    text = run(*command.split(), "--help").stdout
    assert words in " ".join(re.sub("[│╭╮╰╯─]", " ", text).split())


@pytest.mark.parametrize("command", ["sign", "keys check", "samples", "logon"])
def test_no_argument_is_shown_with_a_type(command: str) -> None:
    assert "<str>" not in run(*command.split(), "--help").stdout


@pytest.mark.skipif(os.name != "posix", reason="a shell's pipe")
@pytest.mark.parametrize("group", ["", "keys", "center user"])
def test_a_group_without_a_command_is_bad_input_even_if_the_help_is_not_read(
    tmp_path: Path, group: str
) -> None:
    line = f"(gatepass {group}; echo $? >{tmp_path}/code) | true"
    in_shell(line, {"folder": str(tmp_path)})
    assert (tmp_path / "code").read_text() == "2\n"
