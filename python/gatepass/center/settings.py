"""The Request Center's settings from a TOML file; every error names its line and its key.

::

    database = "postgresql://gatepass@db.example.com/center"
                                # without it: an SQLite file in the state folder
    host = "127.0.0.1"          # beyond this machine: [tls], or a proxy with an https address
    port = 8400                 # 0: a free one
    address = "https://keys.example.com"    # what people type, if a proxy is in front
    environment = "SIMULATION"  # written into key files: at most 20 characters
    open-always = false         # true: no opening hours, to rehearse on weekends
    outbox = "outbox"           # folder for codes and mails that are not sent

    [tls]
    certificate = "center.pem"  # PEM; paths relative to this file
    key = "center.key"          # without it, the certificate's file contains the key

    [envelope-key]              # one of the two
    file = "envelope.key"
    variable = "CENTER_KEY"     # an environment variable

    [codes]                     # one of the two; without it codes go to the outbox
    webhook = "https://sms.example.com/send"
    webhook-token-file = "sms.token"    # or webhook-token-variable
    sms-gateway = "sms.example.com"     # mail to number@sms.example.com, by [mail]

    [mail]                      # without it mails go to the outbox
    host = "smtp.example.com"
    port = 587
    sender = "request-center@example.com"
    security = "starttls"       # or tls, or none for a relay on this machine
    user = "center"
    password-file = "smtp.password"     # or password-variable

The only secret that this file may contain is the database's password, as a part of the URL;
PostgreSQL's own password file (``~/.pgpass``) is the better place.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gatepass.center.context import ENVIRONMENT
from gatepass.center.mail.couriers.smtp import NOT_ONE_LINE, SmtpCourier, SmtpServer
from gatepass.center.mail.couriers.webhook import WebhookCourier
from gatepass.center.secrets.private_text import SecretPlace
from gatepass.center.store import dialects
from gatepass.errors import CenterError, DatabaseError
from gatepass.files import exposed
from gatepass.settings_file import Setting, SettingsFile, a_port, a_switch, a_text

PORT = 8400
#: The port of mail submission (RFC 6409).
MAIL_PORT = 587
_LONGEST_ENVIRONMENT = 20


@dataclass(frozen=True, slots=True)
class MailSettings:
    """A mail server; without a ``host`` there is none. ``password`` belongs to ``user``."""

    host: str = ""
    port: int = MAIL_PORT
    sender: str = ""
    security: str = "starttls"
    user: str = ""
    password: SecretPlace | None = None

    def server(self) -> SmtpServer:
        """Return the server with its password. Raises `CenterError`."""
        password = None if self.password is None else self.password.read("mail server's password")
        return SmtpServer(self.host, self.port, self.sender, self.security, self.user, password)


@dataclass(frozen=True, slots=True)
class CenterSettings:
    """The settings with which a Request Center is opened and served.

    ``database`` is a URL; it is not shown, since it may contain a password. ``address`` is empty if
    people type host and port. Codes go to ``webhook`` or ``sms_gateway``, or else to ``outbox``.
    ``state`` is the state folder.
    """

    database: str = field(repr=False)
    envelope: SecretPlace
    outbox: Path
    state: Path
    host: str = "127.0.0.1"
    port: int = PORT
    address: str = ""
    environment: str = ENVIRONMENT
    open_always: bool = False
    certificate: Path | None = None
    key: Path | None = None
    webhook: str = ""
    webhook_token: SecretPlace | None = None
    sms_gateway: str = ""
    mail: MailSettings = MailSettings()

    @property
    def names(self) -> tuple[str, ...]:
        """The hosts that requests may ask for, besides this machine's own names."""
        return (self.host, *([_host_of(self.address)] if self.address else []))

    @property
    def anchor(self) -> Path:
        """The file in the state folder that keeps the end of this database's audit log.

        A database has the same one however its URL is written: with or without a password, by a
        relative path or a link. A database in the state folder keeps it if the folder is moved.
        """
        url = make_url(self.database).difference_update_query(_PASSWORDS)
        if url.get_backend_name() == "sqlite" and url.database:
            path, state = Path(url.database).resolve(), self.state.resolve()
            inside = path.is_relative_to(state)
            url = url.set(database=str(path.relative_to(state) if inside else path))
        named = url._replace(password=None).render_as_string()
        return self.state / f"audit-{hashlib.sha256(named.encode()).hexdigest()[:8]}.anchor"

    @property
    def codes_stay_here(self) -> bool:
        """Whether codes go to the outbox."""
        return not self.webhook and not self.sms_gateway


