"""The way out of a connection: what the other side does not read is bounded, in bytes and in time.

A slow reader is waited for: a resend goes on page by page as it reads, and whoever sends too much
is told to wait. One that reads nothing is cut off, or it would hold its session for ever.
"""

from __future__ import annotations

import asyncio

from gatepass.errors import BacklogError

#: No further application message is taken while more bytes than this are unsent.
MAX_UNSENT = 1 << 20
#: Beyond this many the connection is cut: a peer has asked for answers that it does not read.
MOST_UNSENT = 1 << 22
#: Seconds in which the last words of a connection must be out.
LINGER = 5.0


class Outlet:
    """Writes to a transport."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._written = 0
        #: What is written at once, while it is gathered.
        self._gathered: list[bytes] | None = None
        #: Not set while the other side is behind with reading; most never are.
        self._free: asyncio.Event | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._gone = False
        #: Whether it has cut the connection because the other side did not read.
        self.has_cut = False

    @property
    def is_full(self) -> bool:
        """Whether the other side is behind with reading."""
        return self._free is not None and not self._free.is_set()

    @property
    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._gone or self._transport.is_closing()

    def write(self, wire: bytes) -> None:
        """Send bytes; nothing happens once the connection is closing."""
        if self._gathered is not None:
            self._gathered.append(wire)
            return
        if self.is_closing:
            return
        self._transport.write(wire)
        self._written += len(wire)
        if self._transport.get_write_buffer_size() > MOST_UNSENT:
            self._cut()

    def gather(self) -> None:
        """Have what is written from now on wait for `flush`."""
        self._gathered = []

    def flush(self) -> None:
        """Send what was gathered as one piece."""
        gathered, self._gathered = self._gathered, None
        if gathered:
            self.write(b"".join(gathered))

    def refuse_backlog(self) -> None:
        """Raise `BacklogError` if more than `MAX_UNSENT` bytes are unsent."""
        if not self.is_closing and self._transport.get_write_buffer_size() > MAX_UNSENT:
            raise BacklogError(self._transport.get_write_buffer_size())

    async def drained(self) -> None:
        """Wait until the other side has read almost all, or the connection is gone."""
        if self._free is not None:
            await self._free.wait()

    def fill(self, interval: float) -> None:
        """Note that the transport holds more than it wants to.

        A peer that takes no byte for a whole `interval`, in seconds, is cut off. It is looked at
        once an interval, so it may take two.
        """
        self._free = self._free or asyncio.Event()
        self._free.clear()
        self._watch(interval)

    def free(self) -> None:
        """Note that the transport has room again."""
        if self._free is not None:
            self._free.set()
        self._stop()

    def close(self) -> None:
        """Close once all is sent, or when `LINGER` is over."""
        self.flush()
        self._transport.close()
        if not self._gone:
            self._stop()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(LINGER, self._transport.abort)

    def lost(self) -> None:
        """Note that the connection is gone."""
        self._gone = True
        self.free()

    @property
    def _taken(self) -> int:
        return self._written - self._transport.get_write_buffer_size()

    def _watch(self, interval: float) -> None:
        loop = asyncio.get_running_loop()
        self._stop()
        self._timer = loop.call_later(interval, self._look, interval, self._taken)

    def _look(self, interval: float, taken: int) -> None:
        if self._taken == taken:
            self._cut()
        else:
            self._watch(interval)

    def _cut(self) -> None:
        self.has_cut = True
        self._transport.abort()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
