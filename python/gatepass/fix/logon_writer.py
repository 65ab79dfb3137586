"""How a client's Logon is written: as it should be, unless a rehearsal plugs in another writer."""

from __future__ import annotations

from collections.abc import Iterable


class LogonWriter:
    """Writes a Logon as it should be: the number that is due, its fields, and what is signed."""

    __slots__ = ()

    def number(self, due: int) -> int:
        """Give the Logon's MsgSeqNum (34), where `due` is next."""
        return due

    def fields(self, fields: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
        """Give the fields to sign."""
        return fields

    def signed(self, wire: bytes) -> bytes:
        """Give the bytes to send, of a Logon that is signed."""
        return wire
