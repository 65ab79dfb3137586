"""Every public function, constructor and method of gatepass, with arguments that are right."""

from __future__ import annotations

import asyncio
import enum
import importlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

from gatepass import KeyRing, LogonVerifier
from gatepass.client import (
    Alterations,
    BackOff,
    ClientSettings,
    ClockPolicy,
    MemoryAttempts,
    MemoryStore,
    Scenario,
)
from gatepass.client.clock import ClockReading
from gatepass.gateway import FaultPlan, Kind
from gatepass.keys import generate_pair, write_key_file
from gatepass.keys.rules import PairState, PairTerms
from gatepass.signing import LocalSigner, ReplayMemory, SendingTimeWindow
from gatepass.transport import utc_now
from tests.signing.samples import (
    AT,
    CANONICAL,
    FIELDS,
    KEY_ID,
    KEYS,
    PAIR,
    RAW,
    SECRET,
    SIGNATURE_TEXT,
)

PACKAGES = (
    *("gatepass", "gatepass.keys", "gatepass.keys.rules", "gatepass.signing"),
    *("gatepass.client", "gatepass.gateway", "gatepass.storage", "gatepass.transport"),
)
#: What gatepass makes and gives: nobody has a reason to call these.
GIVEN = frozenset(
    (
        *("Check", "ExplainedField", "Explanation", "Verdict", "ExpiryWarning", "SessionHealth"),
        *("Bar", "Deletion", "DueWarning", "Frame", "Generation", "Tick", "Timeline"),
        *("ClockReading", "Attempt", "Report", "Pair", "Database", "Connection", "GatewayConfig"),
    )
)
#: Called by the driver of a session or by asyncio, thousands of times a second, never by a user.
DRIVEN = frozenset(
    (
        *("save", "sent", "undelivered", "delivered", "add", "remove", "replace", "keep"),
        *("connection_lost", "connection_made", "data_received", "eof_received", "handle"),
        *("store_failed", "joined", "left", "begin", "answered", "put", "cut", "number", "watch"),
    )
)
#: What is connected: its methods have tests of their own, between a client and a gateway.
CONNECTED = frozenset({"Link", "Gateway"})
#: Parameters that are given without a name.
UNNAMED = frozenset({"canonical"})
#: In Rust, and as fast as a call can be: PyO3's own TypeError names the argument.
NATIVE = frozenset({"SigningKey"})

DAY = date(2026, 1, 5)
LATER = date(2027, 1, 5)
TERMS = PairTerms(PAIR.access_key_id, AT, AT + timedelta(days=365))
US = ClientSettings("ABC123N", "OPER1", "G", "US", "MYSYSTEM", "1.0", "MYFIRM")


TARGETS: dict[str, tuple[Any, ...]] = {
    "reconnecting": ("127.0.0.1", 1, US, KeyRing([PAIR]), MemoryStore()),
    "reconnecting_pair": (("::1", 1), ("::1", 1), US, KeyRing([PAIR]), MemoryStore()),
}


class Calendar:
    """A market that closes once a day."""

    def close_at_or_after(self, at: datetime) -> datetime:
        return at.astimezone(timezone.utc) + timedelta(hours=1)


class Ports:
    """Nothing is closed."""

    def load(self) -> tuple[str, ...]:
        return ()

    def keep(self, session: str, closed: bool) -> None: ...


