"""A client's session and a gateway's, with a line between them that can be cut."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from gatepass.fix import LogonVerifier
from gatepass.fix import effects as fx
from gatepass.fix.admission import Account, Admission, Refused, Rejected
from gatepass.fix.client import ClientSession
from gatepass.fix.engine import Engine
from gatepass.fix.exchange import GatewaySession
from gatepass.fix.message import LOGON, LOGOUT, Message
from gatepass.fix.rules import check_message
from gatepass.fix.scenarios import choose_scenario
from gatepass.fix.settings import ClientSettings
from gatepass.fix.states import State
from gatepass.fix.week import Scenario
from gatepass.keys import AccessKeyId, IssuedPair, KeyRing, SecretKey, SessionId
from gatepass.session.port import Port
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore

#: A Monday morning in Chicago.
START = datetime(2026, 1, 26, 15, 0, tzinfo=UTC)
HEARTBEAT = 10
SETTINGS = ClientSettings("ABC123N", "OPER1", "G", "US", "SYS", "1.0", "VENDOR", HEARTBEAT)
PAIR = IssuedPair(
    session=SessionId("ABC"),
    access_key_id=AccessKeyId("pairpairpairpairpair"),
    secret=SecretKey("a" * 42 + "A"),
    created=date(2026, 1, 20),
    expires=date(2027, 1, 20),
)
TARGET_SUB_ID = "G"


class Side:
    """One side's store, what it sent and what it received, over all connections."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.session: Engine | None = None
        self.line = bytearray()
        self.sent: list[str] = []
        self.given: list[str] = []
        #: Messages reported as unreadable for the other side.
        self.unread: set[str] = set()
        #: Every number used since the numbers last began at 1, and its use.
        self.used: dict[int, tuple[str, str | None]] = {}

    @property
    def is_on(self) -> bool:
        """Whether its session is logged on."""
        session = self.session
        return (
            session is not None
            and session.state is State.LOGGED_ON
            and not (isinstance(session, ClientSession) and session.role is Role.BACKUP)
        )

    def note(self, wire: bytes) -> None:
        """Check that a number is used once; the number of a refused Logon is free again."""
        message = Message.parse(wire)
        number = message.msg_seq_num
        assert number is not None
        if message.is_possible_duplicate:
            assert message.get(122)
            if message.msg_type == "4":
                # Numbers below a Logon after an interrupted reset were never used.
                filled = (self.used.get(n, ("", None)) for n in range(number, message.number(36)))
                lost = [use for use in filled if use[0] == "D" and use[1] not in self.unread]
                assert not lost, "an application message is lost"
            else:
                assert self.used[number] == (message.msg_type, message.get(58))
            return
        if message.msg_type == LOGON and number == 1 and message.get(49) != "CME":
            return  # the numbers restart if the exchange accepts it
        if message.msg_type in (LOGON, LOGOUT) and number == 1:
            # The numbers restart: by a Logon, or because the exchange's Logout has 789=1.
            self.used.clear()
        use = (message.msg_type, message.get(58))
        # A Logon that was not accepted did not use its number.
        is_free = self.used.get(number, (LOGON, None))[0] == LOGON
        assert is_free, f"number {number} is used for a second message"
        self.used[number] = use


def has_arrived(there: Side, here: Side, *, whole: bool = False) -> bool:
    """Whether one side received what the other sent: in order, once, and no loss unreported.

    `whole`: nothing is in flight any more.
    """
    to_come = iter(here.sent)
    for text in there.given:
        passed = next((sent for sent in to_come if sent == text or sent not in here.unread), None)
        if passed != text:
            return False
    return not whole or all(text in here.unread for text in to_come)


