"""A Globex gateway for rehearsal: asyncio, any number of sessions, one account each."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import partial

from gatepass.arguments import a_port, refuse
from gatepass.errors import ArgumentError, NotLoggedOnError, StateError
from gatepass.fix import LogonVerifier, SendingTimeWindow
from gatepass.fix.admission import Account, Admission
from gatepass.fix.exchange import Finding
from gatepass.fix.kind import Kind
from gatepass.fix.message import Message
from gatepass.fix.names import is_named
from gatepass.fix.refusals import Refusals
from gatepass.fix.replays import Replays
from gatepass.fix.rules import check_message
from gatepass.fix.states import State
from gatepass.gateway.accounts import Accounts
from gatepass.gateway.connection import GatewayConnection
from gatepass.gateway.faults import FaultPlan
from gatepass.gateway.faults.injection import Injection
from gatepass.gateway.ports import ClosedPorts, Ports
from gatepass.gateway.report import Event, Report
from gatepass.gateway.shortage import Shortage
from gatepass.keys import Keys, as_source
from gatepass.session.port import CLOSED_TEXT
from gatepass.session.store import MemoryStore, Store
from gatepass.signing import ReplayMemory
from gatepass.transport import Clock, utc_now
from gatepass.transport.fresh_keys import FreshKeys
from gatepass.transport.tls import HANDSHAKE_WAIT

#: Seconds in which asyncio hands over a connection that the system has accepted.
_ACCEPTING = 0.02
#: How often a closing gateway looks for new clients.
_ROUNDS = 25

#: What `Gateway.listen` needs as its host.
HOST = "an address of this machine, such as 127.0.0.1"
PRIMARY_GONE = "Logout initiated due to disconnect on primary connection"


class Gateway:
    """The exchange's side of every session, with credentials from any key source.

    Key pairs are checked for each Logon, and read off the event loop: a pair that is added or
    removed takes effect at the next Logon.

    ``application`` gets every application message, with the name of its session. ``faults`` strike
    what is sent and received. ``closed_ports`` keeps closed ports for the next gateway, as
    ``store`` keeps numbers. Without ``port_closure`` invalid Logons never close a port.
    ``replays`` remembers Logons with a correct signature: each is refused when it arrives again,
    on any port. Other gateways of the same sessions may share it. Raises `ArgumentError` for a
    wrong kind of ``kind``.
    """

    def __init__(
        self,
        keys: Keys,
        kind: Kind,
        *,
        report: Callable[[Report], None] = lambda _report: None,
        store: Callable[[str], Store] = lambda _name: MemoryStore(),
        clock: Clock = utc_now,
        window: SendingTimeWindow | None = None,
        application: Callable[[str, Message], None] = lambda _name, _message: None,
        faults: FaultPlan | None = None,
        closed_ports: ClosedPorts | None = None,
        port_closure: bool = True,
        replays: ReplayMemory | None = None,
    ) -> None:
        if not isinstance(kind, Kind):
            raise refuse("kind", kind, 'a Kind, such as Kind.parse("cgw")')
        self.kind = kind
        self.keys = FreshKeys(as_source(keys, diagnosis=True))
        self.injection = None if faults is None else Injection(faults, self.keys, clock)
        self.clock = clock if self.injection is None else self.injection.clock
        self.report = report
        self.refusals = Refusals(self.injection or self.keys)
        self.application = application
        #: Checks every message of its clients after the Logon.
        self.check: Callable[[Message], Finding | None] = partial(
            check_message, target_sub_id=kind.sub_id
        )
        verifier = LogonVerifier(self.injection or self.keys, window=window)
        self.admission = Admission(
            verifier,
            kind.sub_id,
            self.account,
            fault_tolerant=kind.fault_tolerant,
            replays=Replays(verifier, replays),
        )
        self._ports = Ports(
            kind.session_id_length, self._has_pair, closed_ports, closing=port_closure
        )
        self._accounts = Accounts(store, self._ports)
        self._live: dict[tuple[str, bool], GatewayConnection] = {}
        self._servers: list[asyncio.Server] = []
        self._shortage = Shortage(report)
        self.connections: set[GatewayConnection] = set()
        #: Whether it is dropping its connections: then none is reported as lost.
        self.is_closing = False

    async def listen(
        self, host: str, port: int, *, backup: bool = False, tls: ssl.SSLContext | None = None
    ) -> int:
        """Listen as the primary or the backup gateway; return the port number.

        `tls` is a context such as `gatepass.transport.server_context` returns. Raises
        `ArgumentError` for a host that cannot be found or a port that does not exist, `StateError`
        after `close`, and `OSError` for an address that the system does not give.
        """
        if not isinstance(host, str):
            raise refuse("host", host, HOST)
        a_port(port, least=0)
        if self.is_closing:
            raise StateError("listen", "closed", "gateway")
        loop = asyncio.get_running_loop()
        make = partial(GatewayConnection, self, backup=backup)
        # Without a limit, a client that is silent in its handshake would delay `close`.
        wait = None if tls is None else HANDSHAKE_WAIT
        try:
            server = await loop.create_server(
                make, host, port, backlog=1024, ssl=tls, ssl_handshake_timeout=wait
            )
        except (socket.gaierror, ValueError) as error:  # a ValueError: not a host name
            raise ArgumentError(f"host cannot be found: give {HOST}", "host") from error
        self._servers.append(server)
        self._shortage.watch(server)
        number: int = server.sockets[0].getsockname()[1]
        return number

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        self.is_closing = True
        # Connections first, also those just being accepted: CPython 3.13.0 fails if one ends after
        # its server.
        for _ in range(_ROUNDS):
            await asyncio.sleep(_ACCEPTING)
            if not self.connections:
                break
            for connection in list(self.connections):
                connection.abort()
        self._shortage.end()
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()
        await self.keys.close()

    def find(self, written: str) -> str | None:
        """Return the name of the logged-on session that an operator means by `written`.

        A name is a SenderCompID (49) without its last character; a log shows it with that.
        """
        if (written, False) in self._live:
            return written
        primaries = (name for name, backup in self._live if not backup)
        return next((name for name in primaries if is_named(written, name)), None)

    def account(self, name: str) -> Account:
        """Return the account of a SenderCompID without its Fault Tolerance Indicator."""
        return self._accounts.of(name)

    def session_id(self, name: str) -> str:
        """Return the Session ID in a SenderCompID: it owns the port and the key pairs."""
        return self._ports.session_id(name)

    def is_closed(self, name: str) -> bool:
        """Tell whether the ports of a Session ID, or of a SenderCompID, are closed."""
        port = self._ports.find(name)
        return port is not None and port.closed

    def reopen(self, name: str) -> None:
        """Reopen the closed ports of a Session ID, or of a SenderCompID.

        Raises `StoreError` if that cannot be stored: then they stay closed.
        """
        port = self._ports.find(name)
        if port is not None:
            port.reopen()

    def send(self, name: str, msg_type: str, fields: list[tuple[int, str]]) -> int:
        """Send an application message to a session that is logged on; return its number.

        Raises `NotLoggedOnError` if it is not logged on, or while its In-Session Logon is judged;
        `BacklogError` if its client reads too slowly: then nothing was stored or sent, see
        `drained`; `StoreError` if the message could not be stored: then it was not sent, and the
        session has ended.
        """
        connection = self._live.get((name, False))
        if connection is None:
            raise NotLoggedOnError(State.DISCONNECTED.value)
        connection.refuse_backlog()
        steady = connection.steady()
        number = connection.session.send(msg_type, fields, self.clock(), steady)
        connection.perform()
        if connection.failure is not None:
            raise connection.failure
        return number

    async def drained(self, name: str) -> None:
        """Wait until a session's client has read almost all that was sent, or has disconnected."""
        connection = self._live.get((name, False))
        if connection is not None:
            await connection.drained()

    def joined(self, name: str, connection: GatewayConnection) -> None:
        """Note that a connection is logged on."""
        self._live[name, connection.backup] = connection
        _note(self._accounts.admit(name), connection.backup, on=True)

    def left(self, name: str, connection: GatewayConnection) -> None:
        """Note that a connection has ended; a backup cannot stay without its primary."""
        if self._live.get((name, connection.backup)) is not connection:
            return
        del self._live[name, connection.backup]
        _note(self.account(name), connection.backup, on=False)
        other = self._live.get((name, True))
        if not connection.backup and other is not None:
            other.force_out(PRIMARY_GONE)

    def fail_over(self, name: str) -> None:
        """Fail the primary gateway of a session: its backup, if logged on, is promoted.

        The backup takes over numbers and store. Do not call this from a callback of this gateway:
        it would interrupt a connection half-way. Raises `StateError` if the session is not logged
        on, `StoreError` if its numbers cannot be read or stored: then nothing has changed.
        """
        primary = self._live.get((name, False))
        if primary is None:
            raise StateError("fail over", State.DISCONNECTED.value)
        backup = self._live.get((name, True))
        account = self.account(name)
        numbers = account.fail_over(self.kind.failover_jump)
        del self._live[name, False]
        primary.retire()
        if backup is not None:
            del self._live[name, True]
        promoted = backup is not None and backup.session.state is State.LOGGED_ON
        if backup is not None and backup.session.state not in (State.LOGGED_ON, State.CLOSED):
            backup.retire()  # nothing would track it any more
        words = "the backup is promoted"
        if not promoted:
            words = "its connection is dropped; no backup connection is on to take over"
        if not self.kind.fault_tolerant:
            words = "its connection is dropped; it may log on to the backup gateway now"
        self.report(Report(Event.FAILED_OVER, primary.session.client_comp_id, words))
        if backup is not None and promoted:
            backup.backup = False
            self.joined(name, backup)
            backup.promote(account.store, numbers)

    def log_out_all(self, name: str) -> None:
        """Log out all sessions with a Session ID whose ports are closed, backups first."""
        session = self.session_id(name)
        for (other, _), connection in sorted(self._live.items(), key=lambda live: not live[0][1]):
            if self.session_id(other) == session:
                connection.force_out(CLOSED_TEXT)

    def _has_pair(self, name: str) -> bool:
        return bool(self.keys.ring.serving(name))


def _note(account: Account, backup: bool, *, on: bool) -> None:
    if backup:
        account.backup_on = on
    else:
        account.primary_on = on
