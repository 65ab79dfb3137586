"""``gatepass center serve``."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatepass.cli.options.center import CenterOptions, with_center_options
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.interrupts import ending_on_signal
from gatepass.cli.terminal.output import emit, say
from gatepass.transport import server_context

if TYPE_CHECKING:
    from gatepass.center.context import Center
    from gatepass.center.embedded import FirstSteps
    from gatepass.center.settings import CenterSettings

EPILOG = """[bold]Example:[/bold] gatepass center serve

[bold]Example:[/bold] gatepass center serve --database postgresql://gatepass@db/center \
--config center.toml"""

#: Seconds after which a busy thread lets another run. Python's 5 ms are long for whoever has had
#: the database's answer and holds a lock there: half as many pairs a second were generated.
SWITCH = 0.0005
#: Seconds that requests and mails in progress get, once the command is to end: a request may wait
#: for a mail server that hangs.
LEAVES_WITHIN = 6


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
    from gatepass.center import assembly, background, embedded
    from gatepass.center.web.serving.server import listening

    settings = options.settings(make_folder=True)
    sys.setswitchinterval(SWITCH)
    given = {"host": host, "port": port, "open_always": open_always or None}
    given |= {"address": None if address is None else _address(address)}
    settings = replace(settings, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    assembly.require_protected(settings)
    mailer = assembly.make_mailer(settings)
    with (
        assembly.begun(settings, on_code=_teller(as_json=json)) as center,
        listening(settings.host, settings.port) as listener,
    ):

        def announce() -> None:
            # Only now: nothing can go wrong any more before the password is shown.
            first = embedded.take_first_steps(center) if settings.codes_stay_here else None
            _announce(_url(settings, listener), settings, first, as_json=json)
            if not embedded.has_user(center):
                say("there is no user yet: gatepass center init --help shows how to add a firm")
            _say_limits(center)
            say("Ctrl-C ends")

        with background.running(background.jobs(center, mailer), on_problem=say) as end_jobs:

            def end() -> None:
                end_jobs()
                _leave_at_last()

            asyncio.run(_serve(settings, center, listener, announce, end))


def _address(text: str) -> str:
    from gatepass.center.settings import an_address

    try:
        return an_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--address") from None


async def _serve(
    settings: CenterSettings,
    center: Center,
    listener: socket.socket,
    announce: Callable[[], None],
    on_end: Callable[[], None],
) -> None:
    """Serve until somebody ends it; `announce` is called once requests are taken."""
    from gatepass.center.web import make_app, warm_up
    from gatepass.center.web.serving.server import Server

    tls = None
    if settings.certificate is not None:
        tls = server_context(settings.certificate, settings.key)
    app = make_app(center, settings.names)
    server = Server(
        app,
        listener,
        tls=tls,
        # Whoever reaches this port could say to come from anywhere: only a proxy is believed,
        # and where people are told another address there is one, on this machine.
        proxied=bool(settings.address),
        on_start=announce,
    )

    def end() -> None:
        server.should_exit = True
        on_end()

    with ending_on_signal(end):
        await warm_up(app)
        _leave_out_of_collections()
        await server.run_here()


def _leave_out_of_collections() -> None:
    """Have the garbage collector pass over what is there by now: it stays until the end.

    To look through all modules takes 70 to 100 ms, in which no thread runs.
    """
    gc.collect()
    gc.freeze()


def _leave_at_last() -> None:
    """End the process for good after a while, whatever still waits for somebody.

    A thread cannot be ended, and would hold up the interpreter. The store takes no harm: to it
    this is no more than a power cut.
    """

    def leave() -> None:
        time.sleep(LEAVES_WITHIN)
        os._exit(0)

    threading.Thread(target=leave, daemon=True).start()


def _url(settings: CenterSettings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "http" if settings.certificate is None else "https"
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


def _announce(
    url: str, settings: CenterSettings, first: FirstSteps | None, *, as_json: bool
) -> None:
    from gatepass.center.settings import shown
    from gatepass.center.web.host_names import stands_for_all

    sys.stdout.write(f"listening on {url}\n")
    if first is not None:
        password = first.one_time_password.reveal()
        if as_json:
            told = {"what": "administrator", "name": first.name, "session": first.session}
            emit({**told, "one_time_password": password})
        else:
            sys.stdout.write(
                f"user name: {first.name}\n"
                f"one-time password, shown only now: {password}\n"
                f"session to rehearse with: {first.session}\n"
            )
    sys.stdout.flush()
    if settings.address:
        say(f"for people: {settings.address}")
    elif stands_for_all(settings.host):
        say("asked for by a name, it refuses: --address URL says what people type")
    say(f"database: {shown(settings.database)}")
    if settings.codes_stay_here:
        what = "verification codes" if settings.mail.host else "verification codes and mails"
        say(f"{what} are put into {settings.outbox}")


def _say_limits(center: Center) -> None:
    """Say what keeps users from going on, and what lifts it."""
    from gatepass.center.pairs import hours
    from gatepass.center.people import codes

    if center.open_always:
        say("open always, to rehearse: CME's opening hours are left out")
    elif not hours.is_open(now := center.clock()):
        opens = hours.next_opening(now)
        say(f"closed until {opens:%A %Y-%m-%d %H:%M} in Chicago; --open-always is for rehearsals")
    say(
        f"each user gets {codes.PER_DAY} verification codes a day:"
        " gatepass center user reset-codes NAME gives as many again"
    )


def _teller(*, as_json: bool) -> Callable[[Path], None]:
    """Give what tells of each code that was put into a file: where, not what."""

    def tell(path: Path) -> None:
        if as_json:
            emit({"what": "code", "file": str(path)})
        else:
            say(f"a verification code is in {path}")

    return tell
