"""One run of a simulated gateway: listen, show events, and obey the operator, until it stops."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)

from gatepass.cli.options.file_kinds import looks
from gatepass.cli.simulate.operator_line import HELP, listen_to_operator, obey
from gatepass.cli.simulate.screen import Log, Screen, Show
from gatepass.cli.simulate.settings import Settings
from gatepass.cli.terminal.interrupts import HANGUP, ending_on_signal, on_signals
from gatepass.cli.terminal.key_reports import reporting_key_changes
from gatepass.cli.terminal.output import say
from gatepass.cli.views.simulate import Told
from gatepass.errors import ArgumentError, StoreError
from gatepass.gateway import ClosedPorts, Event, Gateway, Report, SqliteClosedPorts
from gatepass.gateway.faults import FaultPlan
from gatepass.keys import KeySource
from gatepass.session.store import MemoryStore, Store
from gatepass.storage import SqliteDatabase
from gatepass.transport import utc_now

#: How many sessions are named at the start.
MOST_SHOWN = 10
#: The function that makes a session's store, and the memory of closed ports.
Kept = tuple[Callable[[str], Store], ClosedPorts | None]


class Run:
    """One run of a gateway: its events are logged and shown until it stops."""

    def __init__(self, show: Show, log: Log | None) -> None:
        self.screen = Screen(show, self._fail)
        self._log = log
        self._loop: asyncio.AbstractEventLoop
        self._over: asyncio.Future[None]

    async def serve(
        self,
        settings: Settings,
        faults: FaultPlan | None,
        source: KeySource,
        kept: Kept,
        duration: float | None,
        *,
        keyboard: bool,
    ) -> None:
        """Run the gateway until it is stopped.

        Raises `OSError` if standard output cannot be written, and the errors of `Settings`.
        """
        self._loop = asyncio.get_running_loop()
        self._over = self._loop.create_future()
        store, closed_ports = kept
        gateway = Gateway(
            source,
            settings.config.kind,
            report=self._report,
            store=store,
            window=settings.config.window,
            faults=faults,
            closed_ports=closed_ports,
            port_closure=settings.config.port_closure,
        )
        self._gateway = gateway
        try:
            with (
                ending_on_signal(self._end),
                self._rotating(),
                reporting_key_changes(self._tell_from_any_thread),
            ):
                await _listen(gateway, settings, source)
                if keyboard:
                    listen_to_operator(self._obey)
                if duration is not None:
                    self._loop.call_later(duration, self._end)
                await self._over
        finally:
            await gateway.close()

    def _rotating(self) -> AbstractContextManager[None]:
        """Reopen the log at SIGHUP.

        Without a log, SIGHUP is ignored, unless standard input is a terminal: then it means that
        the terminal was closed, and ends the gateway as it ends any program.
        """
        if self._log is not None:
            return on_signals(HANGUP, self._log.reopen)
        return nullcontext() if sys.stdin.isatty() else on_signals(HANGUP, lambda: None)

    def _report(self, report: Report) -> None:
        self._tell(report)
        name = report.sender_comp_id[:-1]
        if report.what == Event.REFUSED and self._gateway.is_closed(name):
            words = f"type: reopen {self._gateway.session_id(name)}"
            self._tell(Report(Event.PORT_CLOSED, report.sender_comp_id, words))

    def _obey(self, line: str) -> None:
        answer = obey(self._gateway, line)
        if answer is not None:
            self._tell(answer)

    def _tell(self, report: Report) -> None:
        now = utc_now()
        self._note(Told(now, report))
        if report.logon:
            self._note(Told(now, report, is_logon=True))

    def _note(self, told: Told) -> None:
        if self._log is not None:
            self._log.write(told.as_json())
        self.screen.tell(told)

    def _tell_from_any_thread(self, report: Report) -> None:
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._tell, report)

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _fail(self, error: OSError) -> None:
        """End because the output cannot be written; called from another thread."""

        def end() -> None:
            if not self._over.done():
                self._over.set_exception(error)

        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(end)


@contextmanager
def kept(settings: Settings) -> Iterator[Kept]:
    """Give the storage that outlives a session: in memory, or in one file."""
    path = settings.config.store
    if path is None:
        yield lambda _name: MemoryStore(), None
        return
    with ExitStack() as opened:
        try:
            ports = opened.enter_context(closing(SqliteClosedPorts(path)))
            database = opened.enter_context(closing(SqliteDatabase(path)))
        except StoreError as error:
            raise settings.fault("store", f"{error}{looks(path)}") from error
        yield database.store, ports


async def _listen(gateway: Gateway, settings: Settings, source: KeySource) -> None:
    """Listen, and say where: on standard output only the promised first line."""
    config, tls = settings.config, settings.tls()
    host = f"[{config.host}]" if ":" in config.host else config.host
    places = []
    for name, port in (("port", config.port), ("backup-port", config.backup_port)):
        if port is None:
            continue
        try:
            port = await gateway.listen(config.host, port, backup=name == "backup-port", tls=tls)
        except (OSError, ArgumentError) as error:
            raise settings.address_fault(error, name) from error
        places.append(f"{host}:{port}")
    sys.stdout.write(f"listening on {places[0]}\n")
    sys.stdout.flush()
    for place in places[1:]:
        say(f"backup gateway on {place}")
    names = source.ring.sessions
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    sessions = ", ".join(names[:MOST_SHOWN]) + more or "no session yet"
    name = f"{config.kind.name} gateway{'' if tls is None else ' over TLS'} with key pairs"
    say(f"{name} for {sessions}; times are UTC; press Ctrl-C to stop")
    say(HELP)
