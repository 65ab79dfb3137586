"""``gatepass simulate``."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from gatepass.cli.options.common import (
    AllowInsecureKeys,
    Json,
    Keys,
    TlsCertificate,
    TlsKey,
    open_key_source,
)
from gatepass.cli.options.file_kinds import FileKind, refuse_other
from gatepass.cli.simulate.run import Run, kept
from gatepass.cli.simulate.screen import Log, Show
from gatepass.cli.simulate.settings import gather
from gatepass.cli.terminal.output import page, say
from gatepass.cli.views.simulate import Told, get_ready, print_told
from gatepass.gateway import Kind, load_fault_plan
from gatepass.gateway.collector import rare_collections

EPILOG = """[bold]Example:[/bold] gatepass simulate --keys keys.txt --port 9443

[bold]Example:[/bold] gatepass simulate --keys keys.txt --kind msgw:92 --json --log gateway.jsonl"""


def simulate(
    context: typer.Context,
    keys: Keys,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings as TOML; options override them."),
    ] = None,
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
            help="Port to listen on; 0, the default, picks a free one.",
        ),
    ] = None,
    backup_port: Annotated[
        int | None,
        typer.Option(
            "--backup-port",
            metavar="N",
            min=0,
            max=65535,
            help="Also run a backup gateway on this port.",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", metavar="KIND", help="cgw (the default), msgw:NN, dropcopy or dropcopy:NN."
        ),
    ] = None,
    tls_cert: TlsCertificate = None,
    tls_key: TlsKey = None,
    no_port_closure: Annotated[
        bool,
        typer.Option(
            "--no-port-closure",
            metavar="",
            help="Do not close a port after the fifth invalid Logon within a minute.",
        ),
    ] = False,
    fault_plan: Annotated[
        Path | None,
        typer.Option(
            "--fault-plan", metavar="FILE", help="Produce the faults in this plan, a TOML file."
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="Append each event to FILE, as JSON."),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option("--duration", metavar="SECONDS", help="Stop after this time."),
    ] = None,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Run a Globex gateway on this machine to rehearse logons.

    The first line is always: listening on HOST:PORT. Then each event is shown as
    it happens, with its reason and its time in UTC. Clients receive only what CME
    would send them.

    Key pairs are read at each Logon, so you can change the key file meanwhile.

    The file of --config may set kind, host, port, backup-port, port-closure and
    store (a file for sequence numbers and closed ports); in its section
    sending-time, max-age and max-ahead, in seconds; in its section tls,
    certificate and key. docs/faults.md describes the faults of --fault-plan.

    --keys center: opens the database in the state folder of gatepass center, or
    the one that GATEPASS_CENTER_STATE or GATEPASS_CENTER_DATABASE names. The
    envelope key is in the state folder, or in GATEPASS_CENTER_ENVELOPE_KEY.

    While it runs, type 'reopen ABC' to open the closed ports of a Session ID,
    'send ABC123 TEXT' to send a message to a session, or 'fail-over ABC123' to
    make its primary gateway fail. The full name as listed, such as ABC123N, works
    too.
    Ctrl-C or SIGTERM stops the gateway; exit code 0. If the configuration names a
    store, closed ports stay closed after a restart.

    --json writes one object per line from the second line on: time, session, what
    and detail. After a refusal, one more object contains the Logon: its what is
    logon, and gatepass explain can read it. --log writes the same; SIGHUP reopens
    its file, for log rotation. A slow reader of the output does not delay clients:
    events that it misses are counted.
    """
    if duration is not None and not 0 <= duration < math.inf:
        message = "give 0 or more seconds; without this option it runs until Ctrl-C"
        raise typer.BadParameter(message, param_hint="--duration")
    given = {"host": host, "port": port, "backup-port": backup_port, "kind": _kind(kind)}
    given["port-closure"] = False if no_port_closure else None
    settings = gather(config, given | {"tls.certificate": tls_cert, "tls.key": tls_key})
    source = open_key_source(context, keys, allow_insecure=allow_insecure_keys, diagnosis=True)
    refuse_other(fault_plan, FileKind.FAULT_PLAN, "--fault-plan")
    refuse_other(log, FileKind.LOG, "--log")
    faults = None if fault_plan is None else load_fault_plan(fault_plan, source.ring)
    keyboard = keys not in ("-", "fd:0")
    logged = nullcontext() if log is None else closing(Log(log))
    with logged as file, kept(settings) as stores, rare_collections():
        run = Run(_show(as_json=json), file)
        asyncio.run(run.serve(settings, faults, source, stores, duration, keyboard=keyboard))
    if not run.screen.end():
        # The thread is blocked in a write and cannot be stopped; the interpreter would wait for it.
        say("gatepass: the last events were not read")
        os._exit(0)


def _kind(text: str | None) -> Kind | None:
    try:
        return None if text is None else Kind.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--kind") from None


def _show(*, as_json: bool) -> Show:
    """Return the function that shows a report on standard output."""
    console = page()
    get_ready()

    def show(told: Told) -> None:
        if as_json:
            sys.stdout.write(f"{told.as_json()}\n")
        elif not told.is_logon:
            print_told(console, told)
        sys.stdout.flush()

    return show
