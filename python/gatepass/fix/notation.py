"""FIX messages as people store them: one per line or end to end, with SOH or with ``|``.

The native framer splits a line into messages; this file only knows lines.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gatepass._native import MAX_MESSAGE, Framer

SOH = b"\x01"
PIPE = b"|"


def visible(value: bytes) -> str:
    r"""Write a value for people: unprintable bytes become ``\xNN``."""
    text = value.decode("latin-1")
    if text.isascii() and text.isprintable():  # nearly always
        return text
    return "".join(chr(b) if 0x20 <= b <= 0x7E else f"\\x{b:02x}" for b in value)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of input: its messages in wire form, and the form for an answer."""

    number: int
    messages: tuple[bytes, ...] = field(repr=False)
    piped: bool
    ending: bytes

    def answer(self, messages: tuple[bytes, ...]) -> bytes:
        """Write `messages` in the same form as this line."""
        text = b"".join(messages)
        return (text.replace(SOH, PIPE) if self.piped else text) + self.ending


def read_lines(data: bytes | Iterable[bytes]) -> Iterator[Line]:
    """Split input into lines and skip blank ones; line numbers start at 1.

    ``data`` is the whole input, or its lines with their line ends, as a binary file yields them. In
    a line without any SOH, ``|`` is read as SOH. A line feed inside a data field does not end a
    line.
    """
    lines = io.BytesIO(data) if isinstance(data, bytes) else data
    held, first = b"", 1
    for number, whole in enumerate(lines, start=1):
        if held and (whole.startswith(b"8=FIX") or not whole.strip()):
            yield from _line(first, held)
            held = b""
        held, first = (held + whole, first) if held else (whole, number)
        # Only an unfinished message waits for more: a pipe's whole lines are answered at once.
        if not _is_unfinished(held):
            yield from _line(first, held)
            held = b""
    yield from _line(first, held)


def _line(number: int, whole: bytes) -> Iterator[Line]:
    text = whole.removesuffix(b"\n").removesuffix(b"\r")
    if text.strip():
        piped = SOH not in text
        wire = text.strip().replace(PIPE, SOH) if piped else text
        yield Line(number, _messages(wire), piped, ending=whole[len(text) :])


def _is_unfinished(text: bytes) -> bool:
    """Return whether the last message may continue after a line feed in a data field."""
    if SOH not in text or len(text) > MAX_MESSAGE:
        return False
    framer = Framer()
    framer.feed(text)
    return framer.pending > len(b"8=FIX")


def _messages(wire: bytes) -> tuple[bytes, ...]:
    """Split messages that follow each other; keep other bytes between them, to be refused."""
    framer = Framer()
    whole = [event for event in framer.feed(wire) if isinstance(event, bytes)]
    pieces, at = [], 0
    for message in whole:
        start = wire.index(message, at)
        pieces += [wire[at:start], message]
        at = start + len(message)
    pieces.append(wire[at:])
    return tuple(piece for piece in pieces if piece.strip())
