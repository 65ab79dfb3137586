"""How a client's Logon is written: correctly, unless a rehearsal plugs in another writer."""

from __future__ import annotations

from collections.abc import Iterable


class LogonWriter:
    """Writes a correct Logon: the number that is due, all fields, and the signed bytes."""

    __slots__ = ()

    def number(self, due: int) -> int:
        """Return the Logon's MsgSeqNum (34), if `due` is next."""
        return due

    def fields(self, fields: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
        """Return the fields to sign."""
        return fields

    def signed(self, wire: bytes) -> bytes:
        """Return the bytes to send for a signed Logon."""
        return wire
