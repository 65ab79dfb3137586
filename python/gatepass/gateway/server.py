"""A Globex gateway to rehearse against: asyncio, any number of sessions, one account each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from gatepass.gateway.accounts import Accounts
from gatepass.gateway.admission import Account, Admission, Refused
from gatepass.gateway.faults import FaultPlan
from gatepass.gateway.injection import FaultyWire, Injection
from gatepass.gateway.kind import Kind
from gatepass.gateway.port import CLOSED_TEXT
from gatepass.gateway.rules import check_message, header_rules
from gatepass.keys import KeyRing, KeySource
from gatepass.session import effects as fx
from gatepass.session.gateway import GatewaySession
from gatepass.session.message import Message
from gatepass.session.states import State
from gatepass.session.store import MemoryStore, Store
from gatepass.signing import LogonVerifier, SendingTimeWindow
from gatepass.transport import Clock, Connection, utc_now

#: Seconds in which a connection that the system has accepted becomes one of ours.
_ACCEPTING = 0.02
#: How often a closing gateway looks for clients that keep coming.
_ROUNDS = 25

PRIMARY_GONE = "Logout initiated due to disconnect on primary connection"


@dataclass(frozen=True, slots=True)
class Report:
    """One thing a gateway decided: for its log and its operator, never for the client."""

    what: str
    sender_comp_id: str
    detail: str


class Gateway:
    """The exchange's side of every session, with credentials from any key source.

    Key pairs are read at each Logon: a pair that is added or removed takes effect at the next.
    ``application`` gets every application message, with its session's name; ``faults`` spoil what
    is sent and received.
    """

    def __init__(
        self,
        keys: KeySource | KeyRing,
        kind: Kind,
        *,
        report: Callable[[Report], None] = lambda _report: None,
        store: Callable[[str], Store] = lambda _name: MemoryStore(),
        clock: Clock = utc_now,
        window: SendingTimeWindow | None = None,
        application: Callable[[str, Message], None] = lambda _name, _message: None,
        faults: FaultPlan | None = None,
    ) -> None:
        self.kind = kind
        self.injection = None if faults is None else Injection(faults, keys, clock)
        self.clock = clock if self.injection is None else self.injection.clock
        self.report = report
        self.application = application
        self.rules = header_rules(kind.sub_id)
        self.admission = Admission(
            LogonVerifier(self.injection or keys, window=window), self.rules, self.account
        )
        self._accounts = Accounts(store)
        self._live: dict[tuple[str, bool], GatewayConnection] = {}
        self._servers: list[asyncio.Server] = []
        self.connections: set[GatewayConnection] = set()

    async def listen(self, host: str, port: int, *, backup: bool = False) -> int:
        """Listen as the primary or the backup gateway; gives the port's number."""
        loop = asyncio.get_running_loop()
        make = partial(GatewayConnection, self, backup=backup)
        server = await loop.create_server(make, host, port, backlog=1024)
        self._servers.append(server)
        number: int = server.sockets[0].getsockname()[1]
        return number

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        # Connections first, those that are just being accepted too: CPython 3.13.0 stumbles over
        # one that ends after its server.
        for _ in range(_ROUNDS):
            await asyncio.sleep(_ACCEPTING)
            if not self.connections:
                break
            for connection in list(self.connections):
                connection.abort()
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()

    def account(self, name: str) -> Account:
        """Give the account of a SenderCompID without its Fault Tolerance Indicator."""
        return self._accounts.of(name)

    def is_closed(self, name: str) -> bool:
        """Tell whether the ports of a session are closed."""
        account = self._accounts.find(name)
        return account is not None and account.port.closed

    def reopen(self, name: str) -> None:
        """Open the closed ports of a session again."""
        self.account(name).port.reopen()

    def send(self, name: str, msg_type: str, fields: list[tuple[int, str]]) -> int:
        """Send an application message to a session that is logged on; gives its number.

        Raises `KeyError` if it is not.
        """
        connection = self._live[name, False]
        number = connection.session.send(msg_type, fields, self.clock())
        connection.perform()
        return number

    def joined(self, name: str, connection: GatewayConnection) -> None:
        """Note that a connection is logged on."""
        self._accounts.admit(name)
        self._live[name, connection.backup] = connection
        self._note(name, connection.backup, on=True)

    def left(self, name: str, connection: GatewayConnection) -> None:
        """Note that a connection is gone; without its primary a backup cannot stay."""
        if self._live.get((name, connection.backup)) is not connection:
            return
        del self._live[name, connection.backup]
        self._note(name, connection.backup, on=False)
        other = self._live.get((name, True))
        if not connection.backup and other is not None:
            other.force_out(PRIMARY_GONE)

    def fail_over(self, name: str) -> None:
        """Let the primary gateway of a session fail: its backup, if it is on, is promoted."""
        primary = self._live.pop((name, False), None)
        backup = self._live.pop((name, True), None)
        if primary is not None:
            self._note(name, False, on=False)
            primary.abort()
        if backup is not None:
            self._note(name, True, on=False)
            backup.backup = False
            backup.session.promote()
            self.joined(name, backup)

    def log_out_all(self, name: str) -> None:
        """Log a session out of its primary and its backup: their ports are closed."""
        for backup in (True, False):
            connection = self._live.get((name, backup))
            if connection is not None:
                connection.force_out(CLOSED_TEXT)

    def _note(self, name: str, backup: bool, *, on: bool) -> None:
        account = self.account(name)
        if backup:
            account.backup_on = on
        else:
            account.primary_on = on


