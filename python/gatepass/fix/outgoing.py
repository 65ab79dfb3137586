"""Outgoing messages: the rules for an application message, and how to resend or gap-fill one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from gatepass._native import MAX_MESSAGE, read_fields
from gatepass.errors import FieldError, FramingError
from gatepass.fix.message import ADMIN_TYPES, MAX_DIGITS, SEQUENCE_RESET, Message, encode
from gatepass.fix.sending_time import format_sending_time
from gatepass.session.numbers import SentMessage

#: How much a message may grow when it is resent: 43, 122, and longer numbers in 34 and 369.
GROWTH = len("43=Y|122=20260101-00:00:00.000|") + 2 * (MAX_DIGITS - 1)
#: Longest Text (58) that is sent (documented by CME: String(200)).
MAX_TEXT = 200

#: Tags that the session writes besides its role's header: framing, number, duplicates.
OWN_TAGS = frozenset({8, 9, 10, 34, 35, 43, 122})

Fields = Sequence[tuple[int, str]]


def application_message(msg_type: str, header: Fields, fields: Fields) -> bytes:
    """Write an application message; `header` begins after MsgType (35).

    A number that is used cannot be taken back, so everything is checked here.

    Raises `FieldError` for a MsgType of the session layer, a field that the session writes itself,
    an invalid tag, and a value that is empty, not text or not Latin-1, the only characters that
    this FIX can carry; `FramingError` for fields that are not a valid message (a separator in a
    value, data without its length), or for a message that is too long now or when resent.
    """
    if msg_type in ADMIN_TYPES:
        words = f"MsgType (35) {msg_type} belongs to the session layer; nothing was sent"
        raise FieldError(words, 35, "MsgType", "illegal")
    own = OWN_TAGS.union(tag for tag, _ in header)
    _check(35, msg_type, ())
    for tag, value in fields:
        _check(tag, value, own)
    wire = encode([(35, msg_type), *header, *fields])
    if len(wire) > MAX_MESSAGE - GROWTH:
        words = f"the message is too long: {len(wire)} bytes, at most {MAX_MESSAGE - GROWTH}"
        raise FramingError(f"{words}; nothing was sent")
    if read_fields(wire) != ((35, msg_type), *header, *fields):
        raise FramingError("a field's value contains the separator (0x01); nothing was sent")
    return wire


def sent_again(kept: SentMessage, header: Fields, now: datetime) -> bytes | None:
    """Write a stored message with PossDupFlag and its first SendingTime in 122.

    ``None`` if it is not a message, or too long: new settings may have made the header longer.
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
    """Write the Sequence Reset that replaces messages `begin` up to but not including `new`."""
    times = [(43, "Y"), (122, format_sending_time(now))]
    first = [(35, SEQUENCE_RESET), (34, str(begin))]
    return encode([*first, *header, *times, (123, "Y"), (36, str(new))])


def reject_fields(message: Message, text: str, tag: int) -> list[tuple[int, str]]:
    """Return the body of a Session Level Reject (35=3)."""
    number = str(message.msg_seq_num or 0)
    return [(45, number), (371, str(tag)), (58, text[:MAX_TEXT])]


def _check(tag: object, value: object, own: Collection[int]) -> None:
    """Raise `FieldError` for an invalid field, or one that the session writes (`own`)."""
    # Instead of a tag there may be anything, even a secret: only a number is shown.
    number = tag if isinstance(tag, int) else 0
    rule = "illegal"
    if number < 1:
        words = f"tag {number} is invalid: a tag is a number from 1"
    elif number in own:
        words = f"tag {number} is written by the session: leave it out"
    elif not isinstance(value, str):
        words = f"tag {number} has a value that is not text: give it as a str"
    elif not value:
        rule = "empty"
        words = f"tag {number} has an empty value, which FIX does not allow: leave it out"
    elif not _is_latin(value):
        words = f"tag {number} contains a character that FIX cannot carry (not Latin-1)"
    else:
        return
    raise FieldError(f"{words}; nothing was sent", number, f"tag {number}", rule)


def _is_latin(text: str) -> bool:
    # Fast for ASCII text, which knows that it is ASCII.
    return text.isascii() or max(text) <= "\xff"
