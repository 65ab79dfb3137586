"""One logged-on session: an asyncio connection that signs, delivers and reports."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from gatepass._native import Framer
from gatepass.arguments import a_wait
from gatepass.causes import Cause, Fault
from gatepass.client.guard import LogonGuard
from gatepass.client.inbox import Inbox
from gatepass.client.loopback import is_loopback
from gatepass.counting import numbered
from gatepass.errors import (
    GatepassError,
    KeySourceError,
    LogonRefusedError,
    LogonReplyError,
    NoConnectionError,
    PeerError,
    SessionEndedError,
    StoreError,
)
from gatepass.fix import effects as fx
from gatepass.fix.client import ClientSession
from gatepass.fix.logon_writer import LogonWriter
from gatepass.fix.message import Message
from gatepass.fix.scenarios import require_scenario
from gatepass.fix.settings import ClientSettings
from gatepass.fix.stamps import moment_of_its_own
from gatepass.fix.states import State
from gatepass.fix.week import Scenario, week_of
from gatepass.keys import AccessKeyId, KeySource
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore, Store
from gatepass.signing import LocalSigner
from gatepass.transport import Clock, Connection, utc_now
from gatepass.transport.fresh_keys import FreshKeys

logger = logging.getLogger("gatepass.client")

#: Most message numbers in one line of the log.
MOST_NAMED = 10

#: Called with each whole message before it is processed: whether it was sent, and its bytes.
Trace = Callable[[bool, bytes], None]

#: The error for the end of a session, by whose fault it was.
_KINDS: dict[Fault, type[SessionEndedError]] = {
    Fault.OURS: SessionEndedError,
    Fault.THEIRS: LogonReplyError,
    Fault.NEITHER: NoConnectionError,
}


class Link(Connection):
    """A client's connection: gives signatures to its session and messages to its user.

    ``trace`` sees every message as it is on the wire, including the signature: mask 1402 before
    you show or store it. ``backup_of`` is the primary's link: this link logs on to the backup, and
    takes over when it is promoted. Until then it has its own numbers and stores nothing.
    """

    session: ClientSession

    def __init__(
        self,
        settings: ClientSettings,
        keys: KeySource,
        store: Store,
        *,
        access_key_id: AccessKeyId | None = None,
        guard: LogonGuard | None = None,
        observe: Callable[[fx.Effect], None] = lambda _effect: None,
        trace: Trace | None = None,
        clock: Clock = utc_now,
        backup_of: Link | None = None,
        writer: LogonWriter | None = None,
    ) -> None:
        is_backup = backup_of is not None
        counted = MemoryStore() if is_backup else store
        numbers = counted.load()
        session = ClientSession(settings, numbers, clock(), backup=is_backup, writer=writer)
        super().__init__(session, counted, clock)
        self._session_store = store
        self._keys = FreshKeys(keys)
        self._access_key_id = access_key_id
        self._guard = guard
        self._observe = observe
        self._trace = trace
        self._traced = Framer()
        self._backup_of = backup_of
        self.inbox: Inbox = Inbox(store) if backup_of is None else backup_of.inbox
        loop = asyncio.get_running_loop()
        self._up: asyncio.Future[None] = loop.create_future()
        #: Done as soon as this backup is the primary.
        self.promoted: asyncio.Future[None] = loop.create_future()
        self._caught_up = asyncio.Event()
        self._answered = self._is_sent = False
        self._demand: GatepassError | None = None
        #: Whether the gateway answered the Logon, or closed the connection.
        self.was_read = False
        #: The other side's Logout, once it has come: its text and 789.
        self.goodbye: fx.LoggedOut | None = None
        #: The last client message that the exchange is known to have processed (369).
        self._processed = 0
        #: Why the connection ended, once it has.
        self.ending: SessionEndedError | None = None

    async def log_on(self, scenario: Scenario | None = None) -> None:
        """Log on with `scenario`, or with the one that the stored numbers and the week require.

        Raises `LogonRefusedError` with CME's text, `NoConnectionError` if the connection ends
        without one, `PeerError` for an answer that is not from the exchange, `NumberJumpError` for
        one with a number too far ahead, `LogonGuardError` and `KeyChoiceError` before the Logon is
        sent, `StoreError` as soon as the numbers cannot be stored, and at once `ArgumentError` for
        a wrong kind of scenario. If an In-Session Logon was not
        sent, or was answered with a Session Level Reject, the session continues. The key pairs are
        read first, outside the event loop; raises `KeySourceError` if that fails.
        """
        require_scenario(scenario)
        await self._read_keys()
        self.raise_failure()
        if self.has_ended:
            # The other side may have said why before the Logon was sent.
            is_answered = self._up.done() and not self._up.cancelled()
            refusal = self._up.exception() if is_answered else None
            raise (
                refusal or self.ending or NoConnectionError("the connection has ended", Cause.LOST)
            )
        now = self.clock()
        if self._up.done():
            self._up = asyncio.get_running_loop().create_future()
        self._answered = self.was_read = False
        self.session.log_on(scenario, now, self.steady())
        self.perform()
        await self._up

    async def _read_keys(self) -> None:
        if self._keys.is_current():
            return
        try:
            await self._keys.refresh()
        except GatepassError:
            raise
        except Exception as error:  # noqa: BLE001 - a source of the user's own
            # Not chained: its text may contain a secret.
            words = f"the key pairs could not be read: their source raised {type(error).__name__}"
            raise KeySourceError(words) from None

    def send(self, msg_type: str, fields: list[tuple[int, str]]) -> int:
        """Send an application message; return its number.

        If it raises, nothing was sent. `NoConnectionError` once the session has ended: send the
        message on the next link; `StoreError` if it could not be stored; `BacklogError` if the
        gateway is slow to read: await `drained`; `NotLoggedOnError` during an In-Session Logon or a
        Logout; `BackupError` on a backup; `FieldError` or `FramingError` if it is not a valid
        application message: text that is not Latin-1, an empty value, a tag of the header or the
        trailer, a message of the session layer, or more than 64 KiB.
        """
        self.raise_failure()
        if self.has_ended:
            why = self.ending or "there is no connection"
            words = f"{why}; nothing was sent: log on again, then send it there"
            raise NoConnectionError(words, Cause.LOST)
        self.refuse_backlog()
        number = self.session.send(msg_type, fields, self.clock(), self.steady())
        self.perform()
        self.raise_failure()
        return number

    async def messages(self) -> AsyncIterator[Message]:
        """Yield the application messages in order, until the session ends.

        A message is acknowledged when the next one is requested, and when the block of `connect`
        ends without an exception. After that block there are no more: the next link yields those
        that were not acknowledged, as after a crash. The first of them may have been processed
        before; it is marked ``possibly_delivered``.

        Raises `StoreError` if the session ended because the store failed, `PeerError` if a message
        was not from the exchange, `NumberJumpError` if its number was too far ahead.
        """
        async for message in self.inbox.messages(self.closed.done):
            yield message
        self.raise_failure()

    def acknowledge(self) -> None:
        """Acknowledge the message delivered last: it will not be delivered again."""
        self.inbox.acknowledge()

    async def log_out(self, wait: float = 5.0) -> None:
        """Send a Logout and wait for its confirmation, at most `wait` seconds in all.

        First waits for messages that were requested again (documented by CME). If the session is
        not logged on, the connection is closed without a Logout.
        Raises `StoreError` if the Logout could not be stored, or if the store failed before, and at
        once `ArgumentError` for a wrong kind of `wait`.
        """
        a_wait(wait)
        try:
            await self._say_goodbye(wait)
        finally:
            # Also when this is cancelled: nothing else would end the session.
            self.abort()
        self.raise_failure()

    async def _say_goodbye(self, wait: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        if self.session.is_behind and not self.closed.done():
            self._caught_up.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._caught_up.wait()
        self.session.log_out(self.clock(), steady=self.steady())
        self.perform()
        if self.session.state in (State.LOGOUT_SENT, State.CLOSED):
            await asyncio.wait([self.closed], timeout=max(0.0, until - loop.time()))

    def handle(self, effect: fx.Effect) -> None:
        """Sign, deliver, and report the answer to the Logon."""
        self._observe(effect)
        if isinstance(effect, fx.SignatureWanted):
            self._sign(effect)
        elif isinstance(effect, fx.Received):
            self._processed = max(self._processed, effect.message.number(369) or 0)
            self.inbox.stir()
        elif isinstance(effect, fx.LoggedOn):
            self._processed = effect.logon.number(369) or 0
            if self._guard is not None:
                self._guard.succeeded()
            self._settle(None)
        elif isinstance(effect, fx.LoggedOut):
            self.goodbye = effect
            self._note_answer()
            self._warn_of_void(effect)
            # A Logout refuses an In-Session Logon like any other Logon.
            self._settle(LogonRefusedError(effect.text or "", effect.next_expected))
        elif isinstance(effect, fx.LogonRejected):
            self._note_answer()
            self._settle(LogonRefusedError(effect.text, None))
        elif isinstance(effect, fx.NumbersWanted):
            self._take_over()
        elif isinstance(effect, fx.RoleChanged):
            if effect.role is Role.PRIMARY and not self.promoted.done():
                self.promoted.set_result(None)
        elif isinstance(effect, fx.Failed):
            self._fail_with(effect.error)
        elif isinstance(effect, fx.NotResent):
            words = "message %d is replaced by a gap fill: %s"
            logger.warning(words, effect.number, effect.cause.value)
        elif isinstance(effect, fx.RejectSent):
            words = "message %s of type %s was refused, and not delivered: %s"
            logger.warning(words, effect.message.get(34), effect.message.msg_type, effect.text)
        elif isinstance(effect, fx.Skipped):
            words = "the exchange's Sequence Reset skipped %s, which never came"
            logger.warning(words, numbered(effect.begin, effect.end, "message"))
        elif isinstance(effect, fx.Close):
            kind = _KINDS[effect.cause.fault]
            self._end(kind(f"the connection ended: {effect.reason}", effect.cause))

    def store_failed(self, error: StoreError) -> None:
        """Fail the call that waits for the Logon's answer."""
        self._settle(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection; refusals by a gateway on this machine are counted separately."""
        if self._guard is not None and is_loopback(transport.get_extra_info("peername")):
            self._guard = self._guard.on_loopback()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass bytes to the session, and whole messages to `trace`."""
        if self._trace is not None:
            for event in self._traced.feed(data):
                if isinstance(event, bytes):
                    self._trace(False, event)
        self._answered = self._answered or self.session.state is State.LOGON_SENT
        super().data_received(data)
        if not self.session.is_behind:
            self._caught_up.set()

    def eof_received(self) -> None:
        """Note that the gateway closed its side: it will read no more."""
        self._note_answer()

    def connection_lost(self, exc: Exception | None) -> None:
        """End all waiting calls."""
        if self._answered:
            self._note_answer()
        super().connection_lost(exc)
        words, cause = "the gateway closed the connection without a message", Cause.CLOSED
        if exc is not None:
            cause = Cause.LOST
            words = f"the connection broke: {getattr(exc, 'strerror', None) or exc}"
        elif not self._answered and not self._is_encrypted:
            words += ": if it requires TLS, connect with TLS"
        self._end(NoConnectionError(words, cause))
        self.inbox.stir()
        self._caught_up.set()

    def _write(self, wire: bytes) -> None:
        self._observe(fx.Send(wire))
        if self._trace is not None:
            self._trace(True, wire)
        super()._write(wire)

    def _sign(self, wanted: fx.SignatureWanted) -> None:
        now = self.clock()
        try:
            pair = self._keys.ring.choose(wanted.session, now, self._access_key_id)
            if self._guard is not None:
                self._guard.begin(now)
            # Last: the guard's disk may be slow, and 52 may be at most five seconds old.
            now = moment_of_its_own(wanted.session, self.clock())
            signature = LocalSigner(pair).sign(self.session.stamp(now))
        except GatepassError as error:
            self._settle(error)
            self.session.unsigned(now, self.steady())
            return
        self._is_sent = True
        self.session.signature(pair.access_key_id, signature, now, self.steady())

    def _take_over(self) -> None:
        """Continue with the session's numbers, which no other link uses from now on."""
        if self._backup_of is not None:
            self._backup_of.retire()
            self._processed = self._backup_of._processed
        self.store = self._session_store
        self.session.promoted(self.store.load(), self.clock(), self.steady())

    def _warn_of_void(self, logout: fx.LoggedOut) -> None:
        """Warn of messages that may be lost when the numbers restart: they are not sent again."""
        numbers = self.session.numbers
        if logout.refused or logout.next_expected != 1 or week_of(numbers).proposed != 1:
            return
        sent = self.store.sent(self._processed + 1, numbers.next_out - 1)
        if sent:
            named = ", ".join(str(message.number) for message in sent[:MOST_NAMED])
            more = f" and {len(sent) - MOST_NAMED} more" if len(sent) > MOST_NAMED else ""
            logger.warning(
                "the exchange logged out with NextExpectedMsgSeqNum (789) 1 and may not have"
                " processed %s %s%s: not sent again; check its answers",
                "message" if len(sent) == 1 else "messages",
                named,
                more,
            )

    @property
    def has_ended(self) -> bool:
        """Whether the session has ended, or was never connected: nothing can be sent."""
        return self.session.state in (State.DISCONNECTED, State.CLOSED)

    def raise_failure(self) -> None:
        """Raise the error of the store or the session, if there is one."""
        error = self.failure or self._demand
        if error is not None:
            raise error

    @property
    def _is_encrypted(self) -> bool:
        return self._transport is not None and bool(self._transport.get_extra_info("ssl_object"))

    def _fail_with(self, error: GatepassError) -> None:
        """Note an error of the session: every later call raises it."""
        self._demand = self._demand or error
        if isinstance(error, PeerError):
            self._end(error)
        else:
            self._settle(error)

    def _note_answer(self) -> None:
        """Note that the exchange has read the Logon: it counts for one minute from now."""
        self.was_read = True
        if self._guard is None:
            return
        try:
            self._guard.answered(self.clock())
        except StoreError as error:
            # It still counts as unanswered, which is longer: that closes no port, and the caller
            # needs the exchange's text.
            logger.warning("the time of the answer to the Logon could not be stored: %s", error)

    def _end(self, error: SessionEndedError) -> None:
        """Note why it ended: only the first reason counts, the others follow from it."""
        error.in_doubt = self._is_sent
        self.ending = self.ending or error
        self._settle(error)

    def _settle(self, error: GatepassError | None) -> None:
        if self._up.done():
            return
        if error is None:
            self._up.set_result(None)
        else:
            self._up.set_exception(error)
            self._up.exception()  # mark as retrieved: there may be no waiting call
