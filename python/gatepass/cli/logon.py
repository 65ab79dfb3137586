"""``gatepass logon``."""

from __future__ import annotations

import asyncio
import enum
import re
import sqlite3
import ssl
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from gatepass._native import VERSION
from gatepass.cli.conversation import Said
from gatepass.cli.interrupts import ending_on_signal
from gatepass.cli.logon_view import Ending, print_ending, print_said
from gatepass.cli.options import AllowInsecureKeys, Json, Keys, open_key_source
from gatepass.cli.output import emit, page, say
from gatepass.client import ClockPolicy, Link, check_clock, connect, remedy
from gatepass.client.clock import ClockReading
from gatepass.errors import (
    ClockError,
    LogonGuardError,
    LogonRefusedError,
    NoConnectionError,
)
from gatepass.keys import AccessKeyId, KeySource
from gatepass.session import effects as fx
from gatepass.session.client import ClientSettings
from gatepass.session.scenarios import Scenario
from gatepass.storage import SqliteStore
from gatepass.transport import utc_now

EPILOG = """[bold]Example:[/bold] gatepass logon localhost:9443 --keys keys.txt \
--sender-comp-id ABC123N --state state

[bold]Example:[/bold] gatepass logon localhost:9443 --keys keys.txt --sender-comp-id ABC123N \
--state state --scenario in-session --json"""

_TARGET = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+)):([0-9]{1,5})")
#: It names a file too.
_SENDER_COMP_ID = re.compile(r"[A-Za-z0-9]{2,32}")


class Choice(str, enum.Enum):
    """A scenario, or the choice of one by the stored numbers and the trading week."""

    AUTO = "auto"
    BEGINNING_OF_WEEK = "beginning-of-week"
    MID_WEEK = "mid-week"
    IN_SESSION = "in-session"


class Clock(str, enum.Enum):
    """What to do about a clock that is off."""

    WARN = "warn"
    REFUSE = "refuse"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Order:
    """What one run is to do."""

    host: str
    port: int
    settings: ClientSettings
    source: KeySource
    access_key_id: AccessKeyId | None
    choice: Choice
    stay: float
    tls: ssl.SSLContext | None
    guarded: bool


