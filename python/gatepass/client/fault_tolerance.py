"""A fault tolerant session: on at the primary and at the backup gateway, trading at one."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from gatepass.causes import Cause
from gatepass.client.arguments import require_usable
from gatepass.client.attempts import Attempts
from gatepass.client.back_off import BackOff
from gatepass.client.clock import ClockPolicy, check_clock
from gatepass.client.connect import guarding, open_link
from gatepass.client.link import Link
from gatepass.client.standby import Standby
from gatepass.errors import BacklogError, FieldError, NoConnectionError, SessionEndedError
from gatepass.fix.message import Message
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.keys import AccessKeyId, Keys
from gatepass.session import effects as fx
from gatepass.session.role import Role
from gatepass.session.store import Store, claim
from gatepass.transport import Clock, utc_now

Address = tuple[str, int]
#: Which of the two connections something is of, by the gateway it was opened to.
PRIMARY, BACKUP = "primary", "backup"

logger = logging.getLogger("gatepass.client")


class FaultTolerantLink:
    """Two links of one session and its store; what the application does goes by the primary.

    When CME promotes the backup, it goes on there without the application's doing. While the
    backup alone is not on, the session goes on without fault tolerance, and `standby` tries to log
    on to the backup again.
    """

    def __init__(self, primary: Link, standby: Standby) -> None:
        self.primary = primary
        self.standby = standby
        #: Done when both connections have ended.
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.watch(primary)

    @property
    def backup(self) -> Link | None:
        """The backup's link, ``None`` while it is lost and the primary goes on."""
        return self.standby.link

    def watch(self, link: Link) -> None:
        """Have the end of a link noticed."""
        link.closed.add_done_callback(self._note_end)

    @property
    def active(self) -> Link:
        """The link that trades: the primary's, or the backup's once it is promoted."""
        backup = self.backup
        promoted = backup is not None and backup.promoted.done()
        return backup if backup is not None and promoted else self.primary

    @property
    def role(self) -> Role:
        """The role of the link that trades."""
        return self.active.session.role

    @property
    def goodbye(self) -> fx.LoggedOut | None:
        """The exchange's Logout of the link that trades; of the backup if only that got one."""
        own, backup = self.active.goodbye, self.backup
        ended = own is None and backup is not None and self._is_over()
        return backup.goodbye if backup is not None and ended else own

    @property
    def ending(self) -> SessionEndedError | None:
        """Why the link that trades has ended, once it has."""
        return self.active.ending

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be sent any more, at neither gateway."""
        return self.primary.has_ended and (self.backup is None or self.backup.has_ended)

    async def send(self, msg_type: str, fields: list[tuple[int, str]]) -> int:
        """Send an application message; gives its number.

        Waits for the end of a failover, and while the gateway is behind with reading.

        Raises `NoConnectionError` if both connections have ended, `StoreError` if the message
        could not be kept: then it was not sent.
        """
        while True:
            if self.active.has_ended:
                waiting = [self.closed] + ([self.backup.promoted] if self.backup else [])
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self.active.has_ended:
                self.active.raise_failure()
                raise NoConnectionError(
                    "both connections have ended; nothing was sent: log on again, then send it"
                    " there",
                    Cause.LOST,
                )
            try:
                return self.active.send(msg_type, fields)
            except BacklogError:
                await self.active.drained()

    async def messages(self) -> AsyncIterator[Message]:
        """Give the application messages in order, until both connections have ended.

        As `Link.messages`; a failover is not noticed.
        """
        async for message in self.active.inbox.messages(self._is_over):
            yield message
        self.active.raise_failure()

    def acknowledge(self) -> None:
        """Note that the message given out last was dealt with: it will not come again."""
        self.active.acknowledge()

    async def log_out(self, wait: float = 5.0) -> None:
        """Log out of the backup, then of the primary; each takes `wait` seconds at the most."""
        self.standby.give_up()
        try:
            if self.backup is not None:
                await self.backup.log_out(wait)
        finally:
            await self.primary.log_out(wait)

    def _is_over(self) -> bool:
        backup = self.backup
        return self.primary.closed.done() and (backup is None or backup.closed.done())

    def _note_end(self, _link: asyncio.Future[None]) -> None:
        if self._is_over() and not self.closed.done():
            self.closed.set_result(None)


def _warn(words: str) -> None:
    logger.warning("%s", words)


@asynccontextmanager
async def connect_pair(
    primary: Address,
    backup: Address,
    settings: ClientSettings,
    keys: Keys,
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
    back_off: BackOff | None = None,
    tell: Callable[[str], None] = _warn,
) -> AsyncIterator[FaultTolerantLink]:
    """Log on to the primary gateway, then to the backup; log out of both at the end.

    SenderCompID (49) in `settings` ends in ``U``. `observe` and `trace` are told first which
    connection it is, `PRIMARY` or `BACKUP`.

    A backup that cannot be reached, at the start or later, costs no session: `tell` gets a sentence
    about it (without `tell` the log ``gatepass.client`` has it as a warning), and it is tried again
    by `back_off` and at the guard's pace. One that refuses the first Logon is an error, as it is at
    the primary.

    The rest is as for `connect`, with what it raises, and `FieldError` for another SenderCompID.
    """
    require_usable(settings, store, scenario, primary[1], backup[1])
    if not settings.sender_comp_id.endswith("U"):
        message = "SenderCompID (49) of a session with a backup ends in U: nothing was sent"
        raise FieldError(message, 49, "SenderCompID", "illegal")
    if clock is utc_now:
        check_clock(clock_policy)
    with claim(store), guarding(settings, store, clock, attempts, guarded=guarded) as guard:
        make = partial(Link, settings, keys, store, access_key_id=access_key_id, clock=clock)
        first = make(guard=guard, observe=partial(observe, PRIMARY), trace=partial(trace, PRIMARY))

        async def open_backup() -> Link:
            second = make(
                guard=None if guard is None else guard.twin(),
                observe=partial(observe, BACKUP),
                trace=partial(trace, BACKUP),
                backup_of=first,
            )
            await open_link(second, *backup, tls)
            pair.watch(second)
            return second

        await open_link(first, *primary, tls)
        try:
            await first.log_on(scenario)
            pair = FaultTolerantLink(
                first, Standby(first, open_backup, back_off or BackOff(), tell)
            )
            try:
                await pair.standby.begin()
                yield pair
                pair.acknowledge()
            finally:
                await pair.log_out()
        finally:
            try:
                await first.log_out()
            finally:
                first.inbox.close()