def read_settings(path: Path, defaults: CenterSettings) -> CenterSettings:
    """Read a settings file; ``defaults`` has the values of missing keys.

    Raises `gatepass.errors.ConfigError`, and `OSError` if the file cannot be read.
    """
    file = SettingsFile.read(path)
    settings = file.apply(defaults, _SETTINGS)
    for one, other in _EITHER:
        if file.has(one) and file.has(other):
            raise file.error(other, f"give this or {one}, not both")
    for key, needed in _NEEDS:
        if file.has(key) and not file.has(needed):
            raise file.error(key, f"this needs {needed} as well")
    if file.has("database") and has_password(settings.database):
        _require_own(file)
    _try_out(file, settings)
    return settings


def has_password(url: str) -> bool:
    """Tell whether a database URL contains a password."""
    try:
        parts = make_url(url)
    except ArgumentError:
        return False
    return parts.password is not None or not _PASSWORDS.isdisjoint(parts.query)


def shown(url: str) -> str:
    """Return a database URL without its secrets."""
    try:
        parts = make_url(url)
    except ArgumentError:
        return "no database URL"
    return parts.difference_update_query(_PASSWORDS).render_as_string(hide_password=True)


#: Parameters of a PostgreSQL URL that are secrets.
_PASSWORDS = frozenset({"password", "sslpassword"})


def _require_own(file: SettingsFile) -> None:
    """Refuse a file with a password that other users can read."""
    problem = exposed(file.path.stat(), file.path, "this file")
    if problem:
        raise file.error("database", f"this URL contains a password, and {problem}")


def _try_out(file: SettingsFile, settings: CenterSettings) -> None:
    """Refuse now, with its line, what the parts themselves would refuse later."""
    mail = settings.mail
    key = "mail.host"
    try:
        if mail.host:
            server = SmtpServer(mail.host, mail.port, mail.sender, mail.security)
            key = "codes.sms-gateway"
            if settings.sms_gateway:
                SmtpCourier(server, settings.sms_gateway)
        key = "codes.webhook"
        if settings.webhook:
            WebhookCourier(settings.webhook)
    except CenterError as error:
        raise file.error(key, str(error)) from None


def _database(value: object, path: Path) -> str:
    try:
        url = make_url(a_text(value))
        dialects.of(url)
    except (ArgumentError, DatabaseError, TypeError):
        # Not repeated: a URL may contain a password.
        raise ValueError(dialects.NOT_A_URL) from None
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str(path.parent / url.database))
    return url.render_as_string(hide_password=False)


