"""Assemble a Request Center from its settings: database, vault, courier and mailer."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url, select
from sqlalchemy.exc import ArgumentError

from gatepass.center.context import Center, Courier
from gatepass.center.mail.couriers import Mailer
from gatepass.center.mail.couriers.outbox import OutboxCourier, OutboxMailer
from gatepass.center.mail.couriers.smtp import SmtpCourier, SmtpMailer
from gatepass.center.mail.couriers.watched import WatchedCourier
from gatepass.center.mail.couriers.webhook import WebhookCourier
from gatepass.center.pairs.calendar import GlobexCalendar
from gatepass.center.secrets import envelope
from gatepass.center.secrets.private_text import SecretPlace
from gatepass.center.secrets.vault import Vault
from gatepass.center.settings import CenterSettings
from gatepass.center.store.database import Database
from gatepass.center.store.schema import root
from gatepass.errors import CenterError, VaultError

OnCode = Callable[[Path], None]


@contextmanager
def opened(settings: CenterSettings, on_code: OnCode | None = None) -> Iterator[Center]:
    """Open an existing Request Center, and close it at the end.

    ``on_code`` is called with each file that a code was written to. Raises
    `gatepass.errors.CenterError` if it does not exist, or its parts cannot be used.
    """
    require_begun(settings.database)
    database = Database(settings.database)
    try:
        database.check_version()
        yield _center(settings, database, on_code)
    finally:
        database.close()


@contextmanager
def begun(settings: CenterSettings, on_code: OnCode | None = None) -> Iterator[Center]:
    """Open a Request Center; first create or upgrade its tables and envelope key.

    Several processes may do so at once. Raises what `opened` raises.
    """
    database = Database(settings.database)
    try:
        database.upgrade()
        _make_envelope_key(settings.envelope, database)
        yield _center(settings, database, on_code)
    finally:
        database.close()


def envelope_keys(place: SecretPlace) -> envelope.LocalKeys:
    """Read the envelope keys. Raises `gatepass.errors.VaultError`."""
    if place.file is not None:
        return envelope.from_file(place.file)
    return envelope.from_environment(place.variable)


def make_mailer(settings: CenterSettings) -> Mailer:
    """Return the mailer. Raises `CenterError` if its password is missing."""
    if settings.mail.host:
        return SmtpMailer(settings.mail.server())
    return OutboxMailer(settings.outbox)


def require_protected(settings: CenterSettings) -> None:
    """Raise `CenterError` if passwords and keys would cross a network unencrypted."""
    if settings.certificate is not None or settings.address.startswith("https://"):
        return
    if not _is_loopback(settings.host):
        raise CenterError(
            f"on {settings.host} passwords and keys would cross the network in clear: give"
            ' tls.certificate in the settings file, or address = "https://..." if a proxy with'
            " TLS is in front"
        )


def _center(settings: CenterSettings, database: Database, on_code: OnCode | None) -> Center:
    vault = Vault(envelope_keys(settings.envelope))
    vault.prepare(database)
    courier = WatchedCourier(_courier(settings, on_code))
    return Center(
        database,
        vault,
        GlobexCalendar(),
        courier,
        environment=settings.environment,
        open_always=settings.open_always,
        outbox=settings.outbox if settings.codes_stay_here else None,
        anchor=settings.anchor,
    )


def _courier(settings: CenterSettings, on_code: OnCode | None) -> Courier:
    if settings.webhook:
        token = settings.webhook_token
        return WebhookCourier(
            settings.webhook, None if token is None else token.read("webhook's token")
        )
    if settings.sms_gateway:
        return SmtpCourier(settings.mail.server(), settings.sms_gateway)
    return OutboxCourier(settings.outbox, on_code)


def _make_envelope_key(place: SecretPlace, database: Database) -> None:
    """Create the file of the envelope key for a new store; an existing store needs its own key."""
    if place.file is None or place.file.exists():
        return
    with database.read() as connection:
        if connection.execute(select(root.c.id)).first() is not None:
            return
    try:
        envelope.create_file(place.file)
    except VaultError:
        # Another process may have created it first: then its key counts.
        if not place.file.exists():
            raise


def require_begun(url: str) -> None:
    """Raise `CenterError` for a missing SQLite file, instead of creating an empty one."""
    try:
        parts = make_url(url)
    except ArgumentError:
        return
    if (
        parts.get_backend_name() == "sqlite"
        and parts.database
        and not Path(parts.database).exists()
    ):
        raise CenterError(
            f"{parts.database}: there is no Request Center here: create one with gatepass center"
            " serve or gatepass center init, or name another with --database or --state"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
