"""``gatepass verify``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

import typer

from gatepass.cli.options.common import (
    STDIN,
    AllowInsecureKeys,
    AnyTime,
    At,
    Json,
    Keys,
    LogonFile,
    open_key_source,
    parse_at,
    refuse_both_times,
)
from gatepass.cli.signing.logons import Found, Logons, Place
from gatepass.cli.terminal.output import emit, page, say
from gatepass.cli.views.verdict import VerdictRows, checks_table, headline
from gatepass.fix import LogonVerifier
from gatepass.signing import Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from gatepass.keys import KeyRing

EPILOG = """[bold]Example:[/bold] gatepass verify signed.txt --keys keys.txt --any-time

[bold]Example:[/bold] gatepass verify --json --keys keys.txt < signed.txt | jq .valid"""

Judged = tuple[Place, Verdict]


def verify(
    context: typer.Context,
    keys: Keys,
    file: LogonFile = STDIN,
    at: At = None,
    any_time: AnyTime = False,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Verify signed Logons as CME Globex does.

    For one Logon, all checks are shown; for several, one row each. Exit code 1 if
    any Logon is not valid. A message that cannot be read is not valid.

    SendingTime (52) may be up to 5 seconds off, and the key pair must be active.
    For old Logons, use --at or --any-time.

    FILE may be the log of gatepass simulate (--log). Its Logons are checked as of
    the times in the log, and a Logon that the gateway refused is not valid.

    --json writes one object per line for each Logon: line, index, valid,
    sender_comp_id, access_key_id, and checks with name, outcome and detail.
    """
    refuse_both_times(at, any_time)
    moment = parse_at(at)
    source = open_key_source(context, keys, logons=file, allow_insecure=allow_insecure_keys)
    verifier = LogonVerifier(source)
    logons = Logons(file)
    judged = (
        (found.place, found.judged(_verdict(verifier, found, moment, any_time=any_time)))
        for found in logons
    )
    all_valid = _write_json(judged) if json else _write_text(judged, source.ring)
    logons.say_passed_over()
    raise typer.Exit(0 if all_valid else 1)


def _verdict(
    verifier: LogonVerifier, found: Found, moment: datetime | None, *, any_time: bool
) -> Verdict:
    at = found.judged_at(moment, any_time=any_time)
    return verifier.verify(found.message, at=at, any_time=any_time)


def _write_json(judged: Iterator[Judged]) -> bool:
    all_valid = True
    for place, verdict in judged:
        emit({**place.as_dict(), **verdict.as_dict()})
        all_valid = all_valid and verdict.valid
    return all_valid


def _write_text(judged: Iterator[Judged], ring: KeyRing) -> bool:
    console = page()
    place, verdict = next(judged)
    second = next(judged, None)
    if second is None:
        console.print(headline(console, verdict))
        console.print(checks_table(console, verdict))
        return verdict.valid
    return _write_rows(console, chain([(place, verdict), second], judged), ring)


def _write_rows(console: Console, judged: Iterator[Judged], ring: KeyRing) -> bool:
    rows = VerdictRows(console, ring)
    count = refused = 0
    for place, verdict in judged:
        rows.write(str(place), verdict)
        count += 1
        refused += not verdict.valid
    said = f"{count} Logons: {count - refused} valid, {refused} not valid"
    say(said if refused == 0 else f"{said}; gatepass explain shows why")
    return refused == 0
