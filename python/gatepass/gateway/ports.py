"""The ports of every Session ID. Closed ones are kept on disk; only a call reopens them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Protocol

from gatepass.session.port import Port
from gatepass.storage import Database

#: Session IDs without a key pair have no port at the exchange. Their invalid Logons are still
#: counted, for at most this many: a client that makes up names fills no more memory.
MAX_STRANGERS = 1000


class ClosedPorts(Protocol):
    """The Session IDs whose ports are closed, kept over a restart."""

    def load(self) -> Collection[str]:
        """Return them all."""

    def keep(self, session: str, closed: bool) -> None:
        """Note that the ports of a Session ID are closed, or open again."""


class SqliteClosedPorts:
    """Keeps closed ports in an SQLite file, which may be that of the sessions' numbers.

    Raises `StoreError` if the file cannot be used.
    """

    def __init__(self, path: Path | str) -> None:
        self._file = Database(path, "CREATE TABLE IF NOT EXISTS closed_port (session PRIMARY KEY)")

    def load(self) -> Collection[str]:
        """Return them all."""
        return [row[0] for row in self._file.read("SELECT session FROM closed_port", ())]

    def keep(self, session: str, closed: bool) -> None:
        """Note that the ports of a Session ID are closed, or open again."""
        if closed:
            self._file.write("INSERT OR IGNORE INTO closed_port VALUES (?)", (session,))
        else:
            self._file.write("DELETE FROM closed_port WHERE session = ?", (session,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Ports:
    """Ports by Session ID, the first `length` characters of SenderCompID (49).

    `is_known` tells whether a SenderCompID has a key pair: then its ports are never forgotten.
    Without `closing` all ports stay open, also those that were closed before.
    """

    def __init__(
        self,
        length: int,
        is_known: Callable[[str], bool],
        closed: ClosedPorts | None,
        *,
        closing: bool = True,
    ) -> None:
        self._length = length
        self._is_known = is_known
        self._closing = closing
        self._closed = closed = closed if closing else None
        self._strangers: dict[str, Port] = {}
        self._known = {
            session: Port(closed=True, keep=self._keep(session))
            for session in (() if closed is None else closed.load())
        }

    def session_id(self, name: str) -> str:
        """Return the Session ID of a SenderCompID, or of the beginning of one."""
        return name[: self._length]

    def find(self, name: str) -> Port | None:
        """Return the ports of a SenderCompID, or None if they were never used."""
        session = self.session_id(name)
        return self._known.get(session) or self._strangers.get(session)

    def of(self, name: str) -> Port:
        """Return the ports of a SenderCompID."""
        port = self.find(name)
        if port is None:
            session = self.session_id(name)
            if self._is_known(name):
                port = self._known[session] = self._new(keep=self._keep(session))
            else:
                port = self._strangers[session] = self._new()
                if len(self._strangers) > MAX_STRANGERS:
                    del self._strangers[next(iter(self._strangers))]
        return port

    def admit(self, name: str) -> None:
        """Note that a session has logged on, in case its port was used before it had a key pair."""
        session = self.session_id(name)
        stranger = self._strangers.pop(session, None)
        if stranger is not None:
            stranger.keep = self._keep(session)
            self._known[session] = stranger

    def _new(self, keep: Callable[[bool], None] = lambda _closed: None) -> Port:
        return Port(keep=keep, closing=self._closing)

    def _keep(self, session: str) -> Callable[[bool], None]:
        if self._closed is None:
            return lambda _closed: None
        return partial(self._closed.keep, session)
