"""One logged-on session: an asyncio connection that signs, delivers and tells."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from gatepass._native import Framer
from gatepass.causes import Cause, Fault
from gatepass.client.guard import LogonGuard
from gatepass.client.inbox import Inbox
from gatepass.client.loopback import is_loopback
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

#: Messages that one line of the log names.
MOST_NAMED = 10

#: Called with each whole message, before it is acted upon: was it sent, and its bytes.
Trace = Callable[[bool, bytes], None]

#: How the end of a session is raised, by whose fault it was.
_KINDS: dict[Fault, type[SessionEndedError]] = {
    Fault.OURS: SessionEndedError,
    Fault.THEIRS: LogonReplyError,
    Fault.NOBODYS: NoConnectionError,
}


class Link(Connection):
    """A client's connection: answers its session with signatures and its user with messages.

    ``trace`` sees every message as it is on the wire, signature included: mask 1402 before you
    show or keep it. ``backup_of`` is the primary's link: this one is logged on to the backup, and
    takes over when it is promoted. Until then its numbers are its own and nothing of it is kept.
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
        #: Whether the gateway has answered the Logon, or hung up on it.
        self.was_read = False
        #: The other side's Logout, once it has come: its text and 789.
        self.goodbye: fx.LoggedOut | None = None
        #: The last of the client's messages that the exchange is known to have processed (369).
        self._processed = 0
        #: Why the connection has ended, once it has.
        self.ending: SessionEndedError | None = None

    async def log_on(self, scenario: Scenario | None = None) -> None:
        """Log on, as the stored numbers and the week demand or as told.

        Raises `LogonRefusedError` with CME's text, `NoConnectionError` if the connection ends
        without one, `PeerError` for an answer that is not the exchange's, `NumberJumpError` for one
        with a number too far ahead, `LogonGuardError` and `KeyChoiceError` before the Logon is
        sent, `StoreError` as soon as the numbers cannot be kept. A session whose In-Session Logon
        was not sent, or was answered with a Session Level Reject, goes on as it was. The key pairs
        are read before anything else, off the event loop; raises `KeySourceError` where that fails.
        """
        await self._read_keys()
        self.raise_failure()
        if self.has_ended:
            # The other side may have said why, before it was asked anything.
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
        except Exception as error:
            # A source of the user's own. Its words may have a secret in them.
            words = f"the key pairs could not be read: their source raised {type(error).__name__}"
            raise KeySourceError(words) from error

    def send(self, msg_type: str, fields: list[tuple[int, str]]) -> int:
        """Send an application message; gives its number.

        Whatever it raises, nothing was sent. `NoConnectionError` once the session has ended: send
        it on the next link; `StoreError` if it could not be kept; `BacklogError` where the gateway
        is behind with reading: await `drained`; `NotLoggedOnError` while an In-Session Logon or a
        Logout is under way; `BackupError` on a backup; `FieldError` or `FramingError` for what
        makes no application message: text that is not Latin-1, an empty value, a tag of the header
        or the trailer, a message of the session layer, or more than 64 KiB.
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
        """Give the application messages in order, until the session ends.

        A message is acknowledged when the next one is asked for, and when the block of `connect`
        ends without an exception. Behind that block there are no more: the next link gives what was
        not acknowledged, as after a crash. The first of it may have been dealt with, and says so:
        ``possibly_delivered``.

        Raises `StoreError` where the session ended because the store failed, `PeerError` where a
        message was not the exchange's, `NumberJumpError` where it jumped too far ahead.
        """
        async for message in self.inbox.messages(self.closed.done):
            yield message
        self.raise_failure()

    def acknowledge(self) -> None:
        """Note that the message given out last was dealt with: it will not come again."""
        self.inbox.acknowledge()

    async def log_out(self, wait: float = 5.0) -> None:
        """Send a Logout and wait for its confirmation, at most `wait` seconds in all.

        Messages that were asked for again are waited for first (documented by CME). Where nobody is
        logged on there is nothing to confirm, and the connection is dropped.
        Raises `StoreError` if the Logout could not be kept, or nothing could before it.
        """
        try:
            await self._say_goodbye(wait)
        finally:
            # When this is cancelled, too: nobody would end the session any more.
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
        """Sign, deliver, and tell who waits for the Logon's answer."""
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
            # An in-session Logon is refused by a Logout like any other.
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
            words = "messages %d to %d never came: the exchange's Sequence Reset passed over them"
            logger.warning(words, effect.begin, effect.end)
        elif isinstance(effect, fx.Close):
            kind = _KINDS[effect.cause.fault]
            self._end(kind(f"the connection ended: {effect.reason}", effect.cause))

    def store_failed(self, error: StoreError) -> None:
        """End what waits."""
        self._settle(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection; what a gateway on this machine refuses is counted apart."""
        if self._guard is not None and is_loopback(transport.get_extra_info("peername")):
            self._guard = self._guard.on_loopback()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the session, and whole messages to whoever traces them."""
        if self._trace is not None:
            for event in self._traced.feed(data):
                if isinstance(event, bytes):
                    self._trace(False, event)
        self._answered = self._answered or self.session.state is State.LOGON_SENT
        super().data_received(data)
        if not self.session.is_behind:
            self._caught_up.set()

    def eof_received(self) -> None:
        """Note that the gateway has hung up: it has read what it wanted to."""
        self._note_answer()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what waits."""
        if self._answered:
            self._note_answer()
        super().connection_lost(exc)
        words, cause = "the gateway closed the connection without a word", Cause.CLOSED
        if exc is not None:
            cause = Cause.LOST
            words = f"the connection broke: {getattr(exc, 'strerror', None) or exc}"
        elif not self._answered and not self._is_encrypted:
            words += ": if it wants TLS, connect with TLS"
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
            # Last of all: the guard's disk may be slow, and 52 may be five seconds old at most.
            now = moment_of_its_own(wanted.session, self.clock())
            signature = LocalSigner(pair).sign(self.session.stamp(now))
        except GatepassError as error:
            self._settle(error)
            self.session.unsigned(now, self.steady())
            return
        self._is_sent = True
        self.session.signature(pair.access_key_id, signature, now, self.steady())

    def _take_over(self) -> None:
        """Go on with the session's numbers, which nobody else counts from here on."""
        if self._backup_of is not None:
            self._backup_of.retire()
            self._processed = self._backup_of._processed
        self.store = self._session_store
        self.session.promoted(self.store.load(), self.clock(), self.steady())

    def _warn_of_void(self, logout: fx.LoggedOut) -> None:
        """Say which messages may be lost where the numbers begin again: they are not sent again."""
        numbers = self.session.numbers
        if logout.refused or logout.next_expected != 1 or week_of(numbers).proposed != 1:
            return
        sent = self.store.sent(self._processed + 1, numbers.next_out - 1)
        if sent:
            named = ", ".join(str(message.number) for message in sent[:MOST_NAMED])
            more = f" and {len(sent) - MOST_NAMED} more" if len(sent) > MOST_NAMED else ""
            logger.warning(
                "the exchange logged out with NextExpectedMsgSeqNum (789) 1 and may not have taken"
                " messages %s%s: they are not sent again; see by its answers what became of them",
                named,
                more,
            )

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be sent any more, or ever could be."""
        return self.session.state in (State.DISCONNECTED, State.CLOSED)

    def raise_failure(self) -> None:
        """Raise what the store or the session failed with, if either did."""
        error = self.failure or self._demand
        if error is not None:
            raise error

    @property
    def _is_encrypted(self) -> bool:
        return self._transport is not None and bool(self._transport.get_extra_info("ssl_object"))

    def _fail_with(self, error: GatepassError) -> None:
        """Note an error of the session's: it is raised from here on, wherever one waits."""
        self._demand = self._demand or error
        if isinstance(error, PeerError):
            self._end(error)
        else:
            self._settle(error)

    def _note_answer(self) -> None:
        """Note that the exchange has read the Logon: a minute from now it counts no more."""
        self.was_read = True
        if self._guard is None:
            return
        try:
            self._guard.answered(self.clock())
        except StoreError as error:
            # It counts on as one that nobody has answered, which is longer: no port is closed by
            # that, and the exchange's own words are what the caller needs.
            logger.warning("when the Logon was answered could not be kept: %s", error)

    def _end(self, error: SessionEndedError) -> None:
        """Note why it ended: the first reason counts, the others follow from it."""
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
            self._up.exception()  # nobody may be waiting
