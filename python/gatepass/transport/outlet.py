"""The sending side of a connection: unread data is bounded, in bytes and in time.

A slow reader gets time: a resend continues page by page as it reads, and a caller that sends too
much must wait. A reader that takes nothing is disconnected: it would keep its session forever.
"""

from __future__ import annotations

import asyncio

from gatepass.errors import BacklogError

#: No application message is accepted while more bytes than this are unsent.
MAX_UNSENT = 1 << 20
#: Above this the connection is aborted: the peer asks for answers that it does not read.
MOST_UNSENT = 1 << 22
#: Seconds in which the last bytes of a connection must be sent.
LINGER = 5.0


class Outlet:
    """Writes to a transport."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._written = 0
        #: Bytes that `flush` will write at once.
        self._gathered: list[bytes] | None = None
        #: Not set while the other side reads too slowly; made when that happens first.
        self._free: asyncio.Event | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._gone = False
        #: Whether it has cut the connection because the other side did not read.
        self.has_cut = False

    @property
    def is_full(self) -> bool:
        """Whether the other side reads too slowly."""
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
        """Keep what is written from now on until `flush`."""
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
        """Wait until the other side has read almost everything, or the connection is gone."""
        if self._free is not None:
            await self._free.wait()

    def fill(self, interval: float) -> None:
        """Note that the transport's buffer is full.

        A peer that takes no byte for a whole `interval`, in seconds, is disconnected. It is checked
        once per interval, so it may take two.
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
        """Close when everything is sent, or after `LINGER` seconds."""
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
