"""The arguments of `connect` as one value that is valid if it exists."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TypedDict

from gatepass.arguments import a_port, refuse
from gatepass.client.attempts import Attempts
from gatepass.client.back_off import BackOff
from gatepass.client.clock import ClockPolicy
from gatepass.client.guard import LogonGuard
from gatepass.client.link import Link, Trace
from gatepass.errors import ArgumentError
from gatepass.fix.logon_writer import LogonWriter
from gatepass.fix.scenarios import require_scenario
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


def require_options(options: Iterable[str], *, backup: bool) -> None:
    """Raise `ArgumentError` for a name that is no option of `connect`, with or without a backup."""
    known = (FaultTolerantOptions if backup else LinkOptions).__optional_keys__
    for name in options:
        if name not in known:
            call = f"connect {'with' if backup else 'without'} a backup"
            words = f"{call} has no option {name}: give {', '.join(sorted(known))}"
            raise ArgumentError(words, name)


def _warn(words: str) -> None:
    logger.warning("%s", words)


def _require_address(backup: object) -> None:
    """Refuse what is not ``(host, port)``: later, the primary would be logged on already."""
    if not (isinstance(backup, tuple) and len(backup) == 2 and isinstance(backup[0], str)):
        raise refuse("backup", backup, 'a tuple of host and port, such as ("127.0.0.1", 9001)')
    a_port(backup[1])


def _is(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


def _does(*methods: str) -> Callable[[object], bool]:
    """Accept an object with these methods, and not its class."""
    return lambda value: (
        not isinstance(value, type) and all(hasattr(value, method) for method in methods)
    )


def _or_none(accepts: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or accepts(value)


#: What each argument must be, and what to give instead of anything else.
_WANTED: dict[str, tuple[Callable[[object], bool], str]] = {
    "host": (_is(str), "a host name or an address, as a str"),
    "settings": (_is(ClientSettings), "ClientSettings"),
    "store": (
        _does("load", "save", "sent", "undelivered"),
        "a store, such as SqliteStore(path, name) or MemoryStore()",
    ),
    "observe": (callable, "a function"),
    "trace": (_or_none(callable), "a function or None"),
    "tls": (_or_none(_is(ssl.SSLContext)), "a context of gatepass.transport.client_context"),
    "clock": (callable, "a function, such as gatepass.transport.utc_now"),
    "clock_policy": (_is(ClockPolicy), "a ClockPolicy, such as ClockPolicy.WARN"),
    "guarded": (_is(bool), "True or False"),
    "attempts": (
        _or_none(_does("add", "replace", "remove")),
        "a record such as SqliteAttempts(path, session) or MemoryAttempts(), or None",
    ),
    "back_off": (_is(BackOff), "a BackOff, such as BackOff(first=1.0)"),
    "tell": (callable, "a function"),
    "writer": (_or_none(_is(LogonWriter)), "Alterations or another LogonWriter, or None"),
}


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
        for argument, (accepts, wanted) in _WANTED.items():
            value = getattr(self, argument)
            if not accepts(value):
                raise refuse(argument, value, wanted)
        a_port(self.port)
        if self.backup is not None:
            _require_address(self.backup)
        require_scenario(self.scenario)
        if self.backup is not None:
            self.settings.require_fault_tolerance()

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
