"""One logged-on session: an asyncio connection that signs, delivers and tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from gatepass._native import Framer
from gatepass.client.guard import LogonGuard
from gatepass.errors import GatepassError, LogonRefusedError, NoConnectionError
from gatepass.keys import AccessKeyId, KeyRing, KeySource
from gatepass.session import effects as fx
from gatepass.session.client import ClientSession, ClientSettings
from gatepass.session.message import Message
from gatepass.session.scenarios import Scenario, choose_scenario
from gatepass.session.states import State
from gatepass.session.store import Store
from gatepass.signing import LocalSigner
from gatepass.transport import Clock, Connection, utc_now

#: Called with each whole message, before it is acted upon: was it sent, and its bytes.
Trace = Callable[[bool, bytes], None]


class Link(Connection):
    """A client's connection: answers its session with signatures and its user with messages.

    ``trace`` sees every message as it is on the wire, signature included: mask 1402 before you
    show or keep it.
    """

    session: ClientSession

    def __init__(
        self,
        settings: ClientSettings,
        keys: KeySource | KeyRing,
        store: Store,
        *,
        access_key_id: AccessKeyId | None = None,
        guard: LogonGuard | None = None,
        observe: Callable[[fx.Effect], None] = lambda _effect: None,
        trace: Trace | None = None,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(ClientSession(settings, store.load(), clock()), store, clock)
        self._keys = keys
        self._access_key_id = access_key_id
        self._guard = guard
        self._observe = observe
        self._trace = trace
        self._traced = Framer()
        # Messages wait in the store, not here: one that nobody reads takes no memory.
        self._arrived = asyncio.Event()
        self._given: int | None = None
        self._in_doubt = bool(store.undelivered(1))
        self._up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        #: The other side's Logout, once it has come: its text and 789.
        self.goodbye: fx.LoggedOut | None = None

    async def log_on(self, scenario: Scenario | None = None) -> None:
        """Log on, as the stored numbers and the week demand or as told.

        Raises `LogonRefusedError` with CME's text, `NoConnectionError` if the connection ends
        without one, `LogonGuardError` and `KeyChoiceError` before anything is sent.
        """
        if self.closed.done():
            raise NoConnectionError("the connection has ended")
        now = self.clock()
        if self._up.done():
            self._up = asyncio.get_running_loop().create_future()
        self.session.log_on(scenario or choose_scenario(self.session.numbers, now), now)
        self.perform()
        await self._up

    def send(self, msg_type: str, fields: list[tuple[int, str]]) -> int:
        """Send an application message; gives its number."""
        number = self.session.send(msg_type, fields, self.clock())
        self.perform()
        return number

    async def messages(self) -> AsyncIterator[Message]:
        """Give the application messages in order, until the session ends.

        A message is acknowledged when the next one is asked for, and when the block of `connect`
        ends without an exception. After a crash the store gives what was not acknowledged again;
        the first of it may have been dealt with, and says so: ``possibly_delivered``.
        """
        while True:
            self.acknowledge()
            self._arrived.clear()
            waiting = self.store.undelivered(1)
            if waiting:
                self._given = waiting[0].number
                message = Message.parse(waiting[0].wire)
                doubtful, self._in_doubt = self._in_doubt, False
                yield replace(message, possibly_delivered=True) if doubtful else message
            elif self.closed.done():
                return
            else:
                await self._arrived.wait()

    def acknowledge(self) -> None:
        """Note that the message given out last was dealt with: it will not come again."""
        if self._given is not None:
            self.store.delivered(self._given)
            self._given = None

    async def log_out(self, wait: float = 5.0) -> None:
        """Send a Logout and wait for its confirmation, at most `wait` seconds.

        Where nobody is logged on there is nothing to confirm, and the connection is dropped.
        """
        self.session.log_out(self.clock())
        self.perform()
        if self.session.state in (State.LOGOUT_SENT, State.CLOSED):
            await asyncio.wait([self.closed], timeout=wait)
        self.abort()

    def handle(self, effect: fx.Effect) -> None:
        """Sign, deliver, and tell who waits for the Logon's answer."""
        self._observe(effect)
        if isinstance(effect, fx.SignatureWanted):
            self._sign(effect)
        elif isinstance(effect, fx.Received):
            self._arrived.set()
        elif isinstance(effect, fx.LoggedOn):
            if self._guard is not None:
                self._guard.succeeded()
            self._settle(None)
        elif isinstance(effect, fx.LoggedOut):
            self.goodbye = effect
            # An in-session Logon is refused by a Logout like any other.
            self._settle(LogonRefusedError(effect.text or "", effect.next_expected))
        elif isinstance(effect, fx.Close):
            self._settle(NoConnectionError(f"the connection ended: {effect.reason}"))

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the session, and whole messages to whoever traces them."""
        if self._trace is not None:
            for event in self._traced.feed(data):
                if isinstance(event, bytes):
                    self._trace(False, event)
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End what waits."""
        super().connection_lost(exc)
        self._settle(NoConnectionError("the gateway closed the connection without a word"))
        self._arrived.set()

    def _write(self, wire: bytes) -> None:
        self._observe(fx.Send(wire))
        if self._trace is not None:
            self._trace(True, wire)
        super()._write(wire)

    def _sign(self, wanted: fx.SignatureWanted) -> None:
        now = self.clock()
        try:
            ring = self._keys if isinstance(self._keys, KeyRing) else self._keys.ring
            pair = ring.choose(wanted.sender_comp_id, now, self._access_key_id)
            signature = LocalSigner(pair).sign(wanted.canonical)
            if self._guard is not None:
                self._guard.begin(now)
        except GatepassError as error:
            self._settle(error)
            self.abort()
            return
        self.session.signature(pair.access_key_id, signature, now)

    def _settle(self, error: GatepassError | None) -> None:
        if self._up.done():
            return
        if error is None:
            self._up.set_result(None)
        else:
            self._up.set_exception(error)
            self._up.exception()  # nobody may be waiting
