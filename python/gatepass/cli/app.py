"""The commands, in the order in which the help shows them."""

from __future__ import annotations

from typing import Annotated

import typer

from gatepass._native import VERSION
from gatepass.cli import bench
from gatepass.cli.center import app as center
from gatepass.cli.demo import app as demo
from gatepass.cli.keys import app as keys
from gatepass.cli.logon import app as logon
from gatepass.cli.options.common import Json
from gatepass.cli.signing import explain, samples, sign, verify
from gatepass.cli.simulate import app as simulate
from gatepass.cli.terminal.output import emit
from gatepass.cli.terminal.running import Commands

app = typer.Typer(
    name="gatepass",
    cls=Commands,
    help="Sign, verify and explain CME Globex secure logons.",
    epilog=(
        "Exit codes: 0 yes, 1 no, 2 bad input or output that could not be written, 130 Ctrl-C,"
        " 141 the reader of the output closed it early, as head does. Results go to standard"
        " output, messages to standard error.\n\n[bold]Example:[/bold] gatepass demo"
    ),
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    add_completion=False,
    rich_markup_mode="rich",
    # A traceback with local variables could show a secret.
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gatepass {VERSION}")
        raise typer.Exit


@app.callback()
def top(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            metavar="",
            help="Show the version and exit.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Sign, verify and explain CME Globex secure logons."""


@app.command(epilog="[bold]Example:[/bold] gatepass version", hidden=True)
def version(json: Json = False) -> None:
    """Show the version, as --version does.

    --json writes one object: version.
    """
    if json:
        emit({"version": VERSION})
        return
    _print_version(True)


app.command(epilog=sign.EPILOG)(sign.sign)
app.command(epilog=verify.EPILOG)(verify.verify)
app.command(epilog=explain.EPILOG)(explain.explain)
app.add_typer(keys.app)
app.command(epilog=samples.EPILOG)(samples.samples)
app.command(epilog=simulate.EPILOG)(simulate.simulate)
app.command(epilog=logon.EPILOG)(logon.logon)
app.add_typer(center.app)
app.command(epilog=demo.EPILOG)(demo.demo)
app.command(epilog=bench.EPILOG)(bench.bench)
