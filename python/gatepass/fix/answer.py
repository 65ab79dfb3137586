"""What answers one Resend Request, counted as it is sent: the log has a line of it, not 2,500."""

from __future__ import annotations

from dataclasses import dataclass

from gatepass.fix.message import SEQUENCE_RESET, Message

_POSSIBLE_DUPLICATE = b"\x0143=Y\x01"


@dataclass(slots=True)
class Answer:
    """The answer to a request for the messages ``begin`` to ``end``, as far as it has gone out."""

    begin: int
    end: int
    messages: int = 0
    gaps: int = 0

    def count(self, wire: bytes) -> bool:
        """Count a message that goes out; true if it is the answer's last."""
        if _POSSIBLE_DUPLICATE not in wire:
            return False  # a live message between two pages of the answer
        message = Message.parse(wire)
        if message.msg_type == SEQUENCE_RESET:
            self.gaps += 1
            return (message.number(36) or 0) > self.end
        self.messages += 1
        return message.msg_seq_num == self.end

    def __str__(self) -> str:
        gaps = f"{self.gaps} gap{'' if self.gaps == 1 else 's'} filled"
        asked = f"messages {self.begin} to {self.end}, which the client asked for"
        return f"{asked}: {self.messages} sent again, {gaps}"
