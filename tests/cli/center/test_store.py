"""The operator's commands of a Request Center, on both kinds of database."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, text, update

from gatepass.center import assembly, embedded
from gatepass.center.context import Center
from gatepass.center.mail import queue as mails
from gatepass.center.mail.couriers import Mail
from gatepass.center.store.schema import audit, audit_head, clock
from gatepass.cli.center import audit as center_audit
from tests.cli.processes import python, shell
from tests.cli.samples import run
from tests.cli.terminal.test_progress import Stream

MANAGER = (
    *("--manager", "maria", "--full-name", "Maria Jones"),
    *("--email", "maria@example.com", "--mobile", "+1 312 555 0123"),
)


@dataclass(frozen=True)
class Store:
    """A store and the options that name it."""

    url: str
    state: Path

    def run(self, *words: str, code: int = 0) -> str:
        """Run `gatepass center`; return its output."""
        result = run("center", *words, *self.options)
        assert result.exit_code == code, result.output
        return result.stdout if result.stdout and code != 2 else result.stderr

    def json(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Run `gatepass center` with --json, and return its object."""
        found: dict[str, Any] = json.loads(self.run(*words, "--json", code=code))
        return found

    @property
    def options(self) -> tuple[str, ...]:
        return ("--database", self.url, "--state", str(self.state))

    @contextmanager
    def center(self) -> Iterator[Center]:
        """Open it in this process."""
        settings = replace(embedded.defaults(self.state), database=self.url)
        with assembly.opened(settings) as center:
            yield center


@pytest.fixture
def store(new_url: str, tmp_path: Path) -> Store:
    """A store with the firm ACME and its manager maria."""
    made = Store(new_url, tmp_path / "state")
    made.run("init", "--firm", "ACME", *MANAGER)
    return made


def test_init_makes_a_store_and_shows_a_password_once(new_url: str, tmp_path: Path) -> None:
    store = Store(new_url, tmp_path / "state")
    told = store.json("init", "--firm", "ACME", *MANAGER)
    assert told["name"] == "maria"
    assert len(told["one_time_password"]) == 16
    assert store.json("init").keys() == {"database", "envelope_key"}
    assert [one["name"] for one in store.json("user", "list")["users"]] == ["maria"]


@pytest.mark.slow
def test_processes_that_make_a_store_at_the_same_time_agree(new_url: str, tmp_path: Path) -> None:
    store = Store(new_url, tmp_path / "state")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: shell("center", "init", *store.options), range(4)))
    assert [answer.returncode for answer in done] == [0, 0, 0, 0], done
    assert store.json("audit", "verify")["ok"]
    assert sorted(path.name for path in store.state.glob("*.key")) == ["envelope.key"]
    assert not list(store.state.glob(".*"))


def test_init_needs_a_firm_together_with_its_manager(store: Store) -> None:
    assert "--manager" in store.run("init", "--firm", "Beta", code=2)
    assert "firm 'ACME' already exists" in store.run("init", "--firm", "ACME", *MANAGER, code=2)


def test_init_continues_after_a_refused_manager(new_url: str, tmp_path: Path) -> None:
    store = Store(new_url, tmp_path / "state")
    wrong = [word.replace("maria@example.com", "maria") for word in MANAGER]
    assert "e-mail" in store.run("init", "--firm", "ACME", *wrong, code=2)
    store.run("init", "--firm", "ACME", *MANAGER)
    assert [one["firm"] for one in store.json("user", "list")["users"]] == ["ACME"]