def good(folder: Path) -> dict[str, Any]:
    """A right argument by the name of its parameter, or by that of the call and the parameter."""
    issued = generate_pair("ABC", DAY, LATER)
    keys = folder / "CMEKeys.txt"
    if not keys.exists():
        write_key_file(keys, [issued])
    text = keys.read_text()
    return {
        "access_key_id": KEY_ID,
        "allow_insecure": False,
        "alone": False,
        "alterations": Alterations(),
        "any_time": False,
        "application": lambda _name, _message: None,
        "at": AT,
        "attempts": MemoryAttempts(),
        "authority": None,
        "back_off": BackOff(),
        "backup": ("localhost", 1),
        "Gateway.listen.backup": False,
        "backup_of": None,
        "calendar": Calendar(),
        "canonical": CANONICAL,
        "certificate": folder / "nowhere.pem",
        "clock": utc_now,
        "clock_policy": ClockPolicy.IGNORE,
        "closed_ports": Ports(),
        "created": DAY,
        "created_at": AT,
        "data": text.encode(),
        "delete": None,
        "draft": RAW,
        "ended_at": None,
        "environment": "TEST",
        "expires": LATER,
        "expires_at": AT + timedelta(days=365),
        "failures": 1,
        "faults": FaultPlan(),
        "FaultPlan.faults": (),
        "file": folder / "store.sqlite",
        "first": 1.0,
        "guard": None,
        "guarded": False,
        "host": "127.0.0.1",
        "application_system_name": "MYSYSTEM",
        "application_system_vendor": "MYFIRM",
        "trading_system_version": "1.0",
        "heart_bt_int": 30,
        "sender_sub_id": "OPER1",
        "sender_location_id": "US",
        "target_sub_id": "G",
        "target_comp_id": "CME",
        "ClientSettings.sender_comp_id": "ABC123N",
        "Kind.name": "cgw",
        "sub_id": "G",
        "resend_window": None,
        "failover_jump": 0,
        "fault_tolerant": True,
        "session_id_length": 3,
        "key": None,
        "key_file": text,
        "keys": KeyRing([PAIR]),
        "kind": Kind.parse("cgw"),
        "LogonGuard.on_loopback": None,
        "logged_on": None,
        "logon": RAW,
        "max_age": timedelta(seconds=5),
        "max_ahead": timedelta(seconds=5),
        "may_be_empty": False,
        "moment": AT,
        "moments": [AT],
        "most": 60.0,
        "ReplayMemory.most": 5,
        "now": AT,
        "name": "ABC123",
        "observe": lambda *_: None,
        "on_problem": None,
        "own": "ABC123N",
        "pair": PAIR,
        "add_to_key_file.pair": issued,
        "pairs": [PAIR],
        "format_key_file.pairs": [issued],
        "write_key_file.pairs": [issued],
        "active_pairs.pairs": [TERMS],
        "due_warnings.pairs": [TERMS],
        "lapsed_pairs.pairs": [TERMS],
        "lay_out.pairs": [TERMS],
        "plan_deletion.pairs": [TERMS],
        "plan_generation.pairs": [TERMS],
        "plan_deletion.access_key_id": TERMS.access_key_id,
        "path": folder / "made.sqlite",
        **dict.fromkeys(["KeyFile.path", "read_key_file.path", "add_to_key_file.path"], keys),
        "write_key_file.path": folder / "new.txt",
        "read_config.path": folder / "nowhere.toml",
        "load_fault_plan.path": folder / "nowhere.toml",
        "policy": ClockPolicy.IGNORE,
        "port": 1,
        "Gateway.listen.port": 0,
        "port_closure": True,
        "primary": ("localhost", 1),
        "read": lambda: ClockReading(0.0, "on time"),
        "replays": ReplayMemory(),
        "report": lambda _report: None,
        "ring": KEYS,
        "scenario": Scenario.MID_WEEK,
        "secret": issued.secret,
        "SigningKey.secret": SECRET,
        "sender_comp_id": "B08004N",
        "sending_time": AT,
        "SendingTimeWindow.check.sending_time": FIELDS["52"],
        "session": "ABC",
        "settings": US,
        "signature": SIGNATURE_TEXT,
        "ReplayMemory.look.signature": bytes(32),
        "ReplayMemory.accept.signature": bytes(32),
        "signer": LocalSigner(PAIR),
        "signing_key": PAIR.signing_key,
        "source": str(keys),
        "state": PairState.ACTIVE,
        "store": MemoryStore(),
        "Gateway.store": lambda _name: MemoryStore(),
        "tell": lambda _words: None,
        "terms": TERMS,
        "text": "ABC",
        "Kind.parse.text": "cgw",
        "SecretKey.text": SECRET,
        "parse_sending_time.text": FIELDS["52"],
        "tls": None,
        "trace": None,
        "connect_pair.trace": lambda *_: None,
        "until": AT,
        "uptime": lambda: ("", 0.0),
        "values": {int(tag): value for tag, value in FIELDS.items()},
        "Alterations.values": (),
        "verifier": LogonVerifier(KEYS),
        "warnings": [],
        "was_on": False,
        "window": SendingTimeWindow(),
        "within": 28,
        "written": "ABC123N",
    }


@dataclass(frozen=True)
class Call:
    """One public call. ``of`` is the constructor of the object that it is a method of."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[str, ...]
    of: Call | None = None

    def arguments(self, folder: Path) -> dict[str, Any]:
        """Right ones. A parameter that `good` does not know is a new one: add it there."""
        known = good(folder)
        own = {name: f"{self.name}.{name}" for name in self.parameters}
        return {name: known[key if key in known else name] for name, key in own.items()}

    async def make(self, folder: Path, wrong: dict[str, Any]) -> None:
        """Call it with some wrong arguments, in a running event loop, and see it through."""
        made = None if self.of is None else self.of.function(**self.of.arguments(folder))
        owner = () if made is None else (made,)
        try:
            named = {**self.arguments(folder), **wrong}
            unnamed = [named.pop(name) for name in self.parameters if name in UNNAMED]
            result = self.function(*owner, *unnamed, **named)
            try:
                await _finished(result)
            finally:
                await _closed(result)
        finally:
            await _closed(made)


async def _finished(result: Any) -> None:
    if inspect.isawaitable(result):
        await result
    elif hasattr(result, "__aenter__"):
        async with result:
            pass
    elif inspect.isasyncgen(result):
        # Nobody listens, and it tries again for ever.
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(anext(result), 0.05)


async def _closed(thing: Any) -> None:
    for name in ("close", "abort"):
        end = getattr(thing, name, None)
        if callable(end) and not inspect.iscoroutine(thing):
            with suppress(Exception):
                ended = end()
                if inspect.isawaitable(ended):
                    await ended
            return


def calls() -> Iterator[Call]:
    """Every call that a user may make, each once."""
    seen: set[int] = set()
    for package in map(importlib.import_module, PACKAGES):
        for name in package.__all__:
            thing = getattr(package, name)
            if id(thing) in seen or name in GIVEN | NATIVE:
                continue
            seen.add(id(thing))
            if inspect.isfunction(thing):
                # Two take what another one takes, and say so.
                target = TARGETS.get(name, ())
                yield Call(name, partial(thing, *target), _parameters(thing))
            elif inspect.isclass(thing) and not _is_abstract(thing):
                yield from _calls_of(name, thing)


def _calls_of(name: str, made: type) -> Iterator[Call]:
    constructor = Call(name, made, _parameters(made))
    yield constructor
    for member, value in vars(made).items():
        if member.startswith("_") or member in DRIVEN or name in CONNECTED:
            continue
        if isinstance(value, classmethod):
            bound = getattr(made, member)
            yield Call(f"{name}.{member}", bound, _parameters(bound))
        elif inspect.isfunction(value):
            parameters = _parameters(value)[1:]
            yield Call(f"{name}.{member}", value, parameters, constructor)


def _is_abstract(made: type) -> bool:
    return getattr(made, "_is_protocol", False) or issubclass(made, (Exception, enum.Enum))


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    many = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = inspect.signature(function).parameters.values()
    return tuple(parameter.name for parameter in found if parameter.kind not in many)
