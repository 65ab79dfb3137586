"""What goes out: what an application message must be, and how one is sent again or filled in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from gatepass._native import MAX_MESSAGE
from gatepass.errors import FieldError, FramingError
from gatepass.fix.message import ADMIN_TYPES, MAX_DIGITS, SEQUENCE_RESET, Message, encode
from gatepass.fix.sending_time import format_sending_time
from gatepass.session.numbers import SentMessage

#: By how much a message may grow when it is sent again: 43, 122, and longer numbers in 34 and 369.
GROWTH = len("43=Y|122=20260101-00:00:00.000|") + 2 * (MAX_DIGITS - 1)
#: Longest Text (58) that is sent (documented by CME: String(200)).
MAX_TEXT = 200

#: What the session writes into messages besides its role's header: framing, number, duplicates.
OWN_TAGS = frozenset({8, 9, 10, 34, 35, 43, 122})

Fields = Sequence[tuple[int, str]]


def application_message(msg_type: str, header: Fields, fields: Fields) -> bytes:
    """Write an application message; `header` begins behind MsgType (35).

    What it gets a number for cannot be taken back, so all is checked here.

    Raises `FieldError` for a MsgType of the session layer, for a field that the session writes
    itself, a tag that is none, and a value that is empty, no text or not Latin-1, which is what
    FIX here can carry; `FramingError` for fields that make no message (a separator in a value,
    data without its length) or one that is too long, as it is or sent again.
    """
    if msg_type in ADMIN_TYPES:
        words = f"MsgType (35) {msg_type} is the session's own: nothing was sent"
        raise FieldError(words, 35, "MsgType", "illegal")
    own = OWN_TAGS.union(tag for tag, _ in header)
    _check(35, msg_type, ())
    for tag, value in fields:
        _check(tag, value, own)
    wire = encode([(35, msg_type), *header, *fields])
    if len(wire) > MAX_MESSAGE - GROWTH:
        words = f"the message is too long: {len(wire)} bytes, at most {MAX_MESSAGE - GROWTH}"
        raise FramingError(f"{words}: nothing was sent")
    if Message.parse(wire).fields != ((35, msg_type), *header, *fields):
        raise FramingError("a field's value holds the separator (0x01): nothing was sent")
    return wire


def sent_again(kept: SentMessage, header: Fields, now: datetime) -> bytes | None:
    """Write a kept message with PossDupFlag and its first SendingTime in 122.

    ``None`` if it is none, or too long: the header may have grown since, by other settings.
    """
    try:
        message = Message.parse(kept.wire)
    except FramingError:
        return None
    own = OWN_TAGS.union(tag for tag, _ in header)
    body = [(tag, value) for tag, value in message.fields if tag not in own]
    times = [(43, "Y"), (122, message.get(52) or format_sending_time(now))]
    first = [(35, message.msg_type), (34, str(kept.number))]
    wire = encode([*first, *header, *times, *body])
    return wire if len(wire) <= MAX_MESSAGE else None


def gap_fill(begin: int, new: int, header: Fields, now: datetime) -> bytes:
    """Write the Sequence Reset that stands for the messages from `begin` to before `new`."""
    times = [(43, "Y"), (122, format_sending_time(now))]
    first = [(35, SEQUENCE_RESET), (34, str(begin))]
    return encode([*first, *header, *times, (123, "Y"), (36, str(new))])


def reject_fields(message: Message, text: str, tag: int) -> list[tuple[int, str]]:
    """Give the body of a Session Level Reject (35=3)."""
    number = str(message.msg_seq_num or 0)
    return [(45, number), (371, str(tag)), (58, text[:MAX_TEXT])]


def _check(tag: object, value: object, own: Collection[int]) -> None:
    """Raise `FieldError` for a field that is none, or that the session writes (`own`)."""
    # What stands in a tag's place may be anything, a secret too: only a number is named.
    number = tag if isinstance(tag, int) else 0
    rule = "illegal"
    if number < 1:
        words = f"tag {number} is none: a tag is a number from 1 on"
    elif number in own:
        words = f"tag {number} is written by the session: leave it out"
    elif not isinstance(value, str):
        words = f"tag {number} has a value that is no text: give it as a str"
    elif not value:
        rule, words = "empty", f"tag {number} is empty, and FIX has no empty values: leave it out"
    elif not _is_latin(value):
        words = f"tag {number} holds a character that FIX cannot carry (not Latin-1)"
    else:
        return
    raise FieldError(f"{words}: nothing was sent", number, f"tag {number}", rule)


def _is_latin(text: str) -> bool:
    # Text that is ASCII, as most is, knows it already.
    return text.isascii() or max(text) <= "\xff"
