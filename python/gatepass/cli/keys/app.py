"""``gatepass keys``: list, check, timeline and generate."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from gatepass.cli.keys import generate as keys_generate
from gatepass.cli.options.common import (
    AllowInsecureKeys,
    At,
    Json,
    KeysArgument,
    moment_of,
    open_key_source,
)
from gatepass.cli.options.file_kinds import FileKind, refuse_other
from gatepass.cli.terminal.output import emit, page, say, write_file
from gatepass.cli.views.keys import print_health, print_pairs
from gatepass.cli.views.timeline import print_timeline
from gatepass.cli.views.timeline_rows import picture_of
from gatepass.cli.views.timeline_svg import draw_svg
from gatepass.keys import WARNING_DAYS, KeyRing, SessionHealth, session_health

app = typer.Typer(
    name="keys",
    help="List, check, draw and generate key pairs.",
    epilog="[bold]Example:[/bold] gatepass keys check keys.txt",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command("list", epilog="[bold]Example:[/bold] gatepass keys list keys.txt")
def list_pairs(
    context: typer.Context,
    keys: KeysArgument,
    at: At = None,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """List the pairs, their status, and which one of each session is used.

    Secret Keys are never shown.

    --json writes one object: at and pairs; each pair has session, access_key_id,
    created, expires, valid_until, environment, status, days_left,
    secret_key_bytes and used.
    """
    moment = moment_of(at)
    ring = _open(context, keys, allow_insecure_keys)
    health = session_health(ring, moment)
    if json:
        emit({"at": moment.isoformat(), "pairs": _pairs_as_data(health, moment)})
        return
    print_pairs(page(), health, moment)


@app.command(epilog="[bold]Example:[/bold] gatepass keys check keys.txt || mail -s 'CME keys' ops")
def check(
    context: typer.Context,
    keys: KeysArgument,
    within: Annotated[
        int,
        typer.Option(
            "--days", metavar="N", min=0, max=9999, help="Fail this many days before expiry."
        ),
    ] = WARNING_DAYS[0],
    at: At = None,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Check that every session has a pair that stays valid; made for monitoring.

    Exit code 1 if a session has no valid pair, if the pair in use expires within
    28 days (or --days), or if its Secret Key does not have the length of CME's
    keys, because it was cut when copied. An old pair that expires beside a newer
    one is normal rotation: it is noted and does not fail the check.

    --json writes one object: ok, at and sessions; each session has session, ok,
    used, problem, warning, cut and pairs.
    """
    moment = moment_of(at)
    ring = _open(context, keys, allow_insecure_keys)
    health = session_health(ring, moment, within)
    # Without a pair, no session can log on.
    healthy = bool(health) and all(session.healthy for session in health)
    if json:
        sessions = [_session_as_data(session, moment) for session in health]
        emit({"ok": healthy, "at": moment.isoformat(), "sessions": sessions})
    else:
        print_health(page(), health, moment)
    raise typer.Exit(0 if healthy else 1)


@app.command(
    epilog="[bold]Example:[/bold] gatepass keys timeline keys.txt --svg keys.svg",
)
def timeline(
    context: typer.Context,
    keys: KeysArgument,
    svg: Annotated[
        str | None,
        typer.Option(
            "--svg", metavar="FILE", help="Write an SVG picture to FILE; - prints only the SVG."
        ),
    ] = None,
    at: At = None,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Draw each pair's life as a bar, and mark the present.

    --json writes one object: at, begin and end of the picture, and pairs as in
    keys list --json.
    """
    if json and svg == "-":
        raise typer.BadParameter(
            "standard output cannot contain both JSON and SVG: give --svg a FILE",
            param_hint="--svg",
        )
    moment = moment_of(at)
    ring = _open(context, keys, allow_insecure_keys)
    health = session_health(ring, moment)
    picture = picture_of(health, moment)
    if svg == "-":
        sys.stdout.write(draw_svg(picture))
        return
    if svg is not None:
        refuse_other(svg, FileKind.PICTURE, "--svg")
        write_file(Path(svg), draw_svg(picture).encode())
        say(f"wrote {svg}")
    if json:
        emit(
            {
                "at": moment.isoformat(),
                "begin": picture.timeline.begin.isoformat(),
                "end": picture.timeline.end.isoformat(),
                "pairs": _pairs_as_data(health, moment),
            }
        )
    else:
        print_timeline(page(), picture)


app.command("generate", epilog=keys_generate.EPILOG)(keys_generate.generate)


def _open(context: typer.Context, keys: str, allow_insecure: bool) -> KeyRing:
    return open_key_source(context, keys, allow_insecure=allow_insecure, option="KEYFILE").ring


def _session_as_data(health: SessionHealth, moment: datetime) -> dict[str, object]:
    return {
        "session": health.session,
        "ok": health.healthy,
        "used": None if health.used is None else health.used.access_key_id,
        "problem": None if health.problem is None else str(health.problem),
        "warning": None if health.warning is None else str(health.warning),
        "cut": health.cut,
        "pairs": _pairs_as_data([health], moment),
    }


def _pairs_as_data(health: Iterable[SessionHealth], moment: datetime) -> list[dict[str, object]]:
    return [
        {
            "session": pair.session,
            "access_key_id": pair.access_key_id,
            "created": _text(pair.created),
            "expires": _text(pair.expires),
            "valid_until": _text(pair.valid_until),
            "environment": pair.environment,
            "status": pair.status(moment).value,
            "days_left": pair.days_left(moment),
            "secret_key_bytes": pair.signing_key.length,
            "used": pair is session.used,
        }
        for session in health
        for pair in session.pairs
    ]


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