def logon(
    target: Annotated[
        str, typer.Argument(metavar="HOST:PORT", help="The gateway.", show_default=False)
    ],
    keys: Keys,
    sender_comp_id: Annotated[
        str,
        typer.Option(
            "--sender-comp-id",
            metavar="ID",
            help="SenderCompID (49): Session ID, firm, and U or N, such as ABC123N.",
        ),
    ],
    state: Annotated[
        Path,
        typer.Option(
            "--state", metavar="DIR", help="Where the sequence numbers are kept, a file a session."
        ),
    ],
    scenario: Annotated[
        Choice,
        typer.Option("--scenario", help="Which logon; auto goes by the numbers and the week."),
    ] = Choice.AUTO,
    stay: Annotated[
        float,
        typer.Option("--stay", metavar="SECONDS", min=0, help="Stay logged on for so long."),
    ] = 1.0,
    access_key: Annotated[
        str | None,
        typer.Option("--access-key", metavar="ID", help="Sign with this pair, no other."),
    ] = None,
    sender_sub_id: Annotated[
        str, typer.Option("--sender-sub-id", metavar="ID", help="SenderSubID (50), the operator.")
    ] = "OPER1",
    target_sub_id: Annotated[
        str,
        typer.Option("--target-sub-id", metavar="ID", help="TargetSubID (57): G, or a segment."),
    ] = "G",
    location: Annotated[
        str, typer.Option("--location", metavar="PLACE", help="SenderLocationID (142).")
    ] = "US",
    heartbeat: Annotated[
        int, typer.Option("--heartbeat", metavar="SECONDS", min=1, help="HeartBtInt (108).")
    ] = 30,
    system_name: Annotated[
        str, typer.Option("--system-name", metavar="TEXT", help="ApplicationSystemName (1603).")
    ] = "gatepass",
    system_version: Annotated[
        str, typer.Option("--system-version", metavar="TEXT", help="TradingSystemVersion (1604).")
    ] = VERSION,
    system_vendor: Annotated[
        str, typer.Option("--system-vendor", metavar="TEXT", help="ApplicationSystemVendor (1605).")
    ] = "gatepass",
    tls: Annotated[bool, typer.Option("--tls", metavar="", help="Connect with TLS.")] = False,
    clock: Annotated[
        Clock, typer.Option("--clock", help="What to do if this clock is off by more than 1 s.")
    ] = Clock.WARN,
    unguarded: Annotated[
        bool,
        typer.Option(
            "--unguarded",
            metavar="",
            help="Send a fifth invalid Logon in a minute all the same, which closes the port: only"
            " to a gateway on this machine.",
        ),
    ] = False,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Log on to a gateway, stay, log out, and show the conversation.

    Signatures are masked, times are UTC. in-session logs on first, then starts
    the numbers anew. Ctrl-C ends the stay.

    Exit code 0: logged on and out. 1: refused; the text and what to do are
    shown. 2: bad input. 3: no connection, or it was lost. After four invalid
    Logons in a minute the next is not sent (exit code 1), because a fifth would
    close the port.

    --json writes an object a line for each message: time, direction, msg_type,
    name and fields; and one at the end: result, text, next_expected and
    what_to_do.
    """
    host, port = _parse_target(target)
    if not _SENDER_COMP_ID.fullmatch(sender_comp_id):
        raise typer.BadParameter(
            "give Session ID, firm and U or N, such as ABC123N", param_hint="--sender-comp-id"
        )
    if unguarded and not _is_loopback(host):
        raise typer.BadParameter(
            f"{host} is not this machine, and a closed port costs a fee there",
            param_hint="--unguarded",
        )
    order = Order(
        host,
        port,
        ClientSettings(
            sender_comp_id,
            sender_sub_id,
            target_sub_id,
            location,
            system_name,
            system_version,
            system_vendor,
            heartbeat,
        ),
        open_key_source(keys, allow_insecure=allow_insecure_keys),
        None if access_key is None else AccessKeyId(access_key),
        scenario,
        stay,
        ssl.create_default_context() if tls else None,
        not unguarded,
    )
    console = page()

    def show(said: Said) -> None:
        if json:
            emit(said.as_dict())
        else:
            print_said(console, said)
            sys.stdout.flush()

    ending = _check_clock(ClockPolicy(clock.value)) or _log_on(order, state, show)
    if json:
        emit(ending.as_dict())
    else:
        print_ending(console, ending)
    raise typer.Exit(ending.exit_code)


def _parse_target(text: str) -> tuple[str, int]:
    match = _TARGET.fullmatch(text)
    if match is None or not 0 < int(match[3]) < 65536:
        raise typer.BadParameter(
            "give a host and a port, such as localhost:9443", param_hint="HOST:PORT"
        )
    return match[1] or match[2], int(match[3])


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _check_clock(policy: ClockPolicy) -> Ending | None:
    """Say what is known of the clock; give the ending if that is the end of it."""
    try:
        reading = check_clock(ClockPolicy.REFUSE) if policy is not ClockPolicy.IGNORE else None
    except ClockError as error:
        if policy is ClockPolicy.REFUSE:
            return Ending("clock", 1, str(error))
        say(f"gatepass: warning: {str(error).removesuffix('; nothing was sent')}")
        return None
    if isinstance(reading, ClockReading) and reading.error is None:
        say(f"gatepass: {reading.words}")
    return None


def _log_on(order: Order, state: Path, show: Callable[[Said], None]) -> Ending:
    name = order.settings.sender_comp_id[:-1]
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(SqliteStore(state / f"{name}.sqlite", name)) as store:
            return asyncio.run(_converse(order, store, show))
    except sqlite3.Error as error:
        raise typer.BadParameter(
            f"{state}: the numbers cannot be kept: {error}", param_hint="--state"
        ) from error
    except LogonRefusedError as error:
        return Ending("refused", 1, error.text, error.next_expected, remedy(error.text))
    except LogonGuardError as error:
        return Ending("held back", 1, str(error))
    except NoConnectionError as error:
        return Ending("no connection", 3, str(error), what_to_do=remedy(str(error)))


class _Run:
    """What happens while a run converses: messages to show, and somebody's wish to end it."""

    def __init__(self, show: Callable[[Said], None]) -> None:
        self.over = asyncio.Event()
        self.problem: BaseException = KeyboardInterrupt()
        self._show = show
        self._up = False
        self._task = asyncio.current_task()

    def observe(self, effect: fx.Effect) -> None:
        """Note that the session is up."""
        self._up = self._up or isinstance(effect, fx.LoggedOn)

    def trace(self, sent: bool, wire: bytes) -> None:
        """Show a message; whoever reads may have gone away."""
        try:
            self._show(Said.of(utc_now(), sent, wire))
        except OSError as error:
            self.problem = error
            self._cancel()

    def end(self) -> None:
        """End it: once logged on there is a Logout to send, before that nothing to end well."""
        if self._up:
            self.over.set()
        else:
            self._cancel()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def _converse(order: Order, store: SqliteStore, show: Callable[[Said], None]) -> Ending:
    run = _Run(show)
    in_session = order.choice is Choice.IN_SESSION
    chosen = None if order.choice is Choice.AUTO or in_session else Scenario(order.choice.value)
    try:
        with ending_on_signal(run.end):
            async with connect(
                order.host,
                order.port,
                order.settings,
                order.source,
                store,
                scenario=chosen,
                access_key_id=order.access_key_id,
                observe=run.observe,
                trace=run.trace,
                tls=order.tls,
                clock_policy=ClockPolicy.IGNORE,
                guarded=order.guarded,
            ) as link:
                if in_session:
                    await link.log_on(Scenario.IN_SESSION)
                await _stay(link, run.over, order.stay)
                forced = link.goodbye is not None or link.closed.done()
    except asyncio.CancelledError:
        raise run.problem from None
    return _ending(link, forced=forced)


async def _stay(link: Link, over: asyncio.Event, seconds: float) -> None:
    waiting = asyncio.ensure_future(over.wait())
    await asyncio.wait([link.closed, waiting], timeout=seconds, return_when="FIRST_COMPLETED")
    waiting.cancel()


def _ending(link: Link, *, forced: bool) -> Ending:
    if link.goodbye is None:
        words = "the connection was lost" if forced else "the Logout was not confirmed"
        return Ending("no connection", 3, words)
    if forced:
        text = link.goodbye.text or "without a text"
        return Ending("logged out by the gateway", 1, text, link.goodbye.next_expected)
    return Ending("logged out", 0, next_expected=link.goodbye.next_expected)
