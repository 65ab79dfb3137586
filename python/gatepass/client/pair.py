"""A fault tolerant session: on at the primary and at the backup gateway, trading at one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from gatepass.client.attempts import Attempts
from gatepass.client.clock import ClockPolicy, check_clock
from gatepass.client.connect import guarding, open_link
from gatepass.client.link import Link
from gatepass.errors import BacklogError, FieldError, NoConnectionError
from gatepass.keys import AccessKeyId, KeyRing, KeySource
from gatepass.session import effects as fx
from gatepass.session.client import ClientSettings
from gatepass.session.message import Message
from gatepass.session.scenarios import Scenario
from gatepass.session.states import State
from gatepass.session.store import Store, claim
from gatepass.transport import Clock, utc_now

Address = tuple[str, int]
#: Which of the two connections something is of, by the gateway it was opened to.
PRIMARY, BACKUP = "primary", "backup"


class Pair:
    """Two links of one session and its store; what the application does goes by the primary.

    When CME promotes the backup, it goes on there without the application's doing. If the backup
    connection alone is lost, the session goes on without fault tolerance.
    """

    def __init__(self, primary: Link, backup: Link) -> None:
        self.primary = primary
        self.backup = backup
        #: Done when both connections have ended.
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for link in (primary, backup):
            link.closed.add_done_callback(self._note_end)

    @property
    def active(self) -> Link:
        """The link that trades: the primary's, or the backup's once it is promoted."""
        return self.backup if self.backup.promoted.done() else self.primary

    @property
    def indicator(self) -> str:
        """The Fault Tolerance Indicator of the link that trades."""
        return self.active.session.indicator

    @property
    def goodbye(self) -> fx.LoggedOut | None:
        """The exchange's Logout of the link that trades; of the backup if only that got one."""
        own = self.active.goodbye
        return self.backup.goodbye if own is None and self._has_ended() else own

    async def send(self, msg_type: str, fields: list[tuple[int, str]]) -> int:
        """Send an application message; gives its number.

        Waits for the end of a failover, and while the gateway is behind with reading.

        Raises `NoConnectionError` if both connections have ended, `StoreError` if the message
        could not be kept: then it was not sent.
        """
        while True:
            if self.active.session.state in _GONE:
                waiting = [self.backup.promoted, self.closed]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self.active.session.state in _GONE:
                self.active.raise_failure()
                raise NoConnectionError("both connections have ended: log on again")
            try:
                return self.active.send(msg_type, fields)
            except BacklogError:
                await self.active.drained()

    async def messages(self) -> AsyncIterator[Message]:
        """Give the application messages in order, until both connections have ended.

        As `Link.messages`; a failover is not noticed.
        """
        async for message in self.active.inbox.messages(self._has_ended):
            yield message
        self.active.raise_failure()

    def acknowledge(self) -> None:
        """Note that the message given out last was dealt with: it will not come again."""
        self.active.acknowledge()

    async def log_out(self, wait: float = 5.0) -> None:
        """Log out of the backup, then of the primary; each takes `wait` seconds at the most."""
        try:
            await self.backup.log_out(wait)
        finally:
            await self.primary.log_out(wait)

    def _has_ended(self) -> bool:
        return self.primary.closed.done() and self.backup.closed.done()

    def _note_end(self, _link: asyncio.Future[None]) -> None:
        if self._has_ended() and not self.closed.done():
            self.closed.set_result(None)


#: Where a link's session cannot send any more.
_GONE = frozenset({State.DISCONNECTED, State.CLOSED})


@asynccontextmanager
async def connect_pair(
    primary: Address,
    backup: Address,
    settings: ClientSettings,
    keys: KeySource | KeyRing,
    store: Store,
    *,
    scenario: Scenario | None = None,
    access_key_id: AccessKeyId | None = None,
    observe: Callable[[str, fx.Effect], None] = lambda _which, _effect: None,
    trace: Callable[[str, bool, bytes], None] = lambda _which, _sent, _wire: None,
    tls: ssl.SSLContext | None = None,
    clock: Clock = utc_now,
    clock_policy: ClockPolicy = ClockPolicy.WARN,
    guarded: bool = True,
    attempts: Attempts | None = None,
) -> AsyncIterator[Pair]:
    """Log on to the primary gateway, then to the backup; log out of both at the end.

    SenderCompID (49) in `settings` ends in ``U``. `observe` and `trace` are told first which
    connection it is, `PRIMARY` or `BACKUP`. The rest is as for `connect`, with what it raises, and
    `FieldError` for another SenderCompID.
    """
    if not settings.sender_comp_id.endswith("U"):
        message = "SenderCompID (49) of a session with a backup ends in U: nothing was sent"
        raise FieldError(message, 49, "SenderCompID", "illegal")
    if clock is utc_now:
        check_clock(clock_policy)
    with claim(store), guarding(settings, store, clock, attempts, guarded=guarded) as guard:
        make = partial(
            Link, settings, keys, store, access_key_id=access_key_id, guard=guard, clock=clock
        )
        first = make(observe=partial(observe, PRIMARY), trace=partial(trace, PRIMARY))
        await open_link(first, *primary, tls)
        try:
            await first.log_on(scenario)
            second = make(
                observe=partial(observe, BACKUP), trace=partial(trace, BACKUP), backup_of=first
            )
            await open_link(second, *backup, tls)
            pair = Pair(first, second)
            try:
                await second.log_on()
                yield pair
                pair.acknowledge()
            finally:
                await pair.log_out()
        finally:
            await first.log_out()
