"""The answer to one Resend Request, counted as it is sent: one line in the log, not 2,500."""

from __future__ import annotations

from dataclasses import dataclass

from gatepass.counting import counted, numbered
from gatepass.fix.message import SEQUENCE_RESET, Message

_POSSIBLE_DUPLICATE = b"\x0143=Y\x01"


@dataclass(slots=True)
class Answer:
    """The answer to a request for messages ``begin`` to ``end``, as far as it has been sent."""

    begin: int
    end: int
    messages: int = 0
    gaps: int = 0

    def count(self, wire: bytes) -> bool:
        """Count a message that is sent; true if it is the last of the answer."""
        if _POSSIBLE_DUPLICATE not in wire:
            return False  # a live message between two pages of the answer
        message = Message.parse(wire)
        if message.msg_type == SEQUENCE_RESET:
            self.gaps += 1
            return (message.number(36) or 0) > self.end
        self.messages += 1
        return message.msg_seq_num == self.end

    def __str__(self) -> str:
        asked = f"{numbered(self.begin, self.end, 'message')}, requested by the client"
        return f"{asked}: {self.messages} sent again, {counted(self.gaps, 'gap')} filled"
