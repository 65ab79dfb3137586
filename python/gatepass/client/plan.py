"""The arguments of `connect` as one value that is valid if it exists."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypedDict

from gatepass.arguments import a_port, refuse
from gatepass.client.attempts import Attempts
from gatepass.client.back_off import BackOff
from gatepass.client.clock import ClockPolicy
from gatepass.client.guard import LogonGuard
from gatepass.client.link import Link, Trace, require_scenario
from gatepass.errors import FieldError
from gatepass.fix.logon_writer import LogonWriter
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.keys import AccessKeyId, Keys, as_source
from gatepass.session import effects as fx
from gatepass.session.store import Store
from gatepass.transport import Clock, utc_now

Address = tuple[str, int]
#: Names of a fault-tolerant link's two connections, by their gateways.
PRIMARY, BACKUP = "primary", "backup"

logger = logging.getLogger("gatepass.client")


class Options(TypedDict, total=False):
    """The keyword options of `connect`, with or without a backup; `Plan` has the defaults."""

    scenario: Scenario | None
    access_key_id: AccessKeyId | None
    tls: ssl.SSLContext | None
    clock: Clock
    clock_policy: ClockPolicy
    guarded: bool
    attempts: Attempts | None
    back_off: BackOff


class LinkOptions(Options, total=False):
    """The options without a backup."""

    observe: Callable[[fx.Effect], None]
    trace: Trace | None
    writer: LogonWriter | None


class FaultTolerantOptions(Options, total=False):
    """The options with a backup: `PRIMARY` or `BACKUP` is the first argument of each call."""

    observe: Callable[[str, fx.Effect], None]
    trace: Callable[[str, bool, bytes], None] | None
    tell: Callable[[str], None]


def _warn(words: str) -> None:
    logger.warning("%s", words)


def _require_address(backup: object) -> None:
    """Refuse what is not ``(host, port)``: later, the primary would be logged on already."""
    if not (isinstance(backup, tuple) and len(backup) == 2 and isinstance(backup[0], str)):
        raise refuse("backup", backup, 'a tuple of host and port, such as ("127.0.0.1", 9001)')
    a_port(backup[1])


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """Where to log on, as whom, with which keys, and how.

    Raises `gatepass.errors.ArgumentError`, which names the invalid argument, and `FieldError` for a
    SenderCompID that has no backup.
    """

    host: str
    port: int
    settings: ClientSettings
    keys: Keys
    store: Store
    backup: Address | None = None
    scenario: Scenario | None = None
    access_key_id: AccessKeyId | None = None
    observe: Callable[..., None] = lambda *_: None
    trace: Callable[..., None] | None = None
    tls: ssl.SSLContext | None = None
    clock: Clock = utc_now
    clock_policy: ClockPolicy = ClockPolicy.WARN
    guarded: bool = True
    attempts: Attempts | None = None
    back_off: BackOff = field(default_factory=BackOff)
    tell: Callable[[str], None] = _warn
    writer: LogonWriter | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.host, str):
            raise refuse("host", self.host, "a host name or an address, as a str")
        a_port(self.port)
        if self.backup is not None:
            _require_address(self.backup)
        if not isinstance(self.settings, ClientSettings):
            raise refuse("settings", self.settings, "ClientSettings")
        if not all(hasattr(self.store, name) for name in ("load", "save", "sent", "undelivered")):
            wanted = "a store, such as SqliteStore(path, name) or MemoryStore()"
            raise refuse("store", self.store, wanted)
        require_scenario(self.scenario)
        if not isinstance(self.back_off, BackOff):
            raise refuse("back_off", self.back_off, "a BackOff, such as BackOff(first=1.0)")
        if self.backup is not None and not self.settings.sender_comp_id.endswith("U"):
            message = "SenderCompID (49) of a session with a backup must end in U; nothing was sent"
            raise FieldError(message, 49, "SenderCompID", "illegal")

    def link(self, guard: LogonGuard | None, backup_of: Link | None = None) -> Link:
        """Make a link that is not connected yet: to the primary, or to its backup."""
        observe, trace = self.observe, self.trace
        if self.backup is not None:
            which = PRIMARY if backup_of is None else BACKUP
            observe = partial(observe, which)
            trace = None if trace is None else partial(trace, which)
        return Link(
            self.settings,
            as_source(self.keys),
            self.store,
            access_key_id=self.access_key_id,
            guard=guard,
            observe=observe,
            trace=trace,
            clock=self.clock,
            backup_of=backup_of,
            writer=self.writer,
        )
