"""One FIX message: its fields in order, read by the native scanner, written with 9 and 10."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepass._native import Message as NativeMessage
from gatepass._native import write_fields

if TYPE_CHECKING:
    from typing import Self

BEGIN_STRING = "FIX.4.2"
#: Most digits of a number in a message (documented by CME: Int(9)).
MAX_DIGITS = 9

#: Message types of the session layer; everything else is an application message.
HEARTBEAT = "0"
TEST_REQUEST = "1"
RESEND_REQUEST = "2"
REJECT = "3"
SEQUENCE_RESET = "4"
LOGOUT = "5"
LOGON = "A"
ADMIN_TYPES = frozenset(
    {HEARTBEAT, TEST_REQUEST, RESEND_REQUEST, REJECT, SEQUENCE_RESET, LOGOUT, LOGON}
)
#: Tags of the header that a session reads in every message.
_HEADER = frozenset({34, 43, 49, 50, 52, 56, 57, 122, 142, 143, 369})
#: What it reads of each message of the session layer besides. In an application message such tags
#: may be those of a repeating group.
_READ: dict[str, frozenset[int]] = {
    HEARTBEAT: _HEADER | {112},
    TEST_REQUEST: _HEADER | {112},
    RESEND_REQUEST: _HEADER | {7, 16},
    REJECT: _HEADER | {45, 58, 371},
    SEQUENCE_RESET: _HEADER | {36, 123},
    LOGOUT: _HEADER | {58, 789},
    LOGON: _HEADER | {108, 141, 355, 1400, 1402, 1603, 1604, 1605},
}


class Message(NativeMessage):
    """One whole message, and what the session layer asks of it.

    A field becomes an object when it is asked for: a session reads a few of them, and keeps some
    messages for long. Raises `gatepass.errors.FramingError` for anything else.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, wire: bytes) -> Self:
        """Read one whole message. Raises `gatepass.errors.FramingError`."""
        return cls(wire)

    @property
    def repeated(self) -> int | None:
        """A tag that the session reads once and that occurs twice; ``None`` if there is none.

        Two readers could take either value.
        """
        if not self.has_repeated_tags:
            return None
        read = _READ.get(self.msg_type, _HEADER)
        seen: set[int] = set()
        for tag, _ in self.fields:
            if tag in seen and tag in read:
                return tag
            seen.add(tag)
        return None

    @property
    def begin_string(self) -> str:
        """BeginString (8) of the message it was read from."""
        return self.wire[2 : self.wire.find(b"\x01")].decode("latin-1")

    @property
    def sender_comp_id(self) -> str:
        """SenderCompID (49); empty if it is missing."""
        return self.get(49) or ""

    @property
    def is_admin(self) -> bool:
        """Whether it belongs to the session layer."""
        return self.msg_type in ADMIN_TYPES

    @property
    def is_gap_fill(self) -> bool:
        """Whether it is a Sequence Reset that replaces messages (GapFillFlag, 123, is ``Y``)."""
        return self.msg_type == SEQUENCE_RESET and self.get(123) == "Y"

    @property
    def is_possible_duplicate(self) -> bool:
        """Whether PossDupFlag (43) is ``Y``."""
        return self.get(43) == "Y"


#: Write a message of these fields, MsgType first, with BeginString, BodyLength and CheckSum.
encode = write_fields
