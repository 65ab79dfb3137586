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
        help="Choose the pair as of this time instead of now: 2026-11-23T14:30:00Z, or as in a"
        " Logon (UTC): 20261123-14:30:00.000.",
    ),
]
_TAGS = [tag for tag, _ in PROFILES["fix-logon"]]
_SENDER_COMP_ID = _TAGS.index(49)
_SENDING_TIME = _TAGS.index(52)

EPILOG = """[bold]Example:[/bold] gatepass sign logons.txt --keys keys.txt > signed.txt

[bold]Example:[/bold] gatepass sign --now logon.fix --keys keys.txt > signed.fix

[bold]Example:[/bold] printf '%s\\n' "$LOGON" | gatepass sign --keys fd:3 3< keys.txt"""


def sign(
    context: typer.Context,
    keys: Keys,
    file: LogonFile = STDIN,
    now: Annotated[
        bool,
        typer.Option("--now", metavar="", help="First set SendingTime (52) to the present time."),
    ] = False,
    access_key: Annotated[
        str | None,
        typer.Option("--access-key", metavar="ID", help="Sign only with this pair."),
    ] = None,
    at: SignAt = None,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Sign Logons, and write them in the format of the input.

    Each line of Logons gives one line of signed Logons. 98, 95, 96 and old
    credentials are removed; 354, 355, 1400, 1401 and 1402 are added at the end of
    the body; 9 and 10 are computed, so they may be wrong or missing in the input.

    CME accepts a Logon for 5 seconds. If its SendingTime (52) is further off, it
    is signed with a warning; --now sets the present time. A value that CME
    refuses, such as 108=0, is also signed with a warning.

    If a Logon cannot be signed, an error names its line, the others are still
    signed, and the exit code is 2.

    The key pair is chosen by the session in SenderCompID (49): the newest of its
    valid pairs.

    --json writes one object per line for each Logon: line, index, sender_comp_id,
    access_key_id, logon; or line, index, error, type.
    """
    if now and at is not None:
        raise typer.BadParameter(
            "give either --at TIME to sign as of that time, or --now to set the present time,"
            " not both",
            param_hint="--now",
        )
    moment = parse_at(at)
    source = open_key_source(context, keys, logons=file, allow_insecure=allow_insecure_keys)
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
        # With --at, the Logon is not meant to be sent now.
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
    """Warns of the first Logon whose time is too far off, and counts them at the end."""

    def __init__(self) -> None:
        self._count = 0

    def look(self, signed: Iterable[tuple[Place, Logon]]) -> None:
        """Check the SendingTime (52) of signed Logons."""
        for place, logon in signed:
            sending_time = (logon.values[_SENDING_TIME] or b"").decode("ascii")
            check = SendingTimeWindow().check(sending_time, datetime.now(UTC))
            if check.outcome is Outcome.PASSED:
                continue
            self._count += 1
            if self._count == 1:
                # Only what is wrong: the advice after it is for a Logon that was already sent.
                wrong = check.detail.partition(": ")[0]
                hint = _zone_of(sending_time)
                say(f"gatepass: line {place}: {wrong}{hint}; --now sets the present time")

    def finish(self) -> None:
        """Say how many there were, if more than one."""
        if self._count > 1:
            say(f"gatepass: {self._count} Logons in total have a SendingTime (52) too far off")


def _zone_of(sending_time: str) -> str:
    """Return a question whether this is local time, if it looks like it."""
    hint = zone_hint(datetime.now(UTC) - parse_sending_time(sending_time))
    return "" if hint is None else f"; {hint}"


class RefusedLogons:
    """Warns of the first Logon that the exchange will refuse, and counts them at the end."""

    def __init__(self) -> None:
        self._count = 0

    def look(self, signed: Iterable[tuple[Place, Logon]]) -> None:
        """Check the values of signed Logons, except SendingTime (52)."""
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
        """Say how many there were, if more than one."""
        if self._count > 1:
            say(f"gatepass: {self._count} Logons in total have values that the exchange refuses")


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
                # Unsigned fields may contain any byte; Latin-1 keeps each of them.
                "logon": text.decode("latin-1"),
            }
        )


def _warn(source: KeySource, used: set[str], moment: datetime | None) -> None:
    """Warn of pairs that expire soon, when they are first used."""
    if not used:
        return
    for warning in source.ring.warnings(moment or datetime.now(UTC)):
        if warning.pair.access_key_id in used:
            say(f"gatepass: warning: {warning}")
