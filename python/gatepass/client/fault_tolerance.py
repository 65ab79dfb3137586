"""A fault-tolerant link: logged on at the primary and at the backup gateway, trading at one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

from gatepass.arguments import a_wait
from gatepass.causes import Cause
from gatepass.client.link import Link
from gatepass.client.opening import acknowledge_if_well, log_on_to, open_link, prepared
from gatepass.client.plan import Plan
from gatepass.client.standby import Standby
from gatepass.errors import BacklogError, NoConnectionError, SessionEndedError
from gatepass.fix.message import Message
from gatepass.session import effects as fx
from gatepass.session.role import Role


class FaultTolerantLink:
    """Two links of one session and its store; the application's messages use the primary.

    When CME promotes the backup, they use the backup, and the application does nothing. While only
    the backup is not logged on, the session continues without fault tolerance, and `standby` tries
    to log on to the backup again.
    """

    def __init__(self, primary: Link, standby: Standby) -> None:
        self.primary = primary
        self.standby = standby
        #: Done when both connections have ended.
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.watch(primary)

    @property
    def backup(self) -> Link | None:
        """The backup's link, ``None`` while it is lost and the primary continues."""
        return self.standby.link

    def watch(self, link: Link) -> None:
        """Notice when a link ends."""
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
        """The exchange's Logout on the link that trades; on the backup if only that got one."""
        own, backup = self.active.goodbye, self.backup
        ended = own is None and backup is not None and self._is_over()
        return backup.goodbye if backup is not None and ended else own

    @property
    def ending(self) -> SessionEndedError | None:
        """Why the link that trades ended; ``None`` until it does."""
        return self.active.ending

    @property
    def has_ended(self) -> bool:
        """Whether nothing more can be sent, at either gateway."""
        return self.primary.has_ended and (self.backup is None or self.backup.has_ended)

    async def send(self, msg_type: str, fields: list[tuple[int, str]]) -> int:
        """Send an application message; return its number.

        Waits for the end of a failover, and while the gateway is slow to read.

        Raises `NoConnectionError` if both connections have ended, `StoreError` if the message
        could not be stored: then it was not sent.
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
        """Yield the application messages in order, until both connections have ended.

        As `Link.messages`; a failover does not show.
        """
        async for message in self.active.inbox.messages(self._is_over):
            yield message
        self.active.raise_failure()

    def acknowledge(self) -> None:
        """Acknowledge the message delivered last: it will not be delivered again."""
        self.active.acknowledge()

    async def log_out(self, wait: float = 5.0) -> None:
        """Log out of the backup, then of the primary; each takes at most `wait` seconds.

        Raises at once `ArgumentError` for a wrong kind of `wait`.
        """
        a_wait(wait)
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


async def log_on_at_both(plan: Plan, block: AsyncExitStack) -> FaultTolerantLink:
    """Log on to the primary gateway, then to the backup; log out of both at the block's end."""
    assert plan.backup is not None  # noqa: S101
    backup, guard = plan.backup, block.enter_context(prepared(plan))
    first = await log_on_to(plan, guard, block)

    async def open_backup() -> Link:
        second = plan.link(None if guard is None else guard.twin(), backup_of=first)
        await open_link(second, *backup, plan.tls)
        both.watch(second)
        return second

    both = FaultTolerantLink(first, Standby(first, open_backup, plan.back_off, plan.tell))
    block.push_async_callback(both.log_out)
    await both.standby.begin()
    block.push(partial(acknowledge_if_well, both))
    return both
