"""``gatepass simulate``."""

from __future__ import annotations

import asyncio
import json as jsonlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gatepass.cli.interrupts import ending_on_signal
from gatepass.cli.operator_line import HELP, listen_to_operator, obey
from gatepass.cli.options import (
    AllowInsecureKeys,
    Json,
    Keys,
    TlsCertificate,
    TlsKey,
    open_key_source,
)
from gatepass.cli.output import emit, page, say
from gatepass.cli.simulate_view import Told, print_told
from gatepass.gateway import Gateway, GatewayConfig, Kind, Report, read_config
from gatepass.gateway.collector import rare_full_collections
from gatepass.gateway.faults import FaultPlan, load_fault_plan
from gatepass.keys import KeySource
from gatepass.session.store import MemoryStore, Store
from gatepass.storage import SqliteDatabase
from gatepass.transport import server_context, utc_now

EPILOG = """[bold]Example:[/bold] gatepass simulate --keys keys.txt --port 9443

[bold]Example:[/bold] gatepass simulate --keys keys.txt --kind msgw:92 --json --log gateway.jsonl"""

Show = Callable[[Told], None]


def simulate(
    keys: Keys,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings as TOML; options come first."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="HOST", help="Listen here. [dim]Default: 127.0.0.1[/dim]"),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help="The port; 0, the default, is a free one."
        ),
    ] = None,
    backup_port: Annotated[
        int | None,
        typer.Option(
            "--backup-port", metavar="N", min=0, max=65535, help="Be a backup gateway here, too."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="KIND", help="cgw (the default), msgw:NN or dropcopy."),
    ] = None,
    tls_cert: TlsCertificate = None,
    tls_key: TlsKey = None,
    fault_plan: Annotated[
        Path | None,
        typer.Option(
            "--fault-plan", metavar="FILE", help="Let happen what this plan says, as TOML."
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="Append what is decided to FILE, as JSON."),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option("--duration", metavar="SECONDS", min=0, help="End after so long."),
    ] = None,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Be a Globex gateway to rehearse logons against.

    The first line is always: listening on HOST:PORT. Then comes what is decided
    and why, as it happens, with times in UTC. Clients are told no more than CME
    tells them.

    Key pairs are read at each Logon: change the key file while this runs.

    Type reopen ABC123 to open the closed ports of a session, send ABC123 TEXT
    to send it a message, fail-over ABC123 to let its primary gateway fail.
    Ctrl-C ends it, and so does SIGTERM; exit code 0.

    --json writes, from the second line on, an object a line: time, session, what
    and detail. --log writes the same.
    """
    settings = GatewayConfig() if config is None else read_config(config)
    if tls_key is not None and tls_cert is None:
        raise typer.BadParameter("a key without its --tls-cert", param_hint="--tls-key")
    if tls_cert is not None:
        settings = replace(settings, certificate=tls_cert, key=tls_key)
    given = {"host": host, "port": port, "backup_port": backup_port, "kind": _kind(kind)}
    settings = replace(settings, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    faults = None if fault_plan is None else load_fault_plan(fault_plan)
    source = open_key_source(keys, allow_insecure=allow_insecure_keys)
    keyboard = keys not in ("-", "fd:0")
    shown, stores = _shown(log, as_json=json), _stores(settings.store)
    with shown as show, stores as store, rare_full_collections():
        asyncio.run(_run(settings, faults, source, store, show, duration, keyboard=keyboard))


def _kind(text: str | None) -> Kind | None:
    try:
        return None if text is None else Kind.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--kind") from None


@contextmanager
def _shown(log: Path | None, *, as_json: bool) -> Iterator[Show]:
    """Give what shows a report on standard output, and appends it to the log."""
    console = page()
    with open(log or os.devnull, "a", encoding="utf-8") as file:  # noqa: PTH123

        def show(told: Told) -> None:
            if log is not None:
                file.write(jsonlib.dumps(told.as_dict()) + "\n")
                file.flush()
            if as_json:
                emit(told.as_dict())
            else:
                print_told(console, told)
                sys.stdout.flush()

        yield show


async def _run(
    settings: GatewayConfig,
    faults: FaultPlan | None,
    source: KeySource,
    store: Callable[[str], Store],
    show: Show,
    duration: float | None,
    *,
    keyboard: bool,
) -> None:
    told: asyncio.Queue[Told | None] = asyncio.Queue()

    def report(report: Report) -> None:
        told.put_nowait(Told(utc_now(), report))
        name = report.sender_comp_id[:-1]
        if report.what == "refused" and gateway.is_closed(name):
            words = f"type: reopen {name}"
            told.put_nowait(Told(utc_now(), Report("port closed", report.sender_comp_id, words)))

    def operate(line: str) -> None:
        answer = obey(gateway, line)
        if answer is not None:
            told.put_nowait(Told(utc_now(), answer))

    def end() -> None:
        told.put_nowait(None)

    gateway = Gateway(
        source,
        settings.kind,
        report=report,
        store=store,
        window=settings.window,
        faults=faults,
    )
    try:
        with ending_on_signal(end):
            await _announce(gateway, settings, source)
            if keyboard:
                listen_to_operator(operate)
            if duration is not None:
                asyncio.get_running_loop().call_later(duration, end)
            while (next_told := await told.get()) is not None:
                show(next_told)
    finally:
        await gateway.close()
    while not told.empty():
        if (last := told.get_nowait()) is not None:
            show(last)


async def _announce(gateway: Gateway, settings: GatewayConfig, source: KeySource) -> None:
    """Listen, and say where: on standard output only what the first line promises."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    tls = None
    if settings.certificate is not None:
        tls = server_context(settings.certificate, settings.key)
    port = await gateway.listen(settings.host, settings.port, tls=tls)
    sys.stdout.write(f"listening on {host}:{port}\n")
    sys.stdout.flush()
    if settings.backup_port is not None:
        port = await gateway.listen(settings.host, settings.backup_port, backup=True, tls=tls)
        say(f"backup gateway on {host}:{port}")
    sessions = ", ".join(source.ring.sessions) or "no session yet"
    name = f"{settings.kind.name} gateway{'' if tls is None else ' over TLS'} with key pairs"
    say(f"{name} for {sessions}; times are UTC; Ctrl-C ends")
    say(HELP)


@contextmanager
def _stores(path: Path | None) -> Iterator[Callable[[str], Store]]:
    """Give what makes the stores of sessions: in memory, or in one file."""
    if path is None:
        yield lambda _name: MemoryStore()
        return
    with closing(SqliteDatabase(path)) as database:
        yield database.store