def test_users_are_added_changed_and_disabled(store: Store) -> None:
    details = ("--full-name", "Kim", "--email", "kim@example.com", "--mobile", "+13125550124")
    first = store.json("user", "add", "kim", "--firm", "ACME", "--role", "keys", *details)
    assert first["name"] == "kim"
    assert "already" in store.run("user", "add", "kim", "--firm", "ACME", *details, code=2)
    store.run("user", "role", "kim", "--role", "reader")
    store.run("user", "disable", "kim")

    def kim() -> dict[str, Any]:
        users = store.json("user", "list", "--firm", "ACME")["users"]
        return next(one for one in users if one["name"] == "kim")

    assert (kim()["role"], kim()["disabled"]) == ("Read Only", True)
    store.run("user", "enable", "kim")
    assert not kim()["disabled"]
    again = store.json("user", "reset-password", "kim", "--authenticator")
    assert again["one_time_password"] != first["one_time_password"]
    to = ("--email", "k@example.com", "--mobile", "+1 312 555 0199")
    assert store.json("user", "change", "kim", *to)["changed"] == ["email", "mobile"]
    assert (kim()["email"], kim()["mobile"]) == ("k@example.com", "+13125550199")
    assert "give at least one of" in store.run("user", "change", "kim", code=2)
    assert store.json("user", "reset-codes", "kim") == {"name": "kim", "codes": 10}
    assert "--last-manager" in store.run("user", "disable", "maria", code=2)
    assert "--last-manager" in store.run("user", "role", "maria", "--role", "keys", code=2)
    store.run("user", "disable", "maria", "--last-manager")
    store.run("user", "enable", "maria")
    for words in (
        *(("disable",), ("reset-password",), ("role", "--role", "keys"), ("reset-codes",)),
        ("change", "--email", "k@example.com"),
    ):
        assert "no user 'nobody'" in store.run("user", words[0], "nobody", *words[1:], code=2)
    assert "existing firms: ACME" in store.run("user", "list", "--firm", "Beta", code=2)
    assert "Administrative Manager" in store.run("user", "list")


def test_sessions_are_added_and_listed(store: Store) -> None:
    by = ("--firm", "ACME", "--created-by", "maria")
    store.run("session", "add", "ABC", *by, "--description", "front desk")
    assert store.json("session", "add", "ABC123", *by)["kind"] == "dropcopy"
    assert "3 characters" in store.run("session", "add", "ABCD", *by, code=2)
    assert "already" in store.run("session", "add", "ABC", *by, code=2)
    assert "no user 'kim'" in store.run(
        "session", "add", "DEF", "--firm", "ACME", "--created-by", "kim", code=2
    )
    listed = store.json("session", "list")["sessions"]
    assert [(one["session"], one["firm"], one["pairs"]) for one in listed] == [
        ("ABC", "ACME", []),
        ("ABC123", "ACME", []),
    ]
    assert "front desk" in store.run("session", "list", "--firm", "ACME")
    assert "no user 'kim'" in store.run("session", "owner", "ABC", "--to", "kim", code=2)
    details = ("--full-name", "Kim", "--email", "kim@example.com", "--mobile", "+13125550124")
    store.run("user", "add", "kim", "--firm", "ACME", *details)
    told = store.json("session", "owner", "ABC", "--to", "kim")
    assert told == {"session": "ABC", "created_by": "kim"}
    owners = [one["created_by"] for one in store.json("session", "list")["sessions"]]
    assert owners == ["kim", "maria"]
    assert "only in capitals" in store.run("session", "add", "abc", *by, code=2)
    assert store.json("session", "remove", "ABC") == {"removed": "ABC"}
    assert "no session ABC" in store.run("session", "remove", "ABC", code=2)
    store.run("session", "add", "abc", *by)
    names = {one["session"] for one in store.json("session", "list")["sessions"]}
    assert names == {"abc", "ABC123"}
    assert store.json("audit", "list", "--last", "2")["entries"][0]["action"] == "remove session"


def test_the_audit_log_is_listed_and_verified(store: Store) -> None:
    assert store.json("audit", "verify") == {
        "ok": True,
        "entries": 2,
        "broken": None,
        "problem": "",
        "anchored": None,
    }
    last = store.json("audit", "list", "--last", "1")["entries"]
    assert [(one["id"], one["action"], one["subject"]) for one in last] == [
        (2, "add user", "maria")
    ]
    assert last[0]["facts"] == {"user": "maria", "role": "Administrative Manager"}
    assert "add firm" in store.run("audit", "list", "--firm", "ACME")


