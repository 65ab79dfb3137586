"""Settings from TOML: everything that can be set, and errors with their lines and keys."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gatepass.center import assembly, embedded, settings
from gatepass.center.mail.couriers.outbox import OutboxMailer
from gatepass.center.mail.couriers.smtp import SmtpMailer
from gatepass.center.secrets.private_text import SecretPlace
from gatepass.center.settings import (
    CenterSettings,
    MailSettings,
    has_password,
    read_settings,
    shown,
)
from gatepass.errors import CenterError, ConfigError

DOCUMENT = Path(__file__).parents[2] / "docs" / "center.md"

EVERYTHING = """\
database = "postgresql://gatepass@db.example.com/center"
host = "::1"
port = 8443
address = "https://keys.example.com/"
environment = "NEWRELEASE"
open-always = true
outbox = "post"

[tls]
certificate = "center.pem"
key = "center.key"

[envelope-key]
variable = "CENTER_KEY"

[codes]
webhook = "https://sms.example.com/send"
webhook-token-file = "sms.token"

[mail]
host = "smtp.example.com"
port = 465
sender = "center@example.com"
security = "tls"
user = "center"
password-variable = "SMTP_PASSWORD"
"""


def read(folder: Path, text: str) -> CenterSettings:
    path = folder / "center.toml"
    path.touch(0o600)
    path.write_text(text)
    return read_settings(path, embedded.defaults(folder / "state"))


def test_the_example_in_the_documentation_can_be_read_and_names_every_key(
    tmp_path: Path,
) -> None:
    example = DOCUMENT.read_text().split("```toml\n")[1].split("```")[0]
    assert read(tmp_path, example).open_always is False
    for name in settings._SETTINGS:
        assert f"{name.rpartition('.')[2]} = " in example


def test_everything_can_be_set_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, EVERYTHING) == CenterSettings(
        database="postgresql://gatepass@db.example.com/center",
        envelope=SecretPlace(variable="CENTER_KEY"),
        outbox=tmp_path / "post",
        state=tmp_path / "state",
        host="::1",
        port=8443,
        address="https://keys.example.com",
        environment="NEWRELEASE",
        open_always=True,
        certificate=tmp_path / "center.pem",
        key=tmp_path / "center.key",
        webhook="https://sms.example.com/send",
        webhook_token=SecretPlace(file=tmp_path / "sms.token"),
        mail=MailSettings(
            host="smtp.example.com",
            port=465,
            sender="center@example.com",
            security="tls",
            user="center",
            password=SecretPlace(variable="SMTP_PASSWORD"),
        ),
    )


def test_missing_settings_default_to_the_state_folder(tmp_path: Path) -> None:
    state = tmp_path / "state"
    settings = read(tmp_path, "port = 1\n")
    assert settings.database == f"sqlite:///{state / 'center.sqlite'}"
    assert settings.envelope == SecretPlace(file=state / "envelope.key")
    assert settings.outbox == state / "outbox"
    assert settings.codes_stay_here


@pytest.mark.parametrize(
    ("database", "same"),
    [
        ("postgresql://gatepass@db/center", True),
        ("postgresql://gatepass:one@db/center", True),
        ("postgresql://gatepass:two@db/center", True),
        ("postgresql://gatepass:two@db/center?password=three", True),
        ("postgresql://gatepass:one@db/other", False),
        ("postgresql://gatepass:one@other/center", False),
    ],
)
def test_each_database_has_an_anchor_of_its_own_and_no_password_names_it(
    tmp_path: Path, database: str, same: bool
) -> None:
    here = embedded.defaults(tmp_path)
    one, other = (
        replace(here, database=url).anchor
        for url in ("postgresql://gatepass:four@db/center", database)
    )
    assert one.parent == tmp_path
    assert (one == other) is same


def test_an_sqlite_file_has_one_anchor_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = embedded.defaults(tmp_path / "state")
    (tmp_path / "link").symlink_to(tmp_path)
    named = (
        f"sqlite:///{tmp_path / 'own.sqlite'}",
        "sqlite:///own.sqlite",
        "sqlite:///state/../own.sqlite",
        "sqlite:///link/own.sqlite",
    )
    assert len({replace(here, database=url).anchor for url in named}) == 1
    other = replace(here, database="sqlite:///other.sqlite")
    assert other.anchor != replace(here, database=named[0]).anchor


def test_a_moved_state_folder_keeps_the_anchor_of_its_database(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    folders = [tmp_path / "state", tmp_path / "link" / "state", tmp_path / "elsewhere"]
    assert len({embedded.defaults(folder).anchor.name for folder in folders}) == 1


def test_an_sqlite_file_is_relative_to_the_settings_too(tmp_path: Path) -> None:
    settings = read(tmp_path, 'database = "sqlite:///own.sqlite"\n')
    assert settings.database == f"sqlite:///{tmp_path / 'own.sqlite'}"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://Keys.example.com:8443/", "keys.example.com"),
        ("https://schlüssel.example.com", "xn--schlssel-95a.example.com"),
        ("https://鍵.example", "xn--5y4a.example"),
        ("http://192.0.2.7:65535", "192.0.2.7"),
        ("https://[2001:DB8::1]", "2001:db8::1"),
    ],
)
def test_an_address_is_answered_by_the_name_that_browsers_ask_for(
    tmp_path: Path, address: str, name: str
) -> None:
    assert read(tmp_path, f'address = "{address}"\n').names == ("127.0.0.1", name)


@pytest.mark.parametrize(
    "address",
    [
        *(f"https://keys.example.com:{port}" for port in ("65536", "0", "x", "-1")),
        *("https://user@keys.example.com", "https://u:hunter22@keys.example.com", "https://@k"),
        *("https://0.0.0.0", "https://[::]:8400", "https://[0:0::0]", "https://[::1"),
        *("https://", "https:///x", "https://k/x", "https://k?x", "https://k#x", "ftp://k"),
        *("https://a b", f"https://{'ü' * 70}.example", "https://ü..example"),
    ],
)
def test_a_malformed_address_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError, match="address") as refused:
        read(tmp_path, f'address = "{address}"\n')
    assert "hunter22" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("\nprot = 1\n", 2, "prot", "no such setting"),
        ("[cods]\nwebhook = 1\n", 1, "cods", "no such setting"),
        ('[codes]\nweb = "x"\n', 2, "codes.web", "no such setting"),
        ("port = 70000\n", 1, "port", "0 to 65535"),
        ('database = "oracle://x/y"\n', 1, "database", "not a database URL"),
        ('database = "hunter22"\n', 1, "database", "not a database URL"),
        ('database = ["postgresql://u:hunter22@h"]\n', 1, "database", "not a database URL"),
        ("open-always = 1\n", 1, "open-always", "true or false"),
        ('environment = "a name that is far too long"\n', 1, "environment", "at most 20"),
        ('address = "keys.example.com"\n', 1, "address", "https://keys.example.com"),
        ('[tls]\nkey = "k"\n', 2, "tls.key", "needs tls.certificate"),
        (
            '[envelope-key]\nfile = "f"\nvariable = "V"\n',
            3,
            "envelope-key.variable",
            "this or envelope-key.file",
        ),
        (
            '[codes]\nsms-gateway = "s"\nwebhook = "https://h/"\n[mail]\nhost="h"\nsender="a@b"\n',
            2,
            "codes.sms-gateway",
            "this or codes.webhook",
        ),
        ('[codes]\nwebhook = "http://sms.example.com/"\n', 2, "codes.webhook", "must use https"),
        ('[codes]\nsms-gateway = "s"\n', 2, "codes.sms-gateway", "needs mail.host"),
        ('[codes]\nwebhook-token-file = "t"\n', 2, "codes.webhook-token-file", "codes.webhook"),
        ('[mail]\nhost = "h"\n', 2, "mail.host", "needs mail.sender"),
        ('mail.sender = "a@b"\n', 1, "mail.sender", "needs mail.host"),
        ('[mail]\nhost = "h"\nsender = "a@b\\n"\n', 3, "mail.sender", "one line"),
        (
            '[codes]\nsms-gateway = "1@s"\n[mail]\nhost = "h"\nsender = "a@b"\n',
            2,
            "codes.sms-gateway",
            "is a domain",
        ),
        ('[mail]\nsecurity = "ssl"\n', 2, "mail.security", "starttls, tls, none"),
        (
            '[mail]\nhost = "h"\nsender = "a@b"\nsecurity = "none"\n',
            2,
            "mail.host",
            "unencrypted",
        ),
        (
            '[mail]\nhost = "h"\nsender = "a@b"\npassword-file = "p"\n',
            4,
            "mail.password-file",
            "needs mail.user",
        ),
        ("port = \n", 1, "port", "its value is missing"),
    ],
)
def test_an_error_names_line_and_key(
    tmp_path: Path, text: str, line: int, key: str | None, words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        read(tmp_path, text)
    assert (caught.value.line, caught.value.key) == (line, key)
    assert "hunter22" not in str(caught.value)


def test_a_secret_cannot_be_a_setting(tmp_path: Path) -> None:
    for key in ("mail.password", "codes.webhook-token", "envelope-key.key"):
        with pytest.raises(ConfigError, match="no such setting") as caught:
            read(tmp_path, f'{key} = "hunter22"\n')
        assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:hunter22@h/n", "postgresql://h/n?user=u&password=hunter22&sslpassword=x"],
)
def test_a_url_with_a_password_is_recognised_and_shown_without_it(tmp_path: Path, url: str) -> None:
    assert has_password(url)
    assert "hunter22" not in shown(url)
    assert "hunter22" not in repr(read(tmp_path, f'database = "{url}"\n'))
    assert not has_password("postgresql://u@h/n?sslmode=require")
    assert shown("postgresql://u@h/n") == "postgresql://u@h/n"


def test_mails_go_to_the_server_or_the_outbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(assembly.make_mailer(read(tmp_path, "")), OutboxMailer)
    settings = read(tmp_path, EVERYTHING)
    with pytest.raises(CenterError, match="SMTP_PASSWORD"):
        assembly.make_mailer(settings)
    monkeypatch.setenv("SMTP_PASSWORD", "hunter22")
    assert isinstance(assembly.make_mailer(settings), SmtpMailer)


def test_a_secret_is_read_only_from_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    place = SecretPlace(file=file)
    with pytest.raises(CenterError, match="cannot be read: No such file"):
        place.read("token")
    file.touch(0o600)
    with pytest.raises(CenterError, match="is empty"):
        place.read("token")
    file.write_text("hunter22\n")
    assert place.read("token").reveal() == "hunter22"
    file.chmod(0o640)
    with pytest.raises(CenterError, match="chmod 600"):
        place.read("token")
    file.chmod(0o600)
    file.write_bytes(b"\xff")
    with pytest.raises(CenterError, match="not UTF-8"):
        place.read("token")


@pytest.mark.parametrize(
    ("text", "protected"),
    [
        ('host = "127.0.0.1"\n', True),
        ('host = "localhost"\n', True),
        ('host = "::1"\n', True),
        ('host = "0.0.0.0"\n', False),
        ('host = "keys.example.com"\n', False),
        ('host = "0.0.0.0"\naddress = "http://keys.example.com"\n', False),
        ('host = "0.0.0.0"\naddress = "https://keys.example.com"\n', True),
        ('host = "0.0.0.0"\ntls.certificate = "c.pem"\n', True),
    ],
)
def test_no_password_or_key_crosses_a_network_unencrypted(
    tmp_path: Path, text: str, protected: bool
) -> None:
    settings = read(tmp_path, text)
    if protected:
        assembly.require_protected(settings)
        return
    with pytest.raises(CenterError, match=r"tls\.certificate"):
        assembly.require_protected(settings)


@pytest.mark.skipif(os.name != "posix", reason="modes as POSIX has them")
def test_a_settings_file_with_a_password_must_be_private(tmp_path: Path) -> None:
    text = 'port = 1\ndatabase = "postgresql://u:hunter22@h/n"\n'
    read(tmp_path, text)
    (tmp_path / "center.toml").chmod(0o644)
    with pytest.raises(ConfigError, match=r"line 2: database: .*chmod 600") as caught:
        read(tmp_path, text)
    assert "hunter22" not in str(caught.value)
