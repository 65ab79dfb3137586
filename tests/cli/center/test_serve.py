"""`gatepass center serve` as a process."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import stat
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from gatepass.center import assembly, embedded
from gatepass.center.mail import queue as mails
from gatepass.center.mail.couriers import Mail
from tests.cli.center.centers import PASSWORD, Browser, code_in, serving
from tests.cli.processes import shell
from tests.cli.samples import run

CHOSEN = "correct horse battery"


def log_in(browser: Browser, password: str, outbox: Path) -> str:
    """Log in with the one-time password, choose another one, and return the next page."""
    before = set(outbox.glob("code-*"))
    browser.get("/login")
    assert "Verification code" in browser.submit("/login", name="admin", password=password)
    (file,) = set(outbox.glob("code-*")) - before
    assert "Choose a password" in browser.submit("/login/code", code=code_in(str(file)))
    return browser.submit("/login/password", new=CHOSEN, again=CHOSEN)


def test_it_starts_without_options_and_its_administrator_logs_in(tmp_path: Path) -> None:
    with serving(XDG_DATA_HOME=str(tmp_path)) as live:
        password = live.wait_for(PASSWORD.pattern)[1]
        outbox = Path(live.wait_for("mails are written to (.*)")[1])
        page = log_in(Browser(live.url), password, outbox)
        assert "iLink Sessions" in page
        assert ">ABC<" in page
        # The path of the code's file is printed, the code is not.
        file = live.wait_for("a verification code is in (.*)")[1]
        assert not any(code_in(file) in line for line in live.lines)
        assert live.end() == 0
    # The one-time password is shown once, and the user's new one never.
    assert sum(password in line for line in live.lines) == 1
    assert not any(CHOSEN in line for line in live.lines)


@pytest.mark.skipif(os.name != "posix", reason="modes as POSIX has them")
def test_only_its_owner_can_read_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with serving("--state", str(folder)) as live:
        password = live.wait_for(PASSWORD.pattern)[1]
        Browser(live.url).get("/login")
        browser = Browser(live.url)
        browser.get("/login")
        browser.submit("/login", name="admin", password=password)
        live.wait_for("a verification code is in")
        found = {path.relative_to(folder): path.stat().st_mode for path in folder.rglob("*")}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {Path("center.sqlite"), Path("envelope.key"), Path("outbox")} <= found.keys()
    assert not any(mode & 0o077 for mode in found.values())


@pytest.mark.slow
def test_the_second_start_uses_the_existing_store(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    with serving(*state) as first:
        first.wait_for(PASSWORD.pattern)
        assert first.end() == 0
    with serving(*state) as second:
        assert second.end() == 0
    assert not any(PASSWORD.search(line) for line in second.lines)
    users = json.loads(run("center", "user", "list", "--json", *state).stdout)["users"]
    assert [user["name"] for user in users] == ["admin"]


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_0_even_while_a_browser_is_connected(
    tmp_path: Path, number: int
) -> None:
    with serving("--state", str(tmp_path / "state")) as live:
        port = int(live.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)):
            assert live.end(number) == 0
    assert not any("Traceback" in line for line in live.lines)


@pytest.mark.slow
def test_a_mail_server_that_hangs_does_not_delay_the_end(tmp_path: Path) -> None:
    """Neither the server for mails, nor the one for codes, which a request waits for."""
    state, config = tmp_path / "state", tmp_path / "center.toml"
    with serving("--state", str(state)) as live:
        password = live.wait_for(PASSWORD.pattern)[1]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config.write_text(
            '[mail]\nhost = "127.0.0.1"\nsender = "c@example.com"\nsecurity = "none"\n'
            f"port = {listener.getsockname()[1]}\n"
            '[codes]\nsms-gateway = "sms.example.com"\n'
        )
        with serving("--state", str(state), "--config", str(config)) as live:
            browser = Browser(live.url)
            browser.get("/login")
            words = {"name": "admin", "password": password}
            asking = threading.Thread(target=_try, args=(browser, words))
            asking.start()
            connection, _ = listener.accept()
            assert live.end() == 0
        connection.close()
        asking.join(30)
    assert not any("Traceback" in line for line in live.lines)


def _try(browser: Browser, words: dict[str, str]) -> None:
    with suppress(OSError, http.client.HTTPException):
        browser.submit("/login", **words)


@pytest.mark.slow
def test_several_processes_serve_one_database(new_url: str, tmp_path: Path) -> None:
    words = ("--database", new_url, "--state", str(tmp_path / "state"))
    with serving(*words) as first, serving(*words) as second:
        password = first.wait_for(PASSWORD.pattern)[1]
        assert not any(PASSWORD.search(line) for line in second.lines)
        # A login at one process counts at the other.
        browser = Browser(first.url)
        log_in(browser, password, tmp_path / "state" / "outbox")
        browser.move(second.url)
        assert "iLink Sessions" in browser.get("/sessions")
        assert first.end() == second.end() == 0


@pytest.mark.slow
def test_processes_that_start_at_the_same_time_make_one_administrator(
    new_url: str, tmp_path: Path
) -> None:
    # Each state folder would get its own envelope key, so the key is made first.
    words = ("--database", new_url, "--state", str(tmp_path / "state"))
    assert shell("center", "init", *words).returncode == 0
    with serving(*words) as one, serving(*words) as other, serving(*words) as third:
        lines = [*one.lines, *other.lines, *third.lines]
    assert sum(bool(PASSWORD.search(line)) for line in lines) == 1


@pytest.mark.slow
def test_open_always_ignores_the_opening_hours(tmp_path: Path) -> None:
    config = tmp_path / "center.toml"
    config.write_text("open-always = true\n")
    for words in (("--open-always",), ("--config", str(config))):
        with serving("--state", str(tmp_path / "state"), *words) as live:
            live.wait_for("^always open, for rehearsals: CME's opening hours are ignored$")
            assert "Always open, for rehearsal" in Browser(live.url).get("/login")
            live.wait_for("gatepass center user reset-codes NAME")
    with serving("--state", str(tmp_path / "state")) as live:
        assert "Open Sunday 10:00 to Friday 16:30" in Browser(live.url).get("/login")


def test_it_answers_requests_for_its_public_address(tmp_path: Path) -> None:
    words = ("--state", str(tmp_path / "state"))
    with serving(*words, "--address", "https://keys.example.com:8443/") as live:
        live.wait_for("^public address: https://keys.example.com:8443$")
        assert [_status(live.url, name) for name in ("keys.example.com", "localhost")] == [200, 200]
        assert _status(live.url, "evil.example") == 421
    refused = run("center", "serve", *words, "--address", "keys.example.com")
    assert refused.exit_code == 2
    assert "an address looks like https://keys.example.com" in refused.stderr


def _status(url: str, name: str) -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("GET", "/login", headers={"Host": name})
    status = connection.getresponse().status
    connection.close()
    return status


def test_json_writes_one_object_per_line_after_the_first(tmp_path: Path) -> None:
    with serving("--state", str(tmp_path / "state"), "--json") as live:
        told = json.loads(live.wait_for('^{.*"administrator".*')[0])
        assert (told["name"], told["session"]) == ("admin", "ABC")
        browser = Browser(live.url)
        browser.get("/login")
        browser.submit("/login", name="admin", password=told["one_time_password"])
        code = json.loads(live.wait_for('^{.*"code".*')[0])
        assert code_in(code["file"])


def test_it_serves_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "center.pem")
    config = tmp_path / "center.toml"
    config.write_text('[tls]\ncertificate = "center.pem"\n')
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with serving("--config", str(config), "--state", str(tmp_path / "state")) as live:
        assert live.url.startswith("https://")
        assert "Log in" in Browser(live.url, context).get("/login")
        assert live.end() == 0


@pytest.mark.slow
def test_it_sends_waiting_mails(new_url: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving("--database", new_url, "--state", str(state)) as live:
        settings = replace(embedded.defaults(state), database=new_url)
        with assembly.opened(settings) as center:
            center.database.write(
                lambda connection: mails.queue(
                    connection, center, [Mail("k", "a@b.example", "S", "Body")]
                )
            )
        for _ in range(600):
            if found := list((state / "outbox").glob("mail-*.eml")):
                break
            time.sleep(0.1)
        assert b"To: a@b.example" in found[0].read_bytes()
        assert live.end() == 0


def test_no_administrator_is_made_if_codes_go_to_mobiles(tmp_path: Path) -> None:
    config = tmp_path / "center.toml"
    config.write_text('[codes]\nwebhook = "http://127.0.0.1:1/sms"\n')
    with serving("--config", str(config), "--state", str(tmp_path / "state")) as live:
        live.wait_for("there are no users yet: gatepass center init")
    assert not any(PASSWORD.search(line) for line in live.lines)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--host", "0.0.0.0"), "in clear: give tls.certificate"),  # noqa: S104 - refused
        (("--database", "oracle://x/y"), "this is not a database URL"),
        (("--database", "postgresql://u:hunter22@h/n"), "other users can read the command line"),
        (("--database", "postgresql://h/n?password=hunter22"), "other users can read"),
        (("--config", "none.toml"), "none.toml"),
        (("--port", "70000"), "--port"),
    ],
)
def test_bad_input_is_exit_code_2(tmp_path: Path, words: tuple[str, ...], named: str) -> None:
    result = run("center", "serve", "--state", str(tmp_path / "state"), *words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert named in result.stderr
    assert "hunter22" not in result.output


def test_a_password_in_the_environments_url_is_in_no_output(tmp_path: Path) -> None:
    url = "postgresql://u:hunter22@127.0.0.1:1/n?sslpassword=hunter23"
    result = run("center", "serve", "--state", str(tmp_path / "s"), GATEPASS_CENTER_DATABASE=url)
    assert result.exit_code == 2
    assert "start the PostgreSQL server" in result.stderr
    assert not re.search("hunter2[23]", result.output)


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("center", "serve", "--state", str(tmp_path / "state"), "--port", port)
    assert result.exit_code == 2
    assert f"127.0.0.1:{port}" in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="modes as POSIX has them")
def test_a_folder_that_others_can_use_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    result = run("center", "serve", "--state", str(folder))
    assert result.exit_code == 2
    assert f"chmod 700 {folder}" in result.stderr


def test_another_envelope_key_is_refused_and_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    assert run("center", "init", "--database", url, "--state", str(tmp_path / "a")).exit_code == 0
    # The folder has no key, and a store that was made with a key gets no new one.
    result = run("center", "serve", "--database", url, "--state", str(tmp_path / "b"))
    assert result.exit_code == 2
    assert "the Request Center was begun with" in result.stderr
    assert not (tmp_path / "b" / "envelope.key").exists()
