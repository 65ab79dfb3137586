"""One session on one asyncio connection: does what the session asks for, in its order."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from gatepass.errors import StoreError
from gatepass.session import effects as fx
from gatepass.session.machine import Machine
from gatepass.session.numbers import SentMessage
from gatepass.session.store import Store, together
from gatepass.transport.outlet import Outlet

Clock = Callable[[], datetime]

#: Numbers looked up at once for a resend: so many stored messages are in memory, not 2,500.
PAGE = 50
#: Seconds after which a connection's timer fires at the latest.
LOOK_AGAIN = 30.0
#: Most bytes that are read at once.
MOST_READ = 1 << 18


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class _Here(threading.local):
    """The buffer that all connections of a thread, and so of an event loop, read into."""

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(MOST_READ))


_here = _Here()


class Connection(asyncio.BufferedProtocol):
    """Drives a session. A role answers the session's effects in `handle`.

    A store that fails ends the connection at once: a message that could not be stored is not sent,
    and neither is anything after it. ``failure`` then says why.
    """

    def __init__(
        self, session: Machine[Any, Any, Any], store: Store, clock: Clock = utc_now
    ) -> None:
        self.session = session
        self.store = store
        self.clock = clock
        self.failure: StoreError | None = None
        self._retired = False
        #: Effects of the session that are not done yet, in its order.
        self._due: deque[fx.Effect] = deque()
        self._buffer = _here.buffer
        self._is_performing = False
        self._may_have_sends = False
        loop = asyncio.get_running_loop()
        #: Measures every wait; it cannot be set.
        self.steady: Callable[[], float] = loop.time
        self.closed = loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._outlet: Outlet | None = None
        self._next_page: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: float | None = None

    def handle(self, effect: fx.Effect) -> None:
        """Answer or report an effect that is not about bytes, numbers or time."""

    def store_failed(self, error: StoreError) -> None:
        """Report that the store failed."""

    def broke_off(self, error: BaseException) -> None:
        """Report that handling an effect failed, which raises `error` as well."""

    def perform(self) -> None:
        """Do what the session asks for, until it asks for nothing more or the store fails.

        The handler of an effect may call this again, by sending a message: then everything that
        waits to be sent goes first, in its order, and the first call does the rest.
        """
        try:
            if self._is_performing:
                self._send_first()
            else:
                self._perform_all()
        except StoreError as error:
            self._fail(error)
        except BaseException as error:
            # The remaining effects are lost: the session cannot continue.
            if not self._retired:
                self.retire()
                self.broke_off(error)
            raise
        if self._armed_for is None or self.session.may_be_due_sooner:
            self._arm()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the session on this transport."""
        # Not asserted: uvloop's transports are not subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._outlet = Outlet(self._transport)
        self.session.connected(self.clock(), self.steady())
        self.perform()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give asyncio where to read into.

        An `asyncio.Protocol` is handed bytes: for each of its reads asyncio allocates 256 KiB,
        which may take longer than the read.
        """
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        self.data_received(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Give bytes to the session."""
        self.session.receive(data, self.clock(), self.steady())
        self.perform()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the session, and everything that waits for the end."""
        if self._timer is not None:
            self._timer.cancel()
        if self._outlet is not None:
            self._outlet.lost()
        self.session.disconnected(self.clock(), self.steady())
        self.perform()
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Note, for the transport, that the other side reads too slowly."""
        if self._outlet is not None:
            self._outlet.fill(self.session.heartbeat.total_seconds())

    def resume_writing(self) -> None:
        """Note, for the transport, that there is room again, and continue a resend."""
        if self._outlet is not None:
            self._outlet.free()
        if self._next_page is None and self.session.resending is not None:
            self._next_page = asyncio.get_running_loop().call_soon(self._turn_page)

    async def drained(self) -> None:
        """Wait until the other side has read almost everything, or is gone."""
        if self._outlet is not None:
            await self._outlet.drained()

    def refuse_backlog(self) -> None:
        """Raise `BacklogError` if the other side is too far behind for another message."""
        if self._outlet is not None:
            self._outlet.refuse_backlog()

    def close(self) -> None:
        """Close the connection when everything is sent, or after `outlet.LINGER` seconds."""
        if self._outlet is not None:
            self._outlet.close()

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def retire(self) -> None:
        """End without a Logout, and without using the store again.

        A Logout would need a number, which would have to be stored.
        """
        self._retired = True
        self.session.disconnected(self.clock(), self.steady())
        self.abort()

    def _perform_all(self) -> None:
        self._is_performing = True
        try:
            while self._due or self._begin_next():
                effect = self._due.popleft()
                if self._retired:
                    continue
                kind = type(effect)
                if kind is fx.Send:
                    self._write_run(effect)  # type: ignore[arg-type]
                elif kind is fx.ResendWanted:
                    self.resend_wanted(effect)  # type: ignore[arg-type]
                else:
                    self.handle(effect)
                    if kind is fx.Close:
                        self.close()
        finally:
            self._is_performing = False
            self._due.clear()

    def _begin_next(self) -> bool:
        """Take the session's next effects; tell whether there is anything to do."""
        effects = self.session.take()
        if effects:
            self._due.extend(self._stored(effects))
            self._may_have_sends = True
        return bool(self._due)

    def _stored(self, effects: list[fx.Effect]) -> list[fx.Effect]:
        """Store what must be stored; return the other effects."""
        saves = [effect for effect in effects if type(effect) is fx.Save]
        if not saves:
            return effects
        self._save(saves)
        return [effect for effect in effects if type(effect) is not fx.Save]

    def _send_first(self) -> None:
        """Send everything that waits: a message with a higher number must not be sent before it."""
        effects = self._stored(self.session.take())
        if self._may_have_sends:
            # Once for everything: thousands may wait, and each handler may send a message.
            effects = [*self._due, *effects]
            self._due.clear()
            self._may_have_sends = False
        self._due.extend(effect for effect in effects if not isinstance(effect, fx.Send))
        for effect in effects:
            if isinstance(effect, fx.Send) and not self._retired:
                self._write(effect.wire)

    def _fail(self, error: StoreError) -> None:
        if self.failure is not None:
            return  # it was reported already
        self.failure = error
        self.retire()
        self.store_failed(error)

    def _save(self, saves: Sequence[fx.Save]) -> None:
        """Store everything that must be stored before anything else: earlier is always safe.

        After a gap thousands of messages may become due at once: a transaction for each would block
        every other session.
        """
        if self._retired:
            return
        if len(saves) == 1:
            self.store.save(saves[0].numbers, saves[0].sent, saves[0].received)
            return
        with together(self.store):
            for save in saves:
                self.store.save(save.numbers, save.sent, save.received)

    def resend_wanted(self, effect: fx.ResendWanted) -> None:
        """Send stored messages again."""
        if self._outlet is not None:
            self._resend_page(self._outlet)

    def _write_run(self, first: fx.Send) -> None:
        """Write a message and those right after it, with one system call for all."""
        due, outlet = self._due, self._outlet
        if outlet is None or not due or type(due[0]) is not fx.Send:
            self._write(first.wire)
            return
        outlet.gather()
        try:
            self._write(first.wire)
            while due and type(send := due[0]) is fx.Send:
                due.popleft()
                self._write(send.wire)
        finally:
            outlet.flush()

    def _write(self, wire: bytes) -> None:
        if self._outlet is not None:
            self._outlet.write(wire)

    def _turn_page(self) -> None:
        """Continue a resend, if there is one and the other side reads fast enough."""
        self._next_page = None
        if not self._retired and self._outlet is not None and not self._outlet.is_closing:
            try:
                self._resend_page(self._outlet)
            except StoreError as error:
                self._fail(error)
            self.perform()

    def _resend_page(self, outlet: Outlet) -> None:
        """Send one page of a resend; the next ones follow as the other side reads.

        The numbers after a page's last stored message are left to the next page: so one gap fill
        covers a gap of many pages.
        """
        span = self.session.resending
        if span is None or outlet.is_full or self._next_page is not None:
            return
        begin, last = span
        kept: Sequence[SentMessage] = ()
        end = begin - 1
        while not kept and end < last:
            first, end = end + 1, min(end + PAGE, last)
            kept = self.store.sent(first, end)
        if end < last:
            end = kept[-1].number
            self._next_page = asyncio.get_running_loop().call_soon(self._turn_page)
        self.session.resend(kept, begin, end, self.clock(), self.steady())

    def _arm(self) -> None:
        """Keep at most one timer, for the deadline or before it.

        Most messages move the deadline later: then the timer fires early, and is set again. A Logon
        moves it earlier, from the wait for the Logon to the heartbeat, but hardly ever to before
        `LOOK_AGAIN`, when the connection's timer fires first.
        """
        self.session.may_be_due_sooner = False
        deadline = self.session.steady_deadline
        if deadline is None or (self._armed_for is not None and self._armed_for <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = min(deadline, self.steady() + LOOK_AGAIN)
        self._timer = asyncio.get_running_loop().call_at(self._armed_for, self._fire)

    def _fire(self) -> None:
        self._timer = self._armed_for = None
        deadline = self.session.steady_deadline
        if deadline is not None and self.steady() >= deadline:
            self.session.tick(self.clock(), self.steady())
        self.perform()
