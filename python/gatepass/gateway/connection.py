"""One client of a gateway: drives its session over asyncio, judges Logons and reports events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from gatepass.counting import numbered
from gatepass.errors import FramingError, GatepassError, StateError, StoreError
from gatepass.fix import effects as fx
from gatepass.fix.admission import Account, Admission, Admitted, Refused, Rejected
from gatepass.fix.answer import Answer
from gatepass.fix.arguments import refuse_separator
from gatepass.fix.exchange import Finding, GatewaySession
from gatepass.fix.kind import Kind
from gatepass.fix.message import LOGON, Message
from gatepass.fix.names import name_in
from gatepass.fix.refusals import Refusals
from gatepass.fix.states import State
from gatepass.gateway.faults.injection import Injection
from gatepass.gateway.faults.lane import FaultyWire
from gatepass.gateway.report import Event, Report
from gatepass.keys.likely_secret import hidden
from gatepass.session.numbers import Numbers
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore, Store
from gatepass.transport import Clock, Connection
from gatepass.transport.fresh_keys import FreshKeys

#: The first bytes of a TLS client: a handshake record of any version.
_TLS_HANDSHAKE = b"\x16\x03"
#: Seconds that a Logon waits for its key pairs to be read.
KEYS_WAIT = 10.0


class Host(Protocol):
    """What a connection needs from its gateway; `gatepass.gateway.Gateway` is one."""

    kind: Kind
    keys: FreshKeys
    clock: Clock
    injection: Injection | None
    admission: Admission
    refusals: Refusals
    report: Callable[[Report], None]
    application: Callable[[str, Message], None]
    check: Callable[[Message], Finding | None]
    connections: set[GatewayConnection]
    is_closing: bool

    def account(self, name: str) -> Account:
        """Return the account of a session."""

    def joined(self, name: str, connection: GatewayConnection) -> None:
        """Note that a connection is logged on."""

    def left(self, name: str, connection: GatewayConnection) -> None:
        """Note that a connection has ended."""

    def fail_over(self, name: str) -> None:
        """Make the primary gateway of a session fail."""

    def log_out_all(self, name: str) -> None:
        """Log out all sessions with a Session ID."""


class GatewayConnection(Connection):
    """One client of a gateway."""

    session: GatewaySession

    def __init__(self, gateway: Host, *, backup: bool) -> None:
        session = GatewaySession(
            gateway.kind.sub_id,
            gateway.check,
            resend_window=gateway.kind.resend_window,
        )
        super().__init__(session, MemoryStore(), gateway.clock)
        self.gateway = gateway
        self.backup = backup
        self._name = ""
        self._asking = ""
        self._answer: Answer | None = None
        self._judging: asyncio.Task[None] | None = None
        #: The Logon that waits while key pairs are read.
        self._unjudged: list[bytes] = []
        self._spoiler: FaultyWire | None = None
        if gateway.injection is not None:
            self._spoiler = FaultyWire(
                gateway.injection, self, super()._write, super().data_received
            )

    def handle(self, effect: fx.Effect) -> None:
        """Judge Logons; deliver or report everything else."""
        act = _ACTS.get(type(effect))
        if act is not None:
            act(self, effect)

    def store_failed(self, error: StoreError) -> None:
        """Report it: the client only sees that the connection has ended."""
        name = self.session.client_comp_id or self._asking
        self.gateway.report(Report(Event.STORE, name, str(error)))

    def broke_off(self, error: BaseException) -> None:
        """Report it: usually the application raised it, and the client does not see it."""
        self.say(Event.CLOSE, f"what handled a message failed with {type(error).__name__}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept the connection; before its Logon it belongs to no session."""
        self.gateway.connections.add(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass bytes to the session, through planned faults if there are any."""
        if not self._name:
            self._name_stranger(data)
        if self._spoiler is None:
            super().data_received(data)
        else:
            self._spoiler.receive(data)

    def _name_stranger(self, data: bytes) -> None:
        """Report TLS, and a separator between the fields that is not SOH."""
        if data.startswith(_TLS_HANDSHAKE):
            self.say(Event.GARBLED, "the client speaks TLS, and this gateway listens without it")
            return
        try:
            refuse_separator(data)
        except FramingError as error:
            self.say(Event.GARBLED, str(error))

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read: its messages would need answers."""
        super().pause_writing()
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Resume reading from the client."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        super().resume_writing()

    def hang_up(self) -> None:
        """End the connection without a message."""
        self.close()

    def fail_over(self, session: str) -> None:
        """Fail the primary gateway of a session, after this message is handled."""
        asyncio.get_running_loop().call_soon(self._fail_over, session)

    def log_out(self, text: str) -> None:
        """Log the client out, after this message is handled."""
        asyncio.get_running_loop().call_soon(self.force_out, text)

    def tell(self, session: str, detail: str) -> None:
        """Report a fault."""
        self.gateway.report(Report.of_client(Event.FAULT, session, detail))

    def force_out(self, text: str) -> None:
        """Log the client out."""
        self.session.force_out(text, self.clock(), self.steady())
        self.perform()

    def promote(self, store: Store, numbers: Numbers) -> None:
        """Become the primary, with the session's numbers and store."""
        self.store = store
        self.session.promote(numbers, self.clock(), self.steady())
        self.perform()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the gateway's lists, and report the loss of a session."""
        self._note_loss(exc)
        self._remember(*self._unjudged, *self.session.unread)
        super().connection_lost(exc)
        self.gateway.connections.discard(self)
        if self._judging is not None:
            self._judging.cancel()
        if self._name:
            self.gateway.left(self._name, self)

    def _note_loss(self, exc: Exception | None) -> None:
        """Report a connection that ended without a Logout, unless the client sent nothing."""
        if self.session.state is State.CLOSED or self.gateway.is_closing:
            return
        why = "" if exc is None else f": {getattr(exc, 'strerror', None) or exc}"
        left = self.session.unfinished if self._spoiler is None else self._spoiler.unfinished
        more = f"{why}; {left}" if left else why
        if self._name and self._outlet is not None and self._outlet.has_cut:
            self.say(Event.LOST, "connection cut: the client did not read what was sent")
        elif self._name:
            self.say(Event.LOST, f"connection lost without a Logout{more}")
        elif self.session.state is State.VERIFYING:
            words = f"connection lost while its Logon was judged{more}"
            self.gateway.report(Report.of_client(Event.LOST, self._asking, words))
        elif left:
            self.say(Event.LOST, f"connection lost without a Logon{more}")

    def _remember(self, *wires: bytes) -> None:
        """Remember Logons that were not judged, so that they cannot be replayed."""
        for wire in wires:
            self.gateway.admission.note(wire, self.clock())

    def judge(self, effect: fx.VerificationWanted[Message]) -> None:
        """Judge a Logon, now or after key pairs are read."""
        logon, arrived = effect.logon, self.clock()
        if self.session.state is not State.VERIFYING:
            # The application logged it out while it handled an earlier message.
            self._remember(logon.wire)
            return
        self._asking = logon.sender_comp_id
        if self.gateway.keys.is_current():
            self._decide(logon, arrived, arrived)
            return
        self._unjudged.append(logon.wire)
        self._judging = asyncio.get_running_loop().create_task(self._decide_later(logon, arrived))
        self._judging.add_done_callback(self._judged)

    async def _decide_later(self, logon: Message, arrived: datetime) -> None:
        """Read key pairs, then judge; the session handles no other message until then."""
        try:
            async with asyncio.timeout(KEYS_WAIT):
                await self.gateway.keys.refresh()
        except TimeoutError:
            self._leave_unjudged(f"the key pairs could not be read within {KEYS_WAIT:g} s")
            return
        except GatepassError as error:
            self._leave_unjudged(str(error))
            return
        if self.session.state is not State.VERIFYING:
            return
        self._unjudged.clear()
        try:
            self._decide(logon, arrived, self.clock())
        except StoreError as error:
            self._fail(error)
        self.perform()

    def _leave_unjudged(self, why: str) -> None:
        """Drop the connection: without key pairs no Logon is admitted, and no client may wait."""
        self.gateway.report(Report(Event.KEYS, self._asking, why))
        self.retire()

    def _judged(self, judging: asyncio.Task[None]) -> None:
        """End a connection whose judging failed, as asyncio does when reading from it fails."""
        error = None if judging.cancelled() else judging.exception()
        if error is not None:
            wrong = {"message": "a Logon could not be judged", "exception": error}
            judging.get_loop().call_exception_handler(wrong)
            self.retire()
            self.broke_off(error)

    def _decide(self, logon: Message, arrived: datetime, now: datetime) -> None:
        in_session = bool(self._name)
        sender, name = self._asking, name_in(self._asking)
        steady = self.steady()
        verdict = self.gateway.admission.judge(
            logon,
            now,
            arrived=arrived,
            backup=self.backup,
            live=self.session.client_comp_id,
            steady=steady,
        )
        if not isinstance(verdict, Admitted):
            was_judged = isinstance(verdict, Rejected) or verdict.was_judged
            refusal = self.gateway.refusals.explain(logon, verdict.reason, was_judged=was_judged)
            self.gateway.report(Report(Event.REFUSED, sender, refusal.detail, refusal.logon))
        if isinstance(verdict, Rejected):
            self.session.reject(logon, verdict.text, verdict.tag, now, steady)
            return
        if isinstance(verdict, Refused):
            if verdict.counted:
                self.store = self.gateway.account(name).store
            self.session.refuse(logon, verdict.text, verdict.numbers, now, steady)
            if verdict.port_closed:
                self.gateway.log_out_all(self._name or name)
            return
        self._name = name
        self.backup = verdict.role is Role.BACKUP
        if not self.backup:
            # A backup has its own numbers, which are not stored.
            self.store = self.gateway.account(self._name).store
        if not in_session:
            # Before the session handles the bytes behind the Logon: whatever they are, no second
            # connection of this session may be admitted.
            self.gateway.joined(self._name, self)
        self.session.accept(logon, verdict.numbers, verdict.role, now, steady)
        report = Report(Event.LOGGED_ON, self.session.client_comp_id, verdict.detail)
        self.gateway.report(report)
        if not in_session:
            self._deliver_again()

    def _fail_over(self, session: str) -> None:
        try:
            self.gateway.fail_over(session)
        except StoreError as error:
            self.gateway.report(Report(Event.STORE, session, str(error)))
        except StateError as error:
            self.tell(session, str(error))

    def _deliver_again(self) -> None:
        """Deliver what a killed gateway had received; it may have delivered the first of these."""
        doubtful = True
        while waiting := self.store.undelivered():
            for kept in waiting:
                message = Message(kept.wire, possibly_delivered=doubtful)
                self._deliver(message, kept.epoch)
                doubtful = False

    def received(self, effect: fx.Received[Message]) -> None:
        """Deliver a message."""
        self._deliver(effect.message, effect.epoch)

    def closing(self, effect: fx.Close) -> None:
        """Report why the connection ends."""
        left = "" if self._spoiler is None else self._spoiler.unfinished
        self.say(Event.CLOSE, f"{effect.reason}; {left}" if left else effect.reason)

    def _deliver(self, message: Message, epoch: str) -> None:
        again = ", possibly delivered before" if message.possibly_delivered else ""
        self.say(Event.MESSAGE, f"type {hidden(message.msg_type, 35)}{again}")
        self.gateway.application(self._name, message)
        self.store.delivered(message.msg_seq_num or 0, epoch)

    def rejected(self, effect: fx.RejectSent) -> None:
        """Report a Reject."""
        message = effect.message
        if message.msg_type == LOGON:
            return  # Already reported as refused, with the reason.
        which = f"35={hidden(message.msg_type, 35)} 34={message.get(34)}"
        self.say(Event.REJECTED, f"{which}: tag {effect.tag}: {effect.text}")

    def resend_wanted(self, effect: fx.ResendWanted) -> None:
        """Send stored messages again, and report it at the end."""
        self._answer = Answer(effect.begin, effect.end)
        super().resend_wanted(effect)

    def _write(self, wire: bytes) -> None:
        if self._answer is not None and self._answer.count(wire):
            self.say(Event.RESENT, str(self._answer))
            self._answer = None
        if self._spoiler is None:
            super()._write(wire)
        else:
            self._spoiler.send(wire)

    def say(self, what: Event, detail: str) -> None:
        """Report an event of this client."""
        self.gateway.report(Report.of_client(what, self.session.client_comp_id, detail))


def _saying(what: Event, words: Callable[[Any], str]) -> Callable[[GatewayConnection, Any], None]:
    """Return a handler that reports an effect with this text."""
    return lambda connection, effect: connection.say(what, words(effect))


def _skipped(effect: fx.Skipped) -> str:
    passed = numbered(effect.begin, effect.end, "message")
    return f"the client's Sequence Reset skipped {passed}, which never came"


#: The handler of each effect; others need none.
_ACTS: Mapping[type[fx.Effect], Callable[[GatewayConnection, Any], None]] = {
    fx.VerificationWanted: GatewayConnection.judge,
    fx.Received: GatewayConnection.received,
    fx.RejectSent: GatewayConnection.rejected,
    fx.Close: GatewayConnection.closing,
    fx.LoggedOut: _saying(Event.LOGOUT, lambda effect: effect.text or "asked by the client"),
    fx.Gap: _saying(Event.GAP, lambda gap: f"{numbered(gap.begin, gap.end, 'message')} asked for"),
    fx.Garbled: _saying(Event.GARBLED, lambda effect: effect.reason),
    fx.NotResent: _saying(
        Event.NOT_RESENT, lambda effect: f"message {effect.number}: {effect.cause.value}"
    ),
    fx.Skipped: _saying(Event.RESET, _skipped),
}