class GatewayConnection(Connection):
    """One client of a gateway."""

    session: GatewaySession

    def __init__(self, gateway: Gateway, *, backup: bool) -> None:
        session = GatewaySession(
            gateway.kind.sub_id, lambda message: check_message(message, gateway.rules)
        )
        super().__init__(session, MemoryStore(), gateway.clock)
        self.gateway = gateway
        self.backup = backup
        self._name = ""
        self._spoiler: FaultyWire | None = None
        if gateway.injection is not None:
            self._spoiler = FaultyWire(
                gateway.injection, self, super()._write, super().data_received
            )

    def handle(self, effect: fx.Effect) -> None:
        """Judge Logons and report the rest."""
        if isinstance(effect, fx.VerificationWanted):
            self._judge(effect)
        elif isinstance(effect, fx.LoggedOut):
            self._say("logout", effect.text or "asked by the client")
        elif isinstance(effect, fx.Gap):
            self._say("gap", f"messages {effect.begin} to {effect.end} asked for")
        elif isinstance(effect, fx.Garbled):
            self._say("garbled", effect.reason)
        elif isinstance(effect, fx.Received):
            self._deliver(effect.message)
        elif isinstance(effect, fx.Close):
            self._say("close", effect.reason)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection; until its Logon nobody else knows of it."""
        self.gateway.connections.add(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the session, or to what spoils them first."""
        if self._spoiler is None:
            super().data_received(data)
        else:
            self._spoiler.receive(data)

    def hang_up(self) -> None:
        """End the connection without a word."""
        if self._transport is not None:
            self._transport.close()

    def fail_over(self, session: str) -> None:
        """Let the primary gateway of a session fail."""
        self.gateway.fail_over(session)

    def tell(self, session: str, detail: str) -> None:
        """Report a fault."""
        self.gateway.report(Report("fault", session, detail))

    def force_out(self, text: str) -> None:
        """Log the client out."""
        self.session.force_out(text, self.clock())
        self.perform()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the gateway's list."""
        super().connection_lost(exc)
        self.gateway.connections.discard(self)
        if self._name:
            self.gateway.left(self._name, self)

    def _judge(self, effect: fx.VerificationWanted) -> None:
        logon, now = effect.logon, self.clock()
        in_session = bool(self._name)
        verdict = self.gateway.admission.judge(
            logon, now, backup=self.backup, in_session=in_session
        )
        sender = logon.get(49) or ""
        if isinstance(verdict, Refused):
            self.gateway.report(Report("refused", sender, verdict.reason))
            self.session.refuse(logon, verdict.text, verdict.next_expected, now)
            if verdict.text == CLOSED_TEXT:
                self.gateway.log_out_all(sender[:-1])
            return
        self._name = sender[:-1]
        self.store = self.gateway.account(self._name).store
        self.session.accept(logon, verdict.numbers, verdict.indicator, now)
        if self.session.state is State.LOGGED_ON and not in_session:
            self.gateway.joined(self._name, self)
        self._say(
            "logged on",
            f"34={logon.get(34)} as {verdict.indicator}, key pair {logon.get(355)}",
        )
        if not in_session:
            self._deliver_again()

    def _deliver_again(self) -> None:
        """Deliver what a gateway that was killed had received: it may have dealt with the first."""
        doubtful = True
        while waiting := self.store.undelivered():
            for kept in waiting:
                self._deliver(replace(Message.parse(kept.wire), possibly_delivered=doubtful))
                doubtful = False

    def _deliver(self, message: Message) -> None:
        again = ", possibly delivered before" if message.possibly_delivered else ""
        self._say("message", f"type {message.msg_type}{again}")
        self.gateway.application(self._name, message)
        self.store.delivered(message.msg_seq_num or 0)

    def _write(self, wire: bytes) -> None:
        if self._spoiler is None:
            super()._write(wire)
        else:
            self._spoiler.send(wire)

    def _say(self, what: str, detail: str) -> None:
        self.gateway.report(Report(what, self.session.client_comp_id, detail))
