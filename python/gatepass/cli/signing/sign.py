"""``gatepass sign``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from gatepass._native import PROFILES, Logon, logon_faults
from gatepass.cli.options.common import (
    STDIN,
    AllowInsecureKeys,
    Json,
    Keys,
    LogonFile,
    open_key_source,
    parse_at,
)
from gatepass.cli.signing.logons import Place, places, read_logons
from gatepass.cli.terminal.output import emit, say
from gatepass.errors import GatepassError
from gatepass.fix import LogonSigner, SendingTimeWindow, complete_draft, parse_sending_time
from gatepass.fix.draft import drafts
from gatepass.fix.notation import PIPE, SOH, Line
from gatepass.fix.time_zones import zone_hint
from gatepass.keys import AccessKeyId, KeySource
from gatepass.signing import Outcome

SignAt = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="Choose the pair as if it were this time: 2026-11-23T14:30:00Z, or as in a Logon"
        " (UTC): 20261123-14:30:00.000.",
    ),
]
_TAGS = [tag for tag, _ in PROFILES["fix-logon"]]
_SENDER_COMP_ID = _TAGS.index(49)
_SENDING_TIME = _TAGS.index(52)

EPILOG = """[bold]Example:[/bold] gatepass sign logons.txt --keys keys.txt > signed.txt

[bold]Example:[/bold] gatepass sign --now logon.fix --keys keys.txt > signed.fix

[bold]Example:[/bold] printf '%s\\n' "$LOGON" | gatepass sign --keys fd:3 3< keys.txt"""


def sign(
    keys: Keys,
    file: LogonFile = STDIN,
    now: Annotated[
        bool,
        typer.Option("--now", metavar="", help="Put the present time into SendingTime (52) first."),
    ] = False,
    access_key: Annotated[
        str | None,
        typer.Option("--access-key", metavar="ID", help="Sign with this pair, no other."),
    ] = None,
    at: SignAt = None,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Sign Logons, and answer in the form in which they came.

    Each line of Logons gives one line of signed Logons. 98, 95, 96 and old
    credentials are left out; 354, 355, 1400, 1401 and 1402 come at the end of
    the body; 9 and 10 are made new, so they may be wrong or missing.

    CME takes a Logon for 5 seconds: one whose SendingTime (52) is further off
    is signed all the same, with a warning. --now puts the present time there. A
    value that CME refuses, such as 108=0, is signed with a warning, too.

    A Logon that cannot be signed gives no output but an error that names its
    line, the others are signed all the same, and the exit code is 2.

    The session in SenderCompID (49) decides the pair: of its valid ones, that
    created last.

    --json writes an object a line for each Logon: line, index, sender_comp_id,
    access_key_id, logon; or line, index, error, type.
    """
    if now and at is not None:
        raise typer.BadParameter(
            "give --at TIME to sign as if it were that time, or --now to stamp the present one,"
            " not both",
            param_hint="--now",
        )
    moment = parse_at(at)
    source = open_key_source(keys, logons=file, allow_insecure=allow_insecure_keys)
    chosen = None if access_key is None else AccessKeyId(access_key)
    signer = LogonSigner(source, access_key_id=chosen)
    used: set[str] = set()
    failed = False
    late, refused = LateLogons(), RefusedLogons()
    for line in read_logons(file):
        signed = []
        for place, draft in places(replace(line, messages=drafts(line))):
            stamp = datetime.now(UTC) if now else None
            try:
                whole = complete_draft(draft, sending_time=stamp)
                signed.append((place, Logon(signer.sign(whole, at=moment))))
            except GatepassError as error:
                _report(place, error, as_json=json)
                failed = True
        if not signed:
            continue
        _write(line, signed, as_json=json)
        # Who names the time to sign by does not send the Logon now.
        if moment is None:
            late.look(signed)
        refused.look(signed)
        new = {logon.access_key_id.decode("ascii") for _, logon in signed} - used
        _warn(source, new, moment)
        used |= new
    late.finish()
    refused.finish()
    if failed:
        raise typer.Exit(2)


class LateLogons:
    """Says of the first Logon that its time is off, and at the end how many others are."""

    def __init__(self) -> None:
        self._count = 0

    def look(self, signed: Iterable[tuple[Place, Logon]]) -> None:
        """Look at the SendingTime (52) of Logons that were signed."""
        for place, logon in signed:
            sending_time = (logon.values[_SENDING_TIME] or b"").decode("ascii")
            check = SendingTimeWindow().check(sending_time, datetime.now(UTC))
            if check.outcome is Outcome.PASSED:
                continue
            self._count += 1
            if self._count == 1:
                # What is wrong, without what to do about a Logon that was sent.
                wrong = check.detail.partition(": ")[0]
                hint = _zone_of(sending_time)
                say(f"gatepass: line {place}: {wrong}{hint}; --now puts the present time there")

    def finish(self) -> None:
        """Say how many more there were."""
        if self._count > 1:
            say(f"gatepass: in all, {self._count} Logons have a SendingTime (52) too far off")


def _zone_of(sending_time: str) -> str:
    """Ask whether a time is local time, where it looks like that."""
    hint = zone_hint(datetime.now(UTC) - parse_sending_time(sending_time))
    return "" if hint is None else f"; {hint}"


class RefusedLogons:
    """Says of the first Logon what the exchange will refuse in it, and at the end how many more."""

    def __init__(self) -> None:
        self._count = 0

    def look(self, signed: Iterable[tuple[Place, Logon]]) -> None:
        """Look at the values of Logons that were signed, but for SendingTime (52)."""
        for place, logon in signed:
            why = [reason for tag, _, _, reason in logon_faults(logon.message) if tag != 52]
            if not why:
                continue
            self._count += 1
            if self._count == 1:
                say(
                    f"gatepass: line {place}: {'; '.join(why)}; the exchange will refuse this Logon"
                )

    def finish(self) -> None:
        """Say how many more there were."""
        if self._count > 1:
            say(f"gatepass: in all, {self._count} Logons have values that the exchange refuses")


def _report(place: Place, error: GatepassError, *, as_json: bool) -> None:
    if as_json:
        emit({**place.as_dict(), "error": str(error), "type": type(error).__name__})
    say(f"gatepass: line {place}: {error}")


def _write(line: Line, signed: list[tuple[Place, Logon]], *, as_json: bool) -> None:
    if not as_json:
        sys.stdout.buffer.write(line.answer(tuple(logon.message for _, logon in signed)))
        sys.stdout.buffer.flush()
        return
    for place, logon in signed:
        text = logon.message.replace(SOH, PIPE) if line.piped else logon.message
        emit(
            {
                **place.as_dict(),
                "sender_comp_id": (logon.values[_SENDER_COMP_ID] or b"").decode("ascii"),
                "access_key_id": logon.access_key_id.decode("ascii"),
                # Fields that are not signed may hold any byte; Latin-1 keeps each of them.
                "logon": text.decode("latin-1"),
            }
        )


def _warn(source: KeySource, used: set[str], moment: datetime | None) -> None:
    """Say of pairs that were used for the first time that they expire soon."""
    if not used:
        return
    for warning in source.ring.warnings(moment or datetime.now(UTC)):
        if warning.pair.access_key_id in used:
            say(f"gatepass: warning: {warning}")
