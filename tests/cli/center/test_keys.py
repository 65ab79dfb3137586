"""`gatepass simulate --keys center:URL`: the gateway reads the Request Center's store live."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gatepass.center import assembly, embedded
from gatepass.keys import IssuedPair, SecretKey, read_key_file, write_key_file
from tests.cli.center.centers import Desk, gateway
from tests.cli.processes import shell
from tests.cli.samples import RAW, as_text, run

MANAGER = (
    *("--manager", "maria", "--full-name", "Maria Jones"),
    *("--email", "maria@example.com", "--mobile", "+13125550123"),
)


@pytest.fixture
def state(new_url: str, tmp_path: Path) -> Path:
    """The state folder of a store with the firm ACME, its manager maria and the session ABC."""
    state = tmp_path / "state"
    options = ("--database", new_url, "--state", str(state))
    assert run("center", "init", "--firm", "ACME", *MANAGER, *options).exit_code == 0
    words = ("ABC", "--firm", "ACME", "--created-by", "maria", *options)
    assert run("center", "session", "add", *words).exit_code == 0
    return state


def log_on(address: str, keys: Path, folder: Path) -> subprocess.CompletedProcess[bytes]:
    words = ("--sender-comp-id", "ABC123N", "--state", str(folder / "numbers"), "--stay", "0")
    return shell("logon", address, "--keys", str(keys), *words)


def test_a_new_pair_logs_on_at_once_and_a_deleted_one_is_refused_at_once(
    new_url: str, state: Path, tmp_path: Path
) -> None:
    settings = replace(embedded.defaults(state), database=new_url)
    keys = tmp_path / "CMEKeys.txt"
    with (
        gateway(f"center:{new_url}", GATEPASS_CENTER_STATE=str(state)) as address,
        assembly.opened(settings) as center,
    ):
        desk = Desk(center, "ACME", "maria", state / "outbox")
        made = desk.generate("ABC")
        desk.download(made, keys)
        assert log_on(address, keys, tmp_path).returncode == 0
        desk.delete(made)
        refused = log_on(address, keys, tmp_path)
        assert refused.returncode == 1
        assert b"Invalid Logon. Logout Forced" in refused.stdout


def test_explain_names_a_secret_key_of_the_store_that_was_used_as_text(
    new_url: str, state: Path, tmp_path: Path
) -> None:
    keys, wrong = tmp_path / "CMEKeys.txt", tmp_path / "wrong.txt"
    with assembly.opened(replace(embedded.defaults(state), database=new_url)) as center:
        desk = Desk(center, "ACME", "maria", state / "outbox")
        desk.download(desk.generate("ABC"), keys)
    (pair,) = read_key_file(keys)
    secret = keys.read_text().splitlines()[1].split()[2]
    dates = date.min, date.max
    client = IssuedPair(pair.session, pair.access_key_id, SecretKey(as_text(secret)), *dates)
    write_key_file(wrong, [client])
    signed = run("sign", "--keys", str(wrong), stdin=RAW.replace("|49=B08", "|49=ABC")).stdout
    words = ("explain", "--keys", f"center:{new_url}", "--any-time")
    explained = run(*words, stdin=signed, GATEPASS_CENTER_STATE=str(state))
    assert "the Secret Key was used as text" in explained.stdout


@pytest.mark.slow
def test_the_recovery_view_shows_the_store_15_minutes_earlier(
    new_url: str, state: Path, tmp_path: Path
) -> None:
    settings = replace(embedded.defaults(state), database=new_url)
    keys = tmp_path / "CMEKeys.txt"
    with assembly.opened(settings) as center:
        desk = Desk(center, "ACME", "maria", state / "outbox")
        made = desk.generate("ABC")
        desk.download(made, keys)
        at = desk.center.clock()
    codes = []
    for minutes in (14, 16):
        disaster = (at + timedelta(minutes=minutes)).astimezone(UTC)
        word = f"center:{new_url}?disaster={disaster:%Y-%m-%dT%H:%M:%SZ}"
        with gateway(word, GATEPASS_CENTER_STATE=str(state)) as address:
            codes.append(log_on(address, keys, tmp_path).returncode)
    assert codes == [1, 0]


def test_keys_lists_checks_and_draws_the_pairs_of_the_store(new_url: str, state: Path) -> None:
    env = {"GATEPASS_CENTER_STATE": str(state)}
    with assembly.opened(replace(embedded.defaults(state), database=new_url)) as center:
        made = Desk(center, "ACME", "maria", state / "outbox").generate("ABC")
    listed = shell("keys", "list", f"center:{new_url}", "--json", **env)
    (pair,) = json.loads(listed.stdout)["pairs"]
    assert (pair["session"], pair["access_key_id"], pair["used"]) == ("ABC", made, True)
    checked = shell("keys", "check", f"center:{new_url}", "--json", **env)
    assert (checked.returncode, json.loads(checked.stdout)["ok"]) == (0, True)
    drawn = shell("keys", "timeline", "center:", **env, GATEPASS_CENTER_DATABASE=new_url)
    assert made.encode() in drawn.stdout
    assert [answer.stderr for answer in (listed, checked, drawn)] == [b"", b"", b""]


@pytest.mark.slow
def test_without_a_url_it_uses_the_database_of_the_environment(new_url: str, state: Path) -> None:
    env = {"GATEPASS_CENTER_STATE": str(state), "GATEPASS_CENTER_DATABASE": new_url}
    for word in ("center:", f"center:?disaster={datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"):
        answer = shell("simulate", "--keys", word, "--duration", "0", **env)
        assert answer.returncode == 0
        assert b"no session yet" in answer.stderr


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("center:postgresql://u:hunter22@h/n", "other users can read the command line"),
        ("center:nowhere", "this is not a database URL"),
        ("center:?disaster=yesterday", "the form 2026-11-23T10:00:00Z"),
        ("center:sqlite:///none/none.sqlite", "gatepass center init"),
    ],
)
def test_a_url_without_a_store_is_refused(state: Path, new_url: str, word: str, named: str) -> None:
    env = {"GATEPASS_CENTER_STATE": str(state), "GATEPASS_CENTER_DATABASE": new_url}
    answer = run("simulate", "--keys", word, "--duration", "0", **env)
    assert answer.exit_code == 2
    assert named in answer.stderr
    assert "hunter22" not in answer.output
