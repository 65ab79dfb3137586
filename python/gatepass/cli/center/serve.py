"""``gatepass center serve``."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from gatepass.cli.center.announcing import announce, say_code
from gatepass.cli.center.serving import serve_until_ended
from gatepass.cli.options.center import CenterOptions, with_center_options
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.output import say

EPILOG = """[bold]Example:[/bold] gatepass center serve

[bold]Example:[/bold] gatepass center serve --database postgresql://gatepass@db/center \
--config center.toml"""


@with_center_options
def serve(
    options: CenterOptions,
    host: Annotated[
        str | None,
        typer.Option(
            "--host", metavar="HOST", help="Address to listen on. [dim]Default: 127.0.0.1[/dim]"
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=0,
            max=65535,
            help="Port to listen on; 0 picks a free one. [dim]Default: 8400[/dim]",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="URL",
            help="Public address, such as https://keys.example.com. Requests for other host names"
            " are refused, except for the names of this machine and --host.",
        ),
    ] = None,
    open_always: Annotated[
        bool,
        typer.Option(
            "--open-always",
            metavar="",
            help="For rehearsals on weekends: ignore CME's hours, Sunday 10:00 to Friday 16:30.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Serve the pages and the API of the Request Center, and send its mails and warnings.

    Without options, everything it needs is made in the state folder: database,
    envelope key, a firm, its administrator and an iLink session. The
    administrator's one-time password is shown only once. Codes and mails are
    written to files, and the path of each code is printed.

    The first line is always: listening on URL. Several processes may serve one
    PostgreSQL database. Ctrl-C or SIGTERM stops it within seconds; exit code 0. A
    mail that is not sent by then waits in the database.

    --json writes one object per line from the second line on: administrator, with
    one_time_password and session, and for each code that is written to a file:
    code.
    """
    from gatepass.center import assembly, background
    from gatepass.center.web.serving.server import listening

    given = {"host": host, "port": port, "open_always": open_always or None}
    given |= {"address": None if address is None else _address(address)}
    settings = options.settings(make_folder=True)
    settings = replace(settings, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    assembly.require_protected(settings)
    mailer = assembly.make_mailer(settings)
    with (
        assembly.begun(settings, on_code=partial(say_code, as_json=json)) as center,
        listening(settings.host, settings.port) as listener,
        background.running(background.jobs(center, mailer), on_problem=say) as end_jobs,
    ):
        begun = partial(announce, settings, center, listener, as_json=json)
        asyncio.run(serve_until_ended(settings, center, listener, on_start=begun, on_end=end_jobs))


def _address(text: str) -> str:
    from gatepass.center.settings import an_address

    try:
        return an_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--address") from None
