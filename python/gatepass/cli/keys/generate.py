"""``gatepass keys generate``."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from gatepass.cli.options.common import Json
from gatepass.cli.options.file_kinds import FileKind, refuse_other
from gatepass.cli.terminal.output import emit, say
from gatepass.errors import FieldError
from gatepass.keys import add_to_key_file, generate_pair, write_key_file
from gatepass.keys.validity import exchange_zone

EPILOG = """[bold]Example:[/bold] gatepass keys generate keys.txt ABC

[bold]Example:[/bold] gatepass keys generate keys.txt ABC --add"""

#: The value in the file's Environment column.
ENVIRONMENT = "SIMULATION"
#: How many days a pair is valid: twelve months, as at the exchange.
LIFE = 365


def generate(
    file: Annotated[
        Path, typer.Argument(metavar="KEYFILE", help="The key file to write.", dir_okay=False)
    ],
    session: Annotated[
        str, typer.Argument(metavar="SESSION", help="Session ID: 3 characters, or 6 (Drop Copy).")
    ],
    add: Annotated[
        bool, typer.Option("--add", metavar="", help="Add the pair to an existing file.")
    ] = False,
    expired: Annotated[
        bool, typer.Option("--expired", metavar="", help="Make a pair that expired yesterday.")
    ] = False,
    json: Json = False,
) -> None:
    """Generate a key pair for rehearsals.

    Use it with your own gateways (gatepass simulate) and in tests: CME does not
    know it. For pairs that are issued, rotated and deleted by CME's rules, see
    gatepass center.

    The file has the layout of CME's key file, and only you can read it. The
    Secret Key is not shown. An existing file is changed only with --add.

    --json writes one object: session, access_key_id, created and expires.
    """
    if file.exists() and not add:
        raise typer.BadParameter(
            f"{file} already exists: name another file, or give --add", param_hint="KEYFILE"
        )
    first, last = dates(datetime.now(UTC), expired=expired)
    try:
        pair = generate_pair(session, first, last, ENVIRONMENT)
    except FieldError as error:
        raise typer.BadParameter(str(error), param_hint="SESSION") from None
    if file.exists():
        refuse_other(file, FileKind.KEY_FILE, "KEYFILE")
        add_to_key_file(file, pair)
    else:
        write_key_file(file, [pair])
    if json:
        emit(
            {
                "session": pair.session,
                "access_key_id": pair.access_key_id,
                "created": first.isoformat(),
                "expires": last.isoformat(),
            }
        )
    else:
        say(f"{file}: key pair {pair.access_key_id} for session {session}, valid until {last}")


def dates(now: datetime, *, expired: bool) -> tuple[date, date]:
    """Return the first and last day of a new pair, in Chicago."""
    today = now.astimezone(exchange_zone()).date()
    last = today - timedelta(days=1) if expired else today + timedelta(days=LIFE)
    return last - timedelta(days=LIFE), last
