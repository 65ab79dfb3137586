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
        typer.Option("--host", metavar="HOST", help="Listen here. [dim]Default: 127.0.0.1[/dim]"),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=0,
            max=65535,
            help="The port; 0 is a free one. [dim]Default: 8400[/dim]",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="URL",
            help="What people type, such as https://keys.example.com. Requests for other names are"
            " refused, but for this machine's own and --host.",
        ),
    ] = None,
    open_always: Annotated[
        bool,
        typer.Option(
            "--open-always",
            metavar="",
            help="To rehearse on weekends: leave out CME's hours, Sunday 10:00 to Friday 16:30.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Serve the Request Center's pages, its API, and the mails and warnings behind them.

    With nothing given, all it needs is made in the state folder: database,
    envelope key, a firm, its administrator and an iLink session. Their one-time
    password is shown this once. Codes and mails are put into files, whose paths
    are said.

    The first line is always: listening on URL. Several processes may serve one
    PostgreSQL database. Ctrl-C ends it, and so does SIGTERM, within seconds; exit
    code 0. A mail that a mail server has not taken by then waits in the database.

    --json writes, from the second line on, an object a line: administrator with
    one_time_password and session, and for each code that is put into a file: code.
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
