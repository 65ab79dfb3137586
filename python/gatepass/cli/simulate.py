"""``gatepass simulate``."""

from __future__ import annotations

import asyncio
import json as jsonlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
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
from gatepass.cli.screen import Log, Screen, Show
from gatepass.cli.simulate_view import Told, print_told
from gatepass.gateway import (
    ClosedPorts,
    Gateway,
    GatewayConfig,
    Kind,
    Report,
    SqliteClosedPorts,
    read_config,
)
from gatepass.gateway.collector import rare_full_collections
from gatepass.gateway.config import EQUAL_PORTS, has_equal_ports
from gatepass.gateway.faults import FaultPlan, load_fault_plan
from gatepass.keys import KeySource
from gatepass.session.store import MemoryStore, Store
from gatepass.storage import SqliteDatabase
from gatepass.transport import server_context, utc_now

EPILOG = """[bold]Example:[/bold] gatepass simulate --keys keys.txt --port 9443

[bold]Example:[/bold] gatepass simulate --keys keys.txt --kind msgw:92 --json --log gateway.jsonl"""

#: What makes a session's store, and what remembers closed ports.
Kept = tuple[Callable[[str], Store], ClosedPorts | None]


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
        typer.Option(
            "--kind", metavar="KIND", help="cgw (the default), msgw:NN, dropcopy or dropcopy:NN."
        ),
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

    With --keys center: the state folder is that of GATEPASS_CENTER_STATE, or
    gatepass center's own, the URL without one that of GATEPASS_CENTER_DATABASE;
    the envelope key is read from the state folder, or from
    GATEPASS_CENTER_ENVELOPE_KEY where that is set.

    Type reopen ABC to open the closed ports of a Session ID, send ABC123 TEXT to
    send a session a message, fail-over ABC123 to let its primary gateway fail.
    Ctrl-C ends it, and so does SIGTERM; exit code 0. Closed ports stay closed
    when it is started again, if the configuration names a store.

    --json writes, from the second line on, an object a line: time, session, what
    and detail. --log writes the same. Nobody has to wait for whoever reads this
    output: what is not read in time is counted, and missing from it alone.
    """
    settings = GatewayConfig() if config is None else read_config(config)
    if tls_key is not None and tls_cert is None:
        raise typer.BadParameter("a key without its --tls-cert", param_hint="--tls-key")
    if tls_cert is not None:
        settings = replace(settings, certificate=tls_cert, key=tls_key)
    given = {"host": host, "port": port, "backup_port": backup_port, "kind": _kind(kind)}
    settings = replace(settings, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    other = settings.backup_port
    if other is not None and has_equal_ports(settings.port, other):
        raise typer.BadParameter(EQUAL_PORTS, param_hint="--backup-port")
    faults = None if fault_plan is None else load_fault_plan(fault_plan)
    source = open_key_source(keys, allow_insecure=allow_insecure_keys)
    keyboard = keys not in ("-", "fd:0")
    logged = nullcontext() if log is None else closing(Log(log))
    with logged as file, _kept(settings.store) as kept, rare_full_collections():
        run = _Run(_show(as_json=json), file)
        asyncio.run(run.serve(settings, faults, source, kept, duration, keyboard=keyboard))
    if not run.screen.end():
        # A thread that writes to nobody cannot be ended, and would hold up the interpreter.
        say("gatepass: nobody read the last reports")
        os._exit(0)


def _kind(text: str | None) -> Kind | None:
    try:
        return None if text is None else Kind.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--kind") from None


def _show(*, as_json: bool) -> Show:
    """Give what shows a report on standard output."""
    console = page()

    def show(told: Told) -> None:
        if as_json:
            emit(told.as_dict())
        else:
            print_told(console, told)
            sys.stdout.flush()

    return show


class _Run:
    """One run of a gateway: what it decides is logged and shown, until somebody ends it."""

    def __init__(self, show: Show, log: Log | None) -> None:
        self.screen = Screen(show, self._fail)
        self._log = log
        self._loop: asyncio.AbstractEventLoop
        self._over: asyncio.Future[None]

    async def serve(
        self,
        settings: GatewayConfig,
        faults: FaultPlan | None,
        source: KeySource,
        kept: Kept,
        duration: float | None,
        *,
        keyboard: bool,
    ) -> None:
        """Be a gateway until the end. Raises `OSError` if standard output cannot be written."""
        self._loop = asyncio.get_running_loop()
        self._over = self._loop.create_future()
        store, closed_ports = kept
        gateway = Gateway(
            source,
            settings.kind,
            report=self._report,
            store=store,
            window=settings.window,
            faults=faults,
            closed_ports=closed_ports,
        )
        self._gateway = gateway
        try:
            with ending_on_signal(self._end):
                await _announce(gateway, settings, source)
                if keyboard:
                    listen_to_operator(self._obey)
                if duration is not None:
                    self._loop.call_later(duration, self._end)
                await self._over
        finally:
            await gateway.close()

    def _report(self, report: Report) -> None:
        self._tell(report)
        name = report.sender_comp_id[:-1]
        if report.what == "refused" and self._gateway.is_closed(name):
            words = f"type: reopen {self._gateway.session_id(name)}"
            self._tell(Report("port closed", report.sender_comp_id, words))

    def _obey(self, line: str) -> None:
        answer = obey(self._gateway, line)
        if answer is not None:
            self._tell(answer)

    def _tell(self, report: Report) -> None:
        told = Told(utc_now(), report)
        if self._log is not None:
            self._log.write(jsonlib.dumps(told.as_dict()))
        self.screen.tell(told)

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _fail(self, error: OSError) -> None:
        """End because nobody reads any more, or nothing can be written; called by a thread."""

        def end() -> None:
            if not self._over.done():
                self._over.set_exception(error)

        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(end)


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
def _kept(path: Path | None) -> Iterator[Kept]:
    """Give what outlives a session: in memory, or in one file."""
    if path is None:
        yield lambda _name: MemoryStore(), None
        return
    with closing(SqliteDatabase(path)) as database, closing(SqliteClosedPorts(path)) as ports:
        yield database.store, ports
