"""The exchange without sockets: GatewaySession and Admission, with time as a parameter."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from gatepass._native import Framer
from gatepass.fix import LogonVerifier
from gatepass.fix.admission import Account, Admission, Refused, Rejected
from gatepass.fix.exchange import GatewaySession
from gatepass.fix.kind import Kind
from gatepass.fix.rules import check_message
from gatepass.fix.states import State
from gatepass.gateway.ports import Ports
from gatepass.gateway.server import PRIMARY_GONE
from gatepass.session import effects as fx
from gatepass.session.numbers import Numbers
from gatepass.session.port import CLOSED_TEXT
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore, Store
from tests.scenarios.cast import START, Keys

_SECOND = timedelta(seconds=1)


class InMemory:
    """Every connection's session side by side."""

    def __init__(self, kind: str, keys: Keys) -> None:
        self.now = START
        self.reasons: list[str] = []
        self.kind = Kind.parse(kind)
        self.target_sub_id = self.kind.sub_id
        self.admission = Admission(
            LogonVerifier(keys),
            self.target_sub_id,
            self.account,
            fault_tolerant=self.kind.fault_tolerant,
        )
        self.accounts: dict[str, Account] = {}
        self.ports = Ports(self.kind.session_id_length, lambda _name: True, None)
        self.sides: dict[str, Side] = {}

    def account(self, name: str) -> Account:
        """Return the account of a SenderCompID without its indicator."""
        if name not in self.accounts:
            self.accounts[name] = Account(MemoryStore(), self.ports.of(name))
        return self.accounts[name]

    async def connect(self, who: str, *, backup: bool) -> None:
        """Open a connection."""
        self.sides[who] = Side(self, backup=backup)

    async def write(self, who: str, wire: bytes) -> None:
        """Send bytes."""
        self.sides[who].session.receive(wire, self.now)
        self.sides[who].perform()

    async def read(self, who: str) -> bytes | None:
        """Return the next message."""
        side = self.sides[who]
        if side.out:
            return side.out.popleft()
        if side.closed:
            return None
        raise AssertionError("nothing came")

    async def is_quiet(self, who: str) -> bool:
        """Return whether nothing has arrived."""
        return not self.sides[who].out and not self.sides[who].closed

    async def unread(self) -> dict[str, list[bytes]]:
        """Return the messages that were not read."""
        return {who: list(side.out) for who, side in self.sides.items()}

    async def drop(self, who: str) -> None:
        """Cut the connection."""
        side = self.sides.pop(who)
        side.session.disconnected(self.now)
        side.perform()
        side.leave()

    async def wait(self, span: timedelta) -> None:
        """Let time pass."""
        end = self.now + span
        while self.now < end:
            self.now += _SECOND
            for side in list(self.sides.values()):
                deadline = side.session.deadline
                if deadline is not None and self.now >= deadline:
                    side.session.tick(self.now)
                    side.perform()

    async def emit(self, msg_type: str, fields: list[tuple[int, str]]) -> None:
        """Send an application message to the primary of session ABC123."""
        for side in self.sides.values():
            if side.name == "ABC123" and not side.backup:
                side.session.send(msg_type, fields, self.now)
                side.perform()

    async def fail_over(self) -> None:
        """Let the primary gateway of session ABC123 fail."""
        mine = [side for side in self.sides.values() if side.name == "ABC123"]
        account = self.account("ABC123")
        numbers = account.fail_over(self.kind.failover_jump)
        for side in mine:
            if not side.backup:
                side.session.disconnected(self.now)
                side.closed, side.name = True, ""
        for side in mine:
            if side.backup:
                side.promote(account, numbers)

    async def reopen(self) -> None:
        """Open the ports again."""
        self.ports.of("ABC").reopen()

    def log_out_all(self, name: str) -> None:
        """Log out every session with a Session ID."""
        session = self.ports.session_id(name)
        for side in sorted(self.sides.values(), key=lambda side: not side.backup):
            mine = side.name and self.ports.session_id(side.name) == session
            if mine and side.session.state is State.LOGGED_ON:
                side.session.force_out(CLOSED_TEXT, self.now)
                side.perform()

    async def close(self) -> None:
        """Do nothing: nothing is open."""


class Side:
    """The gateway's side of one connection."""

    def __init__(self, exchange: InMemory, *, backup: bool) -> None:
        self.exchange = exchange
        self.backup = backup
        self.name = ""
        self.out: deque[bytes] = deque()
        self.closed = False
        self._store: Store = MemoryStore()
        self._framer = Framer()
        self.session = GatewaySession(
            exchange.kind.sub_id,
            lambda message: check_message(message, exchange.target_sub_id),
            resend_window=exchange.kind.resend_window,
        )
        self.session.connected(exchange.now)

    def perform(self) -> None:
        """Do what the session asks for."""
        while effects := self.session.take():
            for effect in effects:
                self._perform(effect)

    def promote(self, account: Account, numbers: Numbers) -> None:
        """Become the primary."""
        self.backup = False
        self._store = account.store
        account.primary_on = True
        self.session.promote(numbers, self.exchange.now)
        self.perform()

    def leave(self) -> None:
        """Disconnect; a primary ends its backup too."""
        if not self.name:
            return
        account = self.exchange.account(self.name)
        if self.backup:
            account.backup_on = False
            return
        account.primary_on = False
        for other in self.exchange.sides.values():
            if other is not self and other.name == self.name and other.backup:
                other.session.force_out(PRIMARY_GONE, self.exchange.now)
                other.perform()

    def _perform(self, effect: fx.Effect) -> None:
        now = self.exchange.now
        if isinstance(effect, fx.Send):
            messages = self._framer.feed(effect.wire)
            self.out.extend(wire for wire in messages if isinstance(wire, bytes))
        elif isinstance(effect, fx.Save):
            self._store.save(effect.numbers, effect.sent, effect.received)
        elif isinstance(effect, fx.ResendWanted):
            kept = self._store.sent(effect.begin, effect.end)
            self.session.resend(kept, effect.begin, effect.end, now)
        elif isinstance(effect, fx.VerificationWanted):
            self._judge(effect)
        elif isinstance(effect, fx.Close):
            self.closed = True
            self.leave()

    def _judge(self, effect: fx.VerificationWanted) -> None:
        logon, now = effect.logon, self.exchange.now
        verdict = self.exchange.admission.judge(
            logon, now, backup=self.backup, live=self.session.client_comp_id
        )
        if isinstance(verdict, Rejected):
            self.exchange.reasons.append(verdict.reason)
            self.session.reject(logon, verdict.text, verdict.tag, now)
            return
        if isinstance(verdict, Refused):
            self.exchange.reasons.append(verdict.reason)
            if verdict.counted:
                self._store = self.exchange.account((logon.get(49) or "")[:-1]).store
            self.session.refuse(logon, verdict.text, verdict.numbers, now)
            if verdict.port_closed:
                self.exchange.log_out_all(self.name or (logon.get(49) or "")[:-1])
            return
        self.name = (logon.get(49) or "")[:-1]
        self.backup = verdict.role is Role.BACKUP
        account = self.exchange.account(self.name)
        if not self.backup:
            self._store = account.store
        self.session.accept(logon, verdict.numbers, verdict.role, now)
        if self.session.state is State.LOGGED_ON:
            if self.backup:
                account.backup_on = True
            else:
                account.primary_on = True