def an_address(value: object) -> str:
    """Parse the address that people type; raise `ValueError`, which does not repeat it."""
    text = a_text(value).rstrip("/")
    try:
        parts, host = urlsplit(text), _host_of(text)
        good = parts.port != 0
    except ValueError:
        good = False
    rest = good and (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    if not good or rest or parts.scheme not in {"http", "https"}:
        raise ValueError(
            "an address looks like https://keys.example.com, with an optional port of 1 to 65535"
            " and without a user name"
        )
    if _stands_for_all(host):
        raise ValueError(f"{host} is only for host (to listen on): give what people type")
    return text


def _host_of(address: str) -> str:
    """Return the host of an address as browsers send it (RFC 3490); raise `ValueError`."""
    host = urlsplit(address).hostname or ""
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not _HOST.fullmatch(host):
        raise ValueError("this is not a host")
    return str(ipaddress.ip_address(host)) if ":" in host else host


def _stands_for_all(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


#: A name or an address, as a Host header can have it.
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


def _environment(value: object) -> str:
    text = a_text(value)
    if len(text) > _LONGEST_ENVIRONMENT or not (text.isascii() and text.isprintable()):
        raise ValueError(f"give at most {_LONGEST_ENVIRONMENT} printable ASCII characters")
    return text


def _security(value: object) -> str:
    text = a_text(value)
    if text not in _SECURITY:
        raise ValueError(f"give one of {', '.join(_SECURITY)}")
    return text


_SECURITY = ("starttls", "tls", "none")


def _sender(value: object) -> str:
    text = a_text(value)
    if not text.isprintable():
        raise ValueError(NOT_ONE_LINE)
    return text


def _file(value: object, path: Path) -> SecretPlace:
    return SecretPlace(file=path.parent / a_text(value))


def _variable(value: object) -> SecretPlace:
    return SecretPlace(variable=a_text(value))


def _mail(settings: CenterSettings, **changes: object) -> CenterSettings:
    return replace(settings, mail=replace(settings.mail, **changes))  # type: ignore[arg-type]


#: How each key changes the settings.
_SETTINGS: Mapping[str, Setting[CenterSettings]] = {
    "database": lambda s, v, path: replace(s, database=_database(v, path)),
    "host": lambda s, v, _: replace(s, host=a_text(v)),
    "port": lambda s, v, _: replace(s, port=a_port(v)),
    "address": lambda s, v, _: replace(s, address=an_address(v)),
    "environment": lambda s, v, _: replace(s, environment=_environment(v)),
    "open-always": lambda s, v, _: replace(s, open_always=a_switch(v)),
    "outbox": lambda s, v, path: replace(s, outbox=path.parent / a_text(v)),
    "tls.certificate": lambda s, v, path: replace(s, certificate=path.parent / a_text(v)),
    "tls.key": lambda s, v, path: replace(s, key=path.parent / a_text(v)),
    "envelope-key.file": lambda s, v, path: replace(s, envelope=_file(v, path)),
    "envelope-key.variable": lambda s, v, _: replace(s, envelope=_variable(v)),
    "codes.webhook": lambda s, v, _: replace(s, webhook=a_text(v)),
    "codes.webhook-token-file": lambda s, v, path: replace(s, webhook_token=_file(v, path)),
    "codes.webhook-token-variable": lambda s, v, _: replace(s, webhook_token=_variable(v)),
    "codes.sms-gateway": lambda s, v, _: replace(s, sms_gateway=a_text(v)),
    "mail.host": lambda s, v, _: _mail(s, host=a_text(v)),
    "mail.port": lambda s, v, _: _mail(s, port=a_port(v)),
    "mail.sender": lambda s, v, _: _mail(s, sender=_sender(v)),
    "mail.security": lambda s, v, _: _mail(s, security=_security(v)),
    "mail.user": lambda s, v, _: _mail(s, user=a_text(v)),
    "mail.password-file": lambda s, v, path: _mail(s, password=_file(v, path)),
    "mail.password-variable": lambda s, v, _: _mail(s, password=_variable(v)),
}

#: Only one of two such keys may be given.
_EITHER = (
    ("envelope-key.file", "envelope-key.variable"),
    ("codes.webhook", "codes.sms-gateway"),
    ("codes.webhook-token-file", "codes.webhook-token-variable"),
    ("mail.password-file", "mail.password-variable"),
)
#: The first key needs the second.
_NEEDS = (
    ("tls.key", "tls.certificate"),
    ("codes.webhook-token-file", "codes.webhook"),
    ("codes.webhook-token-variable", "codes.webhook"),
    ("codes.sms-gateway", "mail.host"),
    *((f"mail.{key}", "mail.host") for key in ("port", "sender", "security", "user")),
    ("mail.host", "mail.sender"),
    ("mail.password-file", "mail.user"),
    ("mail.password-variable", "mail.user"),
)
