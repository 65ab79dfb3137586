"""Abort a thread's wait for a socket: from another thread, or after a time limit."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Breaker:
    """Shuts the watched socket down, which ends every wait for it; later sockets are refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._broken = False

    def watch(self, watched: socket.socket) -> None:
        """Watch this socket instead of the one before. Raises `OSError` after an abort."""
        self.release()
        with self._lock:
            if self._broken:
                raise ConnectionAbortedError("aborted before it was connected")
            # A second handle, because TLS takes over the first one.
            self._handle = watched.dup()

    def release(self) -> None:
        """Watch nothing. Call this when you close the socket: the handle keeps it open."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    def after(self, seconds: float) -> threading.Timer:
        """Abort after this many seconds, unless the returned timer is cancelled."""
        timer = threading.Timer(seconds, self._break_off)
        timer.daemon = True
        timer.start()
        return timer

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Abort the block's wait if it takes longer than this."""
        timer = self.after(seconds)
        try:
            yield
        finally:
            timer.cancel()

    def _break_off(self) -> None:
        with self._lock:
            self._broken = True
            if self._handle is not None:
                with suppress(OSError):  # the other side has closed it first
                    self._handle.shutdown(socket.SHUT_RDWR)
