"""The settings of ``gatepass simulate``: its file, overridden by options; errors name either."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from gatepass.cli.options.file_kinds import FileKind, refuse_other
from gatepass.errors import ArgumentError, ConfigError
from gatepass.gateway import GatewayConfig
from gatepass.gateway.config import EQUAL_PORTS, configured, has_equal_ports
from gatepass.gateway.server import HOST
from gatepass.settings_file import SettingsFile
from gatepass.transport import server_context

#: By a setting's name in the file: its field, and the option that overrides it.
_OPTIONS = {
    "kind": ("kind", "--kind"),
    "host": ("host", "--host"),
    "port": ("port", "--port"),
    "backup-port": ("backup_port", "--backup-port"),
    "port-closure": ("port_closure", "--no-port-closure"),
    "tls.certificate": ("certificate", "--tls-cert"),
    "tls.key": ("key", "--tls-key"),
}
#: By the system's error for an address: whether the port is the cause, and what to do about it.
_ADDRESS_ADVICE = {
    errno.EADDRINUSE: (
        True,
        "is in use: stop the program that listens on it, or give another port",
    ),
    errno.EACCES: (
        True,
        "is not allowed for this user: give a port of 1024 or more, or 0 for a free one",
    ),
    errno.EADDRNOTAVAIL: (
        False,
        "is not an address of this machine: give one that is, such as 127.0.0.1",
    ),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, their file, and the names of those that options gave."""

    config: GatewayConfig
    file: SettingsFile | None
    given: frozenset[str]

    def fault(self, name: str, message: str) -> ConfigError | typer.BadParameter:
        """Return the error for a setting: it names the line in the file, or the option."""
        if self.file is not None and name not in self.given and self.file.has(name):
            return self.file.error(name, message)
        return typer.BadParameter(message, param_hint=_OPTIONS[name][1])

    def address_fault(self, error: OSError | ArgumentError, port: str) -> Exception:
        """Return the error for an address that cannot be used; `port` is the setting's name."""
        host = self.config.host
        if isinstance(error, ArgumentError):
            return self.fault("host", f"{host!r} cannot be found: give {HOST}")
        # From Python 3.12 on, the error for another machine's address has no number.
        known = _ADDRESS_ADVICE.get(error.errno or errno.EADDRNOTAVAIL)
        if known is None:
            return self.fault("host", f"cannot listen on {host}: {error.strerror}")
        is_port, advice = known
        number = self.config.port if port == "port" else self.config.backup_port
        if is_port:
            return self.fault(port, f"port {number} on {host} {advice}")
        return self.fault("host", f"{host} {advice}")

    def tls(self) -> ssl.SSLContext | None:
        """Return the TLS context, or ``None`` for no TLS. Raises the errors of `fault`."""
        certificate, key = self.config.certificate, self.config.key
        if certificate is None:
            return None
        try:
            return server_context(certificate, key)
        except ConfigError as error:
            for wanted, given in (
                (FileKind.CERTIFICATE, certificate),
                (FileKind.CERTIFICATE_KEY, key),
            ):
                name = "tls.key" if given is key else "tls.certificate"
                if name in self.given:
                    refuse_other(given, wanted, _OPTIONS[name][1])
            name = "tls.key" if error.path == key else "tls.certificate"
            raise self.fault(name, f"{error.path}: {error.message}") from error


def gather(path: Path | None, options: Mapping[str, object]) -> Settings:
    """Read the file, and override its settings with the options that are not ``None``.

    Raises `ConfigError`, `typer.BadParameter` and `OSError`.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if "tls.key" in given and "tls.certificate" not in given:
        raise typer.BadParameter("give its certificate too: --tls-cert", param_hint="--tls-key")
    if "tls.certificate" in given:
        # A key in the file belongs to the file's certificate, not to this one.
        given.setdefault("tls.key", None)
    refuse_other(path, FileKind.GATEWAY_SETTINGS, "--config")
    file = None if path is None else SettingsFile.read(path)
    config = GatewayConfig() if file is None else configured(file)
    fields = {_OPTIONS[name][0]: value for name, value in given.items()}
    settings = Settings(replace(config, **fields), file, frozenset(given))  # type: ignore[arg-type]
    config = settings.config
    if not config.host:
        raise settings.fault("host", "the host is empty: give an address of this machine")
    if config.backup_port is not None and has_equal_ports(config.port, config.backup_port):
        raise settings.fault("backup-port", EQUAL_PORTS)
    return settings
