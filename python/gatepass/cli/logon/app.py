"""``gatepass logon``."""

from __future__ import annotations

import asyncio
import enum
import logging
import re
import sys
from contextlib import closing, nullcontext
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from gatepass._native import VERSION
from gatepass.cli.logon.alter import Omit, Set, parse_alterations
from gatepass.cli.logon.run import Choice, Order, Show, converse
from gatepass.cli.options.common import (
    AllowInsecureKeys,
    Authority,
    Json,
    Keys,
    Tls,
    open_key_source,
    open_tls,
)
from gatepass.cli.options.file_kinds import refuse_file
from gatepass.cli.terminal.output import emit, page, say
from gatepass.cli.views.logon import Ending, Noted, Spoken, print_ending, print_event
from gatepass.client import ClockPolicy, check_clock, user_attempts
from gatepass.client.clock import ClockReading
from gatepass.errors import (
    ClockError,
    LogonGuardError,
    LogonRefusedError,
    LogonReplyError,
    NumberJumpError,
    PeerError,
    SessionEndedError,
)
from gatepass.fix.remedies import remedy
from gatepass.fix.scenarios import expecting
from gatepass.fix.settings import ClientSettings
from gatepass.fix.texts import meaning_of
from gatepass.keys import AccessKeyId
from gatepass.keys.likely_secret import may_be_secret_part
from gatepass.session.numbers import MAX_NUMBER
from gatepass.session.store import claim
from gatepass.storage import SqliteStore
from gatepass.transport import utc_now

EPILOG = """[bold]Example:[/bold] gatepass logon localhost:9443 --keys keys.txt \
--sender-comp-id ABC123N --state state

[bold]Example:[/bold] gatepass logon localhost:9443 --keys keys.txt --sender-comp-id ABC123N \
--state state --scenario in-session --json

[bold]Example:[/bold] gatepass logon localhost:9443 --keys keys.txt --sender-comp-id ABC123N \
--state state --set 141=Y --omit 142

[bold]Example:[/bold] gatepass logon localhost:9443 --backup localhost:9444 --keys keys.txt \
--sender-comp-id ABC123U --state state"""

_TARGET = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+)):([0-9]{1,5})")
#: It names a file too.
_SENDER_COMP_ID = re.compile(r"[A-Za-z0-9]{2,32}")
_TARGET_SUB_ID = re.compile(r"[A-Za-z0-9]{1,8}")
#: What to do about a number too far ahead.
_ASK = (
    "Ask the exchange's support which MsgSeqNum (34) is due in your next Logon. Then log on once"
    " with --next-number, such as --next-number {}."
)
#: On a CGW session; those of market segments have numbers of their own.
_CGW = "G"