def test_a_tampered_entry_is_named_and_the_exit_code_is_1(store: Store) -> None:
    for session in ("ABC", "DEF"):
        store.run("session", "add", session, "--firm", "ACME", "--created-by", "maria")
    with store.center() as center:
        forged = update(audit).where(audit.c.id == 3).values(subject="XYZ")
        center.database.write(lambda connection: connection.execute(forged))
    found = store.json("audit", "verify", code=1)
    assert (found["ok"], found["entries"], found["broken"]) == (False, 2, 3)
    assert "entry 3 was changed" in store.run("audit", "verify", code=1)


def test_an_anchor_names_a_log_whose_end_was_cut_off(store: Store, tmp_path: Path) -> None:
    """The attacker kept the head row, and nothing in the store reveals the change."""
    file = tmp_path / "anchor"
    words = ("audit", "verify", "--anchor", str(file))
    assert store.json(*words)["anchored"] is None
    with store.center() as center, center.database.read() as connection:
        (head,) = connection.execute(select(audit_head)).mappings()
    store.run("user", "change", "maria", "--mobile", "+13125550199")
    assert store.json(*words)["anchored"] == 2
    kept = file.read_text()

    def cut(connection: Connection) -> None:
        connection.execute(delete(audit).where(audit.c.id > head["last_id"]))
        connection.execute(update(audit_head).values(head))

    with store.center() as center:
        center.database.write(cut)
    assert store.json("audit", "verify")["ok"]
    found = store.json(*words, code=1)
    assert (found["entries"], found["broken"], found["anchored"]) == (2, 3, 3)
    assert "entry 3 is missing" in store.run(*words, code=1)
    # The log has grown again: it has the same length, but another last entry.
    store.run("user", "disable", "maria", "--last-manager")
    assert "entry 3 is not the anchored one" in store.run(*words, code=1)
    assert file.read_text() == kept
    file.write_text("nonsense")
    assert "not an anchor of an audit log" in store.run(*words, code=2)
    file.unlink()
    assert "made a new anchor" in run("center", *words, *store.options).stderr
    assert store.json(*words)["anchored"] == 3
    assert sorted(path.name for path in tmp_path.iterdir() if "anchor" in path.name) == ["anchor"]


def anchors(store: Store) -> list[Path]:
    return sorted(store.state.glob("audit-*.anchor"))


def test_a_cut_off_log_is_found_without_any_option(store: Store) -> None:
    assert "made a new anchor" in run(*("center", "audit", "verify"), *store.options).stderr
    (file,) = anchors(store)
    with store.center() as center, center.database.read() as connection:
        (head,) = connection.execute(select(audit_head)).mappings()
    store.run("user", "change", "maria", "--mobile", "+13125550199")
    assert store.json("audit", "verify")["anchored"] == 2
    kept = file.read_text()

    def cut(connection: Connection) -> None:
        connection.execute(delete(audit).where(audit.c.id > head["last_id"]))
        connection.execute(update(audit_head).values(head))

    with store.center() as center:
        center.database.write(cut)
    found = store.json("audit", "verify", code=1)
    assert (found["entries"], found["broken"], found["anchored"]) == (2, 3, 3)
    assert str(file) in run("center", "audit", "verify", *store.options).stderr.replace("\n", "")
    assert file.read_text() == kept


def test_two_databases_of_one_state_folder_have_an_anchor_each(
    store: Store, tmp_path: Path
) -> None:
    other = Store(f"sqlite:///{tmp_path / 'other.sqlite'}", store.state)
    other.run("init", "--firm", "Beta", *MANAGER)
    other.run("session", "add", "ABC", "--firm", "Beta", "--created-by", "maria")
    for _ in range(2):
        assert other.json("audit", "verify")["entries"] == 3
        assert store.json("audit", "verify")["entries"] == 2
    assert len(anchors(store)) == 2


