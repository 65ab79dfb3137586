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
        open_key_source(keys, allow_insecure=allow_insecure_keys),
        None if access_key is None else AccessKeyId(access_key),
        scenario,
        stay,
        open_tls(tls, ca),
        not (unguarded or any(altered.values())),
        parse_alterations(assigned or (), left_out or ()),
    )
    order.alterations.check_sender(sender_comp_id)
    # What the client's log says is shown with the conversation.
    logging.getLogger("gatepass.client").addHandler(logging.NullHandler())
    show = _show(as_json=json)
    ending = _check_clock(ClockPolicy(clock.value)) or _log_on(order, state, show, next_number)
    if json:
        emit(ending.as_dict())
    else:
        print_ending(page(), ending)
    raise typer.Exit(ending.exit_code)


def _show(*, as_json: bool) -> Show:
    """Give what shows an event on standard output."""
    console = page()

    def show(event: Spoken | Noted) -> None:
        if as_json:
            emit(event.as_dict())
        else:
            print_event(console, event)
            sys.stdout.flush()

    return show


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
