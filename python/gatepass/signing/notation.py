"""FIX messages as people keep them: one a line or end to end, with SOH or with ``|``.

Cutting a line into messages is left to the native framer; this file only knows lines.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gatepass._native import Framer

SOH = b"\x01"
PIPE = b"|"


def visible(value: bytes) -> str:
    r"""Write a value for people: bytes that cannot be printed become ``\xNN``."""
    return "".join(chr(b) if 0x20 <= b <= 0x7E else f"\\x{b:02x}" for b in value)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of input: its messages in wire form, and how to write an answer alike."""

    number: int
    messages: tuple[bytes, ...]
    piped: bool
    ending: bytes

    def answer(self, messages: tuple[bytes, ...]) -> bytes:
        """Write `messages` in the form in which this line was written."""
        text = b"".join(messages)
        return (text.replace(SOH, PIPE) if self.piped else text) + self.ending


def read_lines(data: bytes | Iterable[bytes]) -> Iterator[Line]:
    """Cut input into lines, without the blank ones; numbers count from 1.

    ``data`` is the whole input, or its lines with their ends, as a binary file gives them. A line
    without any SOH is read with ``|`` in its place.
    """
    lines = io.BytesIO(data) if isinstance(data, bytes) else data
    for number, whole in enumerate(lines, start=1):
        text = whole.removesuffix(b"\n").removesuffix(b"\r")
        if not text.strip():
            continue
        piped = SOH not in text
        wire = text.strip().replace(PIPE, SOH) if piped else text
        yield Line(number, _messages(wire), piped, ending=whole[len(text) :])


def _messages(wire: bytes) -> tuple[bytes, ...]:
    """Messages that stand end to end; anything else stays whole, to be refused with a reason."""
    framer = Framer()
    events = framer.feed(wire)
    whole = tuple(event for event in events if isinstance(event, bytes))
    return whole if len(whole) == len(events) and not framer.pending else (wire,)
