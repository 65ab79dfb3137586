"""Signed Logons among the bytes of a client that were no message: a wrong CheckSum, a cut end.

Nobody judges them, and who overheard one may make it right: no signature covers that.
"""

from __future__ import annotations

from gatepass._native import Framer

_BEGIN = b"8=FIX"
#: Bytes that are kept of a client that is not logged on, and how often they are looked at. A flood
#: of garbage costs no more than that.
MOST_BYTES = 4096
MOST_LOOKS = 4


class Heard:
    """The last bytes that came before a Logon was accepted."""

    def __init__(self) -> None:
        self._bytes = b""
        self._looks = 0

    def add(self, data: bytes) -> None:
        """Keep bytes as they came."""
        self._bytes = (self._bytes + data)[-MOST_BYTES:]

    def look(self, *, may_go_on: bool) -> list[bytes]:
        """Give what was no message. What is one is judged, and so is what may still become one."""
        if self._looks == MOST_LOOKS:
            return []
        self._looks += 1
        pieces = self._bytes.split(_BEGIN)[-MOST_LOOKS:]
        wires = [_BEGIN + piece for piece in (pieces[:-1] if may_go_on else pieces)]
        return [wire for wire in wires if not _has_message(wire)]

    def forget(self) -> None:
        """Forget it all: a Logon was accepted."""
        self._bytes = b""


def _has_message(wire: bytes) -> bool:
    return any(isinstance(event, bytes) for event in Framer().feed(wire))
