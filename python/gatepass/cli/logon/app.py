"""``gatepass logon``."""

from __future__ import annotations

import asyncio
import enum
import logging
import sys
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from gatepass._native import VERSION
from gatepass.cli.logon.alter import Omit, Set, parse_alterations
from gatepass.cli.logon.checks import (
    check_altered,
    check_own_machine,
    check_scenario,
    check_session,
    parse_target,
)
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

#: What to do if the gateway's number is too high.
_ASK = (
    "Ask the exchange's support which MsgSeqNum (34) your next Logon must have. Then log on once"
    " with --next-number, such as --next-number {}."
)
#: TargetSubID of a CGW session; market segment sessions have their own sequence numbers.
_CGW = "G"


class Clock(enum.StrEnum):
    """What to do if the clock is wrong."""

    WARN = "warn"
    REFUSE = "refuse"
    IGNORE = "ignore"


def logon(
    context: typer.Context,
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
            help="Folder for the sequence numbers: a file for each session and market segment.",
        ),
    ],
    backup: Annotated[
        str | None,
        typer.Option(
            "--backup", metavar="HOST:PORT", help="Also log on to the backup gateway; 49 ends in U."
        ),
    ] = None,
    scenario: Annotated[
        Choice,
        typer.Option(
            "--scenario", help="Which kind of logon; auto chooses by stored numbers and week."
        ),
    ] = Choice.AUTO,
    next_number: Annotated[
        int | None,
        typer.Option(
            "--next-number",
            metavar="N",
            min=1,
            max=MAX_NUMBER,
            help="MsgSeqNum (34) of this Logon, as given by the exchange's support.",
        ),
    ] = None,
    stay: Annotated[
        float,
        typer.Option("--stay", metavar="SECONDS", min=0, help="How long to stay logged on."),
    ] = 1.0,
    access_key: Annotated[
        str | None,
        typer.Option("--access-key", metavar="ID", help="Sign only with this pair."),
    ] = None,
    sender_sub_id: Annotated[
        str, typer.Option("--sender-sub-id", metavar="ID", help="SenderSubID (50), the operator.")
    ] = "OPER1",
    target_sub_id: Annotated[
        str,
        typer.Option(
            "--target-sub-id", metavar="ID", help="TargetSubID (57): G or a market segment."
        ),
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
        Clock, typer.Option("--clock", help="What to do if the clock is off by more than 1 s.")
    ] = Clock.WARN,
    unguarded: Annotated[
        bool,
        typer.Option(
            "--unguarded",
            metavar="",
            help="Send a fifth invalid Logon within a minute too, which closes the port. Only for a"
            " gateway on this machine.",
        ),
    ] = False,
    assigned: Set = None,
    left_out: Omit = None,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Log on to a gateway, stay, log out, and show the conversation.

    Signatures are masked, and times are UTC. --scenario in-session logs on, then
    resets the sequence numbers to 1. Ctrl-C ends the stay and logs out.

    Exit code 0: logged on and out. 1: refused, or the other side is not the
    exchange; the text and what to do are shown. 2: bad input. 3: no connection, or
    the connection was lost. 130: Ctrl-C before the logon was complete. 141: the
    reader of the conversation closed it; the session was still logged out.

    After four invalid Logons within a minute, the next one is not sent (exit code
    1), because a fifth would close the port. They are counted per user and Session
    ID (the first three characters of 49), for all firms, --state folders and
    gateways together, in gatepass/logons.sqlite in XDG_STATE_HOME
    (~/.local/state). Gateways on this machine are counted separately.

    --set and --omit make a Logon wrong on purpose, to see how a gateway answers:
    the in-session Logon with --scenario in-session, otherwise the first. Such a
    Logon is always sent, and not counted. Values from --set are signed; tags of
    --omit are left out after signing. You cannot set 8, 9, 10, 35 or the tags of
    the signature. In 49 you can change only the last character. For a wrong
    signature, use a wrong key. A higher 34 moves the sequence numbers on; a lower
    34 does not move them back.

    With --backup it logs on to both gateways. Each line names its connection, and
    a failover is shown. If the backup cannot be reached, the session continues on
    the primary, and the backup is tried again; each loss and return is shown.

    --json writes one object per line. A message has time, direction, msg_type,
    name and fields, and with --backup also connection. A note has time and one of:
    scenario (before a Logon), garbled (bytes that are not a message), refused (a
    message that was answered with a Reject), not_resent and skipped (missing
    messages), promoted (a failover), fault_tolerance (the backup is lost or back).
    The last line has result, text, next_expected and what_to_do.
    """
    check_scenario(scenario, next_number)
    primary = parse_target(target)
    other = None if backup is None else parse_target(backup, "--backup")
    check_session(sender_comp_id, target_sub_id, has_backup=other is not None)
    refuse_file(state, "--state")
    altered = {"--set": bool(assigned), "--omit": bool(left_out)}
    check_altered(altered, has_backup=other is not None)
    check_own_machine({"--unguarded": unguarded, **altered}, filter(None, (primary, other)))
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
        open_key_source(context, keys, allow_insecure=allow_insecure_keys),
        None if access_key is None else AccessKeyId(access_key),
        scenario,
        stay,
        open_tls(tls, ca),
        not (unguarded or any(altered.values())),
        parse_alterations(assigned or (), left_out or ()),
    )
    order.alterations.check_sender(sender_comp_id)
    # The conversation already shows what the client logs.
    logging.getLogger("gatepass.client").addHandler(logging.NullHandler())
    show = _show(as_json=json)
    ending = _check_clock(ClockPolicy(clock.value)) or _log_on(order, state, show, next_number)
    if json:
        emit(ending.as_dict())
    else:
        print_ending(page(), ending)
    raise typer.Exit(ending.exit_code)


def _show(*, as_json: bool) -> Show:
    """Return the function that shows an event on standard output."""
    console = page()

    def show(event: Spoken | Noted) -> None:
        if as_json:
            emit(event.as_dict())
        else:
            print_event(console, event)
            sys.stdout.flush()

    return show


def _check_clock(policy: ClockPolicy) -> Ending | None:
    """Check the clock and print a warning; return an ending if the clock forbids a logon."""
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
