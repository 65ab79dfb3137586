"""``gatepass sign``."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import Annotated

import typer

from gatepass._native import Logon
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

    A line that cannot be signed gives no output but an error that names it, the
    other lines are signed all the same, and the exit code is 2.

    The pair is the valid one created last of the session in SenderCompID (49).

    --json writes an object a Logon and line: line, index, sender_comp_id,
    access_key_id, logon; or line, index, error, type.
    """
    moment = parse_at(at)
    source = open_key_source(keys, logons=file, allow_insecure=allow_insecure_keys)
    chosen = None if access_key is None else AccessKeyId(access_key)
    signer = LogonSigner(source, access_key_id=chosen)
    used: set[str] = set()
    failed = False
    for line in read_logons(file):
        try:
            signed = _sign_line(signer, line, moment)
        except _LineRefusedError as refusal:
            failed = True
            refusal.report(json)
            continue
        _write(line, signed, json)
        _warn(source, {_access_key_id(message) for message in signed} - used, moment)
        used.update(_access_key_id(message) for message in signed)
    if failed:
        raise typer.Exit(2)