def test_a_restore_removes_the_anchor_and_the_next_check_makes_a_new_one(
    store: Store, tmp_path: Path
) -> None:
    file = str(tmp_path / "monday.backup")
    store.run("backup", file)
    store.run("user", "change", "maria", "--mobile", "+13125550199")
    store.run("user", "reset-codes", "maria")
    assert store.json("audit", "verify")["entries"] == 4
    store.run("restore", file, "--replace")
    assert anchors(store) == []
    assert store.json("audit", "verify") == {
        "ok": True,
        "entries": 3,
        "broken": None,
        "problem": "",
        "anchored": None,
    }


def test_without_a_state_folder_the_verdict_is_the_exit_code(tmp_path: Path) -> None:
    """No anchor was requested, so a failure to write one is only reported."""
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}", tmp_path / "state")
    store.run("init")
    key = (store.state / "envelope.key").read_text()
    shutil.rmtree(store.state)
    done = run(*("center", "audit", "verify"), *store.options, GATEPASS_CENTER_ENVELOPE_KEY=key)
    assert done.exit_code == 0
    assert "cannot write the anchor" in " ".join(done.stderr.split())


def test_the_verdict_is_shown_if_no_anchor_can_be_written(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "anchor"
    words = ("center", "audit", "verify", "--anchor", str(file), *store.options)
    done = run(*words)
    assert done.exit_code == 2
    assert "entries are unchanged" in done.stdout
    assert f"{file}: cannot write the anchor (No such file or directory)" in " ".join(
        done.stderr.split()
    )
    assert json.loads(run(*words, "--json").stdout)["ok"]


def test_a_backup_is_restored_over_a_newer_store_only_with_replace(
    store: Store, tmp_path: Path
) -> None:
    file = str(tmp_path / "monday.backup")
    by = ("--firm", "ACME", "--created-by", "maria")
    store.run("session", "add", "ABC", *by)
    assert store.json("backup", file)["last_entry"] == 3
    assert "already exists" in store.run("backup", file, code=2)
    store.run("session", "add", "DEF", *by)
    assert "add --replace" in store.run("restore", file, code=2)
    assert len(store.json("session", "list")["sessions"]) == 2
    assert "1 entry of its audit log" in store.json("restore", file, "--replace")["lost"]
    assert [one["session"] for one in store.json("session", "list")["sessions"]] == ["ABC"]
    assert store.json("audit", "verify")["ok"]
    assert "no such file" in store.run("restore", str(tmp_path / "none"), code=2)


def test_a_backup_is_restored_into_an_empty_database(store: Store, tmp_path: Path) -> None:
    file = str(tmp_path / "monday.backup")
    store.run("backup", file)
    fresh = Store(f"sqlite:///{tmp_path / 'fresh.sqlite'}", store.state)
    assert fresh.json("restore", file)["lost"] is None
    assert [one["name"] for one in fresh.json("user", "list")["users"]] == ["maria"]


def test_sweep_sends_mails(store: Store) -> None:
    with store.center() as center:
        center.database.write(
            lambda connection: mails.queue(
                connection, center, [Mail("k", "a@b.example", "S", "Body")]
            )
        )
    counts = {"expired": 0, "warned": 0, "erased": 0, "failed": 0, "broken": []}
    assert store.json("sweep") == {**counts, "sent": 1}
    assert "mails sent: 0" in store.run("sweep")
    assert len(list((store.state / "outbox").glob("mail-*.eml"))) == 1


def test_a_clock_far_ahead_is_accepted_only_with_accept_clock(store: Store) -> None:
    store.run("sweep")
    with store.center() as center:
        long_ago = update(clock).values(swept_at=center.clock() - timedelta(days=8))
        center.database.write(lambda connection: connection.execute(long_ago))
    assert "--accept-clock" in store.run("sweep", code=2)
    store.run("sweep", "--accept-clock")
    store.run("sweep")


def test_a_new_envelope_key_replaces_the_old_one(store: Store) -> None:
    file = store.state / "envelope.key"
    (old,) = file.read_text().split()
    made = store.json("rewrap", "--new-key")
    new, kept = file.read_text().split()
    assert (kept, made["wrapped"]) == (old, 1)
    assert store.json("rewrap") == {**made, "wrapped": 0}
    file.write_text(f"{new}\n")
    assert store.json("audit", "verify")["ok"]
    file.write_text(f"{old}\n")
    assert made["envelope_key"] in store.run("audit", "verify", code=2)


def test_an_envelope_key_from_the_environment_must_be_changed_there(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}", tmp_path / "state")
    store.run("init")
    env = {"GATEPASS_CENTER_ENVELOPE_KEY": (store.state / "envelope.key").read_text()}
    (store.state / "envelope.key").unlink()
    assert run("center", "audit", "verify", *store.options, **env).exit_code == 0
    result = run("center", "rewrap", "--new-key", *store.options, **env)
    assert result.exit_code == 2
    assert "add the new key there" in result.stderr


def test_a_missing_store_is_not_made(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'none.sqlite'}", tmp_path / "state")
    for words in (("user", "list"), ("audit", "verify"), ("sweep",), ("backup", "b"), ("rewrap",)):
        assert "gatepass center init" in store.run(*words, code=2)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_refused_with_the_command_to_run(new_url: str, tmp_path: Path) -> None:
    if new_url.startswith("sqlite"):
        Path(new_url.removeprefix("sqlite:///")).touch(0o600)
    store = Store(new_url, tmp_path / "state")
    assert "gatepass center init" in store.run("session", "list", code=2)


def test_tables_of_a_newer_gatepass_are_not_changed(store: Store) -> None:
    with store.center() as center:
        newer = text("UPDATE alembic_version SET version_num = '9999'")
        center.database.write(lambda connection: connection.execute(newer))
    for words in (("init",), ("user", "list")):
        assert "newer gatepass" in store.run(*words, code=2)


def test_control_characters_in_texts_of_users_are_escaped(store: Store) -> None:
    words = ("--firm", "ACME", "--created-by", "maria", "--description", "\x1b[31mred")
    store.run("session", "add", "ABC", *words)
    listed = store.run("session", "list")
    assert "\x1b" not in listed
    assert r"\x1b[31mred" in listed


def test_the_installed_script_works_too(store: Store) -> None:
    answer = shell("center", "user", "list", "--json", *store.options)
    assert answer.returncode == 0
    assert answer.stderr == b""
    assert json.loads(answer.stdout)["users"][0]["name"] == "maria"


@pytest.mark.parametrize(
    "words",
    [
        ("center", "user", "list"),
        ("simulate", "--keys", "center:"),
        ("keys", "list", "center:"),
        ("keys", "check", "center:sqlite:///none.sqlite"),
    ],
)
@pytest.mark.parametrize("package", ["sqlalchemy", "cryptography", "argon2"])
def test_without_the_extra_it_says_what_to_install(package: str, words: tuple[str, ...]) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv[1:] = {list(words)!r};"
        "from gatepass.cli import main; main()"
    )
    answer = python("-c", code)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert re.fullmatch(
        rf"gatepass: the Request Center needs the package {package}[\w.]*:"
        r" pip install 'gatepass\[center\]'\n",
        answer.stderr,
    )


@pytest.mark.parametrize(
    ("patience", "terminal", "shown"),
    [(0.0, True, True), (3600.0, True, False), (0.0, False, False)],
)
def test_a_long_verification_shows_its_progress(
    monkeypatch: pytest.MonkeyPatch, patience: float, terminal: bool, shown: bool
) -> None:
    stream = Stream(terminal)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(center_audit, "PATIENCE", patience)
    with center_audit.bar() as progress:
        progress(1000, 4000)
        progress(2000, 4000)
    assert ("50%" in stream.getvalue()) is shown