class World:
    """Both sides, the exchange's account, and the time."""

    def __init__(self, settings: ClientSettings = SETTINGS) -> None:
        self.now = START
        self.settings = settings
        self.client, self.gateway = Side(), Side()
        self.account = Account(self.gateway.store, Port())
        verifier = LogonVerifier(KeyRing([PAIR.key_pair()]))
        self.admission = Admission(verifier, TARGET_SUB_ID, lambda _name: self.account)
        self.refusals: list[str] = []
        self._counted = False
        self._made = 0

    @property
    def is_up(self) -> bool:
        """Whether there is a connection."""
        return self.client.session is not None

    def connect(self, scenario: Scenario | None = None) -> None:
        """Connect and begin to log on."""
        client = ClientSession(self.settings, self.client.store.load(), self.now)
        gateway = GatewaySession("G", lambda message: check_message(message, TARGET_SUB_ID))
        self.client.session, self.gateway.session = client, gateway
        client.connected(self.now)
        gateway.connected(self.now)
        client.log_on(scenario or choose_scenario(client.numbers, self.now), self.now)
        self._perform_all()

    def reset(self) -> None:
        """Begin an in-session logon."""
        assert isinstance(self.client.session, ClientSession)
        self.client.session.log_on(Scenario.IN_SESSION, self.now)
        self._perform_all()

    def log_out(self) -> None:
        """Begin a clean Logout."""
        assert self.client.session is not None
        self.client.session.log_out(self.now)
        self._perform_all()

    def cut(self) -> None:
        """Cut the connection: messages in flight are lost."""
        for side in (self.client, self.gateway):
            if side.session is not None:
                side.session.disconnected(self.now)
            side.session = None
            side.line.clear()
        self.account.primary_on = self._counted = False

    def fail_over(self) -> None:
        """Let the primary gateway fail: messages in flight are lost, a logged-on backup stays."""
        client, gateway = self._log_on_to_backup()
        self.cut()
        numbers = self.account.fail_over(0)
        self.account.primary_on = True
        # Messages sent now still have the backup's numbers: the gateway ignores them.
        if self._made % 2:
            client.log_out(self.now)
        stale = [effect.wire for effect in client.take() if isinstance(effect, fx.Send)]
        self.client.session, self.gateway.session = client, gateway
        self.client.line += b"".join(stale)
        gateway.promote(numbers, self.now)
        self._perform_all()

    def _log_on_to_backup(self) -> tuple[ClientSession, GatewaySession]:
        """Log on to the backup gateway over a good line; its numbers are not stored."""
        client = ClientSession(self.settings, MemoryStore().load(), self.now, backup=True)
        gateway = GatewaySession("G", lambda message: check_message(message, TARGET_SUB_ID))
        for session in (client, gateway):
            session.connected(self.now)
        client.log_on(Scenario.BEGINNING_OF_WEEK, self.now)
        while effects := [(client, e) for e in client.take()] + [
            (gateway, e) for e in gateway.take()
        ]:
            for session, effect in effects:
                if isinstance(effect, fx.Send):
                    other = gateway if session is client else client
                    other.receive(effect.wire, self.now)
                elif isinstance(effect, fx.SignatureWanted):
                    signature = PAIR.secret.signing_key().sign(effect.canonical)
                    client.signature(PAIR.access_key_id, signature, self.now)
                elif isinstance(effect, fx.VerificationWanted):
                    verdict = self.admission.judge(effect.logon, self.now, backup=True)
                    assert not isinstance(verdict, Refused), verdict.reason
                    gateway.accept(effect.logon, verdict.numbers, verdict.role, self.now)
        assert client.role is Role.BACKUP
        return client, gateway

    def send(self, side: Side) -> None:
        """Send an application message."""
        assert side.session is not None
        self._made += 1
        side.session.send("D", [(58, str(self._made))], self.now)
        side.sent.append(str(self._made))
        self._perform_all()

    def deliver(self, side: Side, count: int) -> None:
        """Give the first bytes of a side's line to the other."""
        other = self.gateway if side is self.client else self.client
        data = bytes(side.line[:count])
        del side.line[:count]
        if other.session is not None:
            other.session.receive(data, self.now)
        self._perform_all()
        # Something may be due at once: a Heartbeat, after an answer that took long.
        self._tick(other)

    def deliver_all_of(self, side: Side) -> None:
        """Deliver all of a side's line to the other, which may answer."""
        self.deliver(side, len(side.line))

    def deliver_all(self) -> None:
        """Deliver until nothing is in flight."""
        while self.client.line or self.gateway.line:
            self.deliver(self.client, len(self.client.line))
            self.deliver(self.gateway, len(self.gateway.line))

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            for side in (self.client, self.gateway):
                self._tick(side)

    def _tick(self, side: Side) -> None:
        """Do what is due, as a driver does at a deadline."""
        session = side.session
        if session is not None and session.deadline and self.now >= session.deadline:
            session.tick(self.now)
        self._perform_all()

    def settle(self) -> None:
        """Repair everything: connect as often as needed, and let heartbeats show what is lost."""
        for _ in range(10 * HEARTBEAT):
            if not self.is_up:
                self.account.port.reopen()
                self.connect()
            self.deliver_all()
            self.wait(1)
        self.deliver_all()

    def _perform_all(self) -> None:
        closed = False
        for side in (self.client, self.gateway):
            while side.session is not None and (effects := side.session.take()):
                for effect in effects:
                    closed = self._perform(side, effect) or closed
        if closed:
            # The last messages arrive, then the connection is lost.
            for side, other in ((self.client, self.gateway), (self.gateway, self.client)):
                if other.session is not None:
                    other.session.receive(bytes(side.line), self.now)
                side.line.clear()
            for side in (self.client, self.gateway):
                while side.session is not None and (effects := side.session.take()):
                    for effect in effects:
                        self._perform(side, effect)
            self.cut()

    def _perform(self, side: Side, effect: fx.Effect) -> bool:
        session = side.session
        assert session is not None
        # Before a Logon is admitted, a gateway does not know whose numbers to use.
        if side is self.client:
            # A backup that does not know of its promotion yet uses its own numbers.
            known = isinstance(session, ClientSession) and session.role is not Role.BACKUP
        else:
            known = self.account.primary_on or self._counted
        if isinstance(effect, fx.Send):
            if known:
                side.note(effect.wire)
            side.line += effect.wire
        elif isinstance(effect, fx.Save) and known:
            side.store.save(effect.numbers, effect.sent, effect.received)
        elif isinstance(effect, fx.ResendWanted):
            kept = side.store.sent(effect.begin, effect.end)
            session.resend(kept, effect.begin, effect.end, self.now)
        elif isinstance(effect, fx.NotResent):
            side.unread.add(side.used[effect.number][1] or "")
        elif isinstance(effect, fx.Received):
            side.given.append(effect.message.get(58) or "")
        elif isinstance(effect, fx.SignatureWanted):
            assert isinstance(session, ClientSession)
            signature = PAIR.secret.signing_key().sign(effect.canonical)
            session.signature(PAIR.access_key_id, signature, self.now)
        elif isinstance(effect, fx.NumbersWanted):
            assert isinstance(session, ClientSession)
            session.promoted(side.store.load(), self.now)
        elif isinstance(effect, fx.VerificationWanted):
            self._judge(session, effect.logon)
        return isinstance(effect, fx.Close)

    def _judge(self, session: Engine, logon: Message) -> None:
        assert isinstance(session, GatewaySession)
        verdict = self.admission.judge(logon, self.now, live=session.client_comp_id)
        if isinstance(verdict, Rejected):
            session.reject(logon, verdict.text, verdict.tag, self.now)
            return
        if isinstance(verdict, Refused):
            self.refusals.append(verdict.reason)
            self._counted = verdict.counted
            session.refuse(logon, verdict.text, verdict.numbers, self.now)
            return
        self.account.primary_on = True
        number = logon.msg_seq_num or 0
        used = {} if number == 1 else self.client.used
        self.client.used = used | {number: ("accepted Logon", None)}
        session.accept(logon, verdict.numbers, verdict.role, self.now)
