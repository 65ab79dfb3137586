"""``gatepass sign``."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import Annotated

import typer

from gatepass._native import PROFILES, Logon
from gatepass.cli.logons import Place, places, read_logons
from gatepass.cli.options import (
    STDIN,
    AllowInsecureKeys,
    At,
    Json,
    Keys,
    LogonFile,
    open_key_source,
    parse_at,
)
from gatepass.cli.output import emit, say
from gatepass.errors import GatepassError
from gatepass.keys import AccessKeyId, KeySource
from gatepass.signing import LogonSigner
from gatepass.signing.notation import PIPE, SOH, Line

_SENDER_COMP_ID = [tag for tag, _ in PROFILES["fix-logon"]].index(49)

EPILOG = """[bold]Example:[/bold] gatepass sign logons.txt --keys keys.txt > signed.txt

[bold]Example:[/bold] printf '%s\\n' "$LOGON" | gatepass sign --keys fd:3 3< keys.txt"""


def sign(
    keys: Keys,
    file: LogonFile = STDIN,
    access_key: Annotated[
        str | None,
        typer.Option("--access-key", metavar="ID", help="Sign with this pair, no other."),
    ] = None,
    at: At = None,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Sign Logons, and answer in the form in which they came.

    Each line of Logons gives one line of signed Logons. 98, 95, 96 and old
    credentials are left out; 354, 355, 1400, 1401 and 1402 come at the end of
    the body; 9 and 10 are made new.

    A Logon that cannot be signed gives no output but an error that names its
    line, the others are signed all the same, and the exit code is 2.

    The session in SenderCompID (49) decides the pair: of its valid ones, that
    created last.

    --json writes an object a line for each Logon: line, index, sender_comp_id,
    access_key_id, logon; or line, index, error, type.
    """
    moment = parse_at(at)
    source = open_key_source(keys, logons=file, allow_insecure=allow_insecure_keys)
    chosen = None if access_key is None else AccessKeyId(access_key)
    signer = LogonSigner(source, access_key_id=chosen)
    used: set[str] = set()
    failed = False
    for line in read_logons(file):
        signed = []
        for place, message in places(line):
            try:
                signed.append((place, Logon(signer.sign(message, at=moment))))
            except GatepassError as error:
                _report(place, error, as_json=json)
                failed = True
        if not signed:
            continue
        _write(line, signed, as_json=json)
        new = {logon.access_key_id.decode("ascii") for _, logon in signed} - used
        _warn(source, new, moment)
        used |= new
    if failed:
        raise typer.Exit(2)


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
    for warning in source.ring.warnings(moment or datetime.now(timezone.utc)):
        if warning.pair.access_key_id in used:
            say(f"gatepass: warning: {warning}")