class Clock(enum.StrEnum):
    """What to do about a clock that is off."""

    WARN = "warn"
    REFUSE = "refuse"
    IGNORE = "ignore"


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
            "--state",
            metavar="DIR",
            help="Where the sequence numbers are kept: a file for each session and market segment.",
        ),
    ],
    backup: Annotated[
        str | None,
        typer.Option(
            "--backup", metavar="HOST:PORT", help="Log on to the backup gateway, too: 49 ends in U."
        ),
    ] = None,
    scenario: Annotated[
        Choice,
        typer.Option("--scenario", help="Which logon; auto goes by the numbers and the week."),
    ] = Choice.AUTO,
    next_number: Annotated[
        int | None,
        typer.Option(
            "--next-number",
            metavar="N",
            min=1,
            max=MAX_NUMBER,
            help="MsgSeqNum (34) of this Logon, as the exchange's support named it.",
        ),
    ] = None,
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
        int,
        typer.Option("--heartbeat", metavar="SECONDS", help="HeartBtInt (108), 5 to 60 seconds."),
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
    tls: Tls = False,
    ca: Authority = None,
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
    assigned: Set = None,
    left_out: Omit = None,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Log on to a gateway, stay, log out, and show the conversation.

    Signatures are masked, times are UTC. --scenario in-session logs on first, then
    begins the numbers at 1 again. Ctrl-C ends the stay.

    Exit code 0: logged on and out. 1: refused, or answered by somebody who is
    not the exchange; the text and what to do are shown. 2: bad input.
    3: no connection, or it was lost. 130: Ctrl-C before it was logged on. 141: the
    reader of the conversation has left; it is logged out all the same.

    After four invalid Logons in a minute the next is not sent (exit code 1),
    because a fifth would close the port. They are counted for each user and
    Session ID (the first three characters of 49), whatever the firm, --state
    and gateway, in gatepass/logons.sqlite in XDG_STATE_HOME (~/.local/state);
    those to gateways on this machine apart from all others.

    --set and --omit make a Logon wrong, to rehearse what a gateway says to it:
    with in-session that Logon, else the first. It is neither held back nor
    counted. What is set is signed; the signature is as if what is left out were
    there. Framing (8, 9, 10), 35 and the signature's tags cannot be set, and of 49
    only the last character: a wrong signature takes a wrong key. A higher 34 moves
    the numbers on, a lower one not back.

    With --backup it logs on to both gateways; each line says which connection
    it is of, and a failover is shown. A backup that cannot be reached costs no
    session: it is tried again, and each loss and return is shown.

    --json writes an object a line for each message: time, direction, msg_type,
    name and fields, with --backup also connection; one with time and scenario
    before a Logon, garbled at bytes that are no message, refused at one that was
    answered with a Reject, not_resent and skipped at messages that are missing,
    promoted at a failover, fault_tolerance when the backup is lost or back; and
    one at the end: result, text, next_expected and what_to_do.
    """
    if next_number is not None and scenario in (Choice.BEGINNING_OF_WEEK, Choice.IN_SESSION):
        words = "goes with the scenarios auto and mid-week: the others begin at 1"
        raise typer.BadParameter(words, param_hint="--next-number")
    primary = _parse_target(target)
    other = None if backup is None else _parse_target(backup, "--backup")
    if not _SENDER_COMP_ID.fullmatch(sender_comp_id):
        raise typer.BadParameter(
            "give Session ID, firm and U or N, such as ABC123N", param_hint="--sender-comp-id"
        )
    if not _TARGET_SUB_ID.fullmatch(target_sub_id):
        raise typer.BadParameter(
            "give G, or a market segment's two digits", param_hint="--target-sub-id"
        )
    if other is not None and not sender_comp_id.endswith("U"):
        raise typer.BadParameter(
            "a session with a backup is fault tolerant: its SenderCompID (49) ends in U",
            param_hint="--sender-comp-id",
        )
    refuse_file(state, "--state")
    altered = {"--set": bool(assigned), "--omit": bool(left_out)}
    if other is not None and any(altered.values()):
        raise typer.BadParameter(
            "a Logon is made wrong on a single connection: leave --backup out",
            param_hint=" and ".join(option for option, given in altered.items() if given),
        )
    for option, given in {"--unguarded": unguarded, **altered}.items():
        for host, _ in filter(None, (primary, other)):
            if given and not _is_loopback(host):
                raise typer.BadParameter(
                    f"{host} is not this machine, and a closed port costs a fee there",
                    param_hint=option,
                )
    order = Order(
        primary,
        other,
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
        open_tls(tls, ca),
        not (unguarded or any(altered.values())),
        parse_alterations(assigned or (), left_out or ()),
    )
    order.alterations.check_sender(sender_comp_id)
    console = page()

    def show(event: Spoken | Noted) -> None:
        if json:
            emit(event.as_dict())
        else:
            print_event(console, event)
            sys.stdout.flush()

    # What the client's log says is shown with the conversation.
    logging.getLogger("gatepass.client").addHandler(logging.NullHandler())
    ending = _check_clock(ClockPolicy(clock.value)) or _log_on(order, state, show, next_number)
    if json:
        emit(ending.as_dict())
    else:
        print_ending(console, ending)
    raise typer.Exit(ending.exit_code)


def _parse_target(text: str, hint: str = "HOST:PORT") -> tuple[str, int]:
    match = _TARGET.fullmatch(text)
    if match is None or not 0 < int(match[3]) < 65536:
        raise typer.BadParameter("give a host and a port, such as localhost:9443", param_hint=hint)
    host = match[1] or match[2]
    if may_be_secret_part(host):
        # It would go to a name server.
        raise typer.BadParameter("this looks like a secret key, not like a host", param_hint=hint)
    try:
        host.encode("idna")
    except UnicodeError as error:
        words = f"{host} is no host's name: each part of one has 1 to 63 characters"
        raise typer.BadParameter(words, param_hint=hint) from error
    return host, int(match[3])


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


def _log_on(order: Order, state: Path, show: Show, next_number: int | None) -> Ending:
    name, target = order.settings.sender_comp_id[:-1], order.settings.target_sub_id
    file = f"{name}.sqlite" if target == _CGW else f"{name}-{target}.sqlite"
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        guarded = (
            closing(user_attempts(order.settings.session_id)) if order.guarded else nullcontext()
        )
        with guarded as attempts, closing(SqliteStore(state / file, name, alone=True)) as store:
            if next_number is not None:
                with claim(store):
                    store.save(expecting(store.load(), next_number, utc_now()))
            return asyncio.run(converse(order, store, attempts, show))
    except LogonRefusedError as error:
        return Ending("refused", 1, error.text, error.next_expected, remedy(meaning_of(error.text)))
    except NumberJumpError as error:
        return Ending("number too high", 1, str(error), what_to_do=_ASK.format(error.received))
    except PeerError as error:
        return Ending("not the exchange", 1, str(error), what_to_do=remedy(error.cause))
    except LogonGuardError as error:
        return Ending("held back", 1, str(error))
    except LogonReplyError as error:
        return Ending("not usable", 1, str(error), what_to_do=remedy(error.cause))
    except SessionEndedError as error:
        return Ending("no connection", 3, str(error), what_to_do=remedy(error.cause))
