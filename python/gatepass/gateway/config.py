"""A gateway's settings from a TOML file; every mistake names its line and its key.

::

    kind = "msgw:92"            # cgw, msgw:NN, dropcopy or dropcopy:NN
    host = "127.0.0.1"
    port = 9443                 # 0: a free port
    backup-port = 9444          # default: no backup gateway
    store = "week.sqlite"       # keeps numbers over a restart; relative to this file
    port-closure = false        # never close a port after invalid Logons

    [sending-time]              # seconds that SendingTime (52) may be off
    max-age = 5.0
    max-ahead = 5.0

    [tls]                       # default: no TLS
    certificate = "gateway.pem" # PEM; paths relative to this file
    key = "gateway.key"         # default: the key is in the certificate's file
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from gatepass.fix import SendingTimeWindow
from gatepass.fix.kind import Kind
from gatepass.settings_file import Setting, SettingsFile, a_port, a_switch, a_text

CGW = Kind.parse("cgw")
EQUAL_PORTS = "the backup gateway needs a port of its own: give another one, or 0"
DOCUMENTED = SendingTimeWindow()


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """The settings of a gateway.

    ``store`` is ``None`` to keep numbers in memory only. ``certificate`` is ``None`` for no TLS.
    ``key`` is ``None`` if the certificate's file contains the key.
    """

    kind: Kind = CGW
    host: str = "127.0.0.1"
    port: int = 0
    backup_port: int | None = None
    store: Path | None = None
    window: SendingTimeWindow = DOCUMENTED
    certificate: Path | None = None
    key: Path | None = None
    port_closure: bool = True


def read_config(path: Path) -> GatewayConfig:
    """Read a configuration file. Raises `ConfigError`, and `OSError` as the file system does."""
    return configured(SettingsFile.read(path))


def configured(file: SettingsFile) -> GatewayConfig:
    """Return the settings in a file already read. Raises `ConfigError`."""
    config = file.apply(GatewayConfig(), _SETTINGS)
    if config.key is not None and config.certificate is None:
        raise file.error("tls.key", "a key without its certificate: give tls.certificate as well")
    if config.backup_port is not None and has_equal_ports(config.port, config.backup_port):
        raise file.error("backup-port", EQUAL_PORTS)
    return config


def has_equal_ports(port: int, backup_port: int) -> bool:
    """Tell whether both gateways would listen on the same port; 0 is a free one each time."""
    return port == backup_port != 0


def _seconds(value: object) -> timedelta:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 86400:
        raise ValueError(f"give a number of seconds from 0 to 86400, not {value!r}")
    return timedelta(seconds=value)


#: What each key does with its value.
_SETTINGS: Mapping[str, Setting[GatewayConfig]] = {
    "kind": lambda c, v, _: replace(c, kind=Kind.parse(a_text(v))),
    "host": lambda c, v, _: replace(c, host=a_text(v)),
    "port": lambda c, v, _: replace(c, port=a_port(v)),
    "backup-port": lambda c, v, _: replace(c, backup_port=a_port(v)),
    "port-closure": lambda c, v, _: replace(c, port_closure=a_switch(v)),
    "store": lambda c, v, path: replace(c, store=path.parent / a_text(v)),
    "tls.certificate": lambda c, v, path: replace(c, certificate=path.parent / a_text(v)),
    "tls.key": lambda c, v, path: replace(c, key=path.parent / a_text(v)),
    "sending-time.max-age": lambda c, v, _: replace(
        c, window=replace(c.window, max_age=_seconds(v))
    ),
    "sending-time.max-ahead": lambda c, v, _: replace(
        c, window=replace(c.window, max_ahead=_seconds(v))
    ),
}
