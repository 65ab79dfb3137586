"""Break off what a thread waits for at a socket: from another thread, or when its time is over."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Breaker:
    """Shuts the watched socket down, which ends every wait for it. A socket to come is refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._broken = False

    def watch(self, watched: socket.socket) -> None:
        """Watch this socket in place of the one before. Raises `OSError` once broken off."""
        self.release()
        with self._lock:
            if self._broken:
                raise ConnectionAbortedError("broken off before it was connected")
            # A handle of its own: TLS takes the first one for itself.
            self._handle = watched.dup()

    def release(self) -> None:
        """Watch nothing. Who closes a socket calls this too: the handle keeps it open."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    def after(self, seconds: float) -> threading.Timer:
        """Break off so many seconds from now, unless what is returned is cancelled."""
        timer = threading.Timer(seconds, self._break_off)
        timer.daemon = True
        timer.start()
        return timer

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Break off what the block waits for when it takes longer."""
        timer = self.after(seconds)
        try:
            yield
        finally:
            timer.cancel()

    def _break_off(self) -> None:
        with self._lock:
            self._broken = True
            if self._handle is not None:
                with suppress(OSError):  # the other side was faster
                    self._handle.shutdown(socket.SHUT_RDWR)
