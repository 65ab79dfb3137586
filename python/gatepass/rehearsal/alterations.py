"""A Logon that is wrong on purpose, to rehearse the exchange's answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gatepass.errors import FieldError
from gatepass.fix.logon_writer import LogonWriter
from gatepass.fix.message import MAX_DIGITS, Message, encode
from gatepass.session.numbers import MAX_RESEND

#: Tags that cannot be altered, and why or what to do instead.
REFUSED = {
    8: "it is written when the message is framed",
    9: "it is counted when the message is framed",
    10: "it is computed when the message is framed",
    35: "with another MsgType the message is not a Logon",
    95: "it is not signed",
    96: "it is not signed",
    98: "it is not signed",
    354: "it is written with the signature",
    355: "it names the key pair: choose another pair",
    1400: "it is written with the signature",
    1401: "it is written with the signature",
    1402: "it is the signature: for a wrong one, use a wrong key",
}
#: Most characters of a value; the longest value in a CME Logon has fewer.
MAX_VALUE = 200
_MSG_SEQ_NUM = 34
_SENDER_COMP_ID = 49


@dataclass(frozen=True, slots=True)
class Alterations(LogonWriter):
    """What to change in one Logon: values for tags, ``None`` to leave a tag out.

    Changed values are signed; for a tag that is left out, its normal value is signed.
    Raises `FieldError` for a tag of the framing or the signature, for one that is named twice, and
    for a value that is empty, too long or not printable ASCII.
    """

    values: tuple[tuple[int, str | None], ...] = ()

    def __post_init__(self) -> None:
        seen: set[int] = set()
        for tag, value in self.values:
            found = _fault(tag, value, seen)
            if found is not None:
                rule, words = found
                message = f"tag {tag} {words}; nothing was sent"
                raise FieldError(message, tag, f"tag {tag}", rule)
            seen.add(tag)

    def number(self, due: int) -> int:
        """Return the session's number for this Logon, if `due` is next.

        A higher MsgSeqNum (34) is used: what it skips is gap-filled when the exchange asks. A lower
        one does not set the session's number back, because those numbers were sent.
        Raises `FieldError` for one that leaves a larger gap than a Resend Request can cover.
        """
        value = dict(self.values).get(_MSG_SEQ_NUM) or ""
        is_number = value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS
        number = max(due, int(value)) if is_number else due
        if number - due > MAX_RESEND:
            words = (
                f"MsgSeqNum (34) {number} leaves a gap of more than {MAX_RESEND} messages, the most"
                f" for one Resend Request: give at most {due + MAX_RESEND}; nothing was sent"
            )
            raise FieldError(words, _MSG_SEQ_NUM, "MsgSeqNum", "illegal")
        return number

    def check_sender(self, own: str) -> None:
        """Raise `FieldError` if the Logon would have the SenderCompID (49) of another session.

        Only the last character of `own`, the Fault Tolerance Indicator, can be altered.
        """
        wanted = dict(self.values).get(_SENDER_COMP_ID) or own
        if wanted[:-1] != own[:-1]:
            words = "only its last character can be altered; for another session, log on with that"
            message = f"SenderCompID (49) is {own}: {words}; nothing was sent"
            raise FieldError(message, _SENDER_COMP_ID, "SenderCompID", "illegal")

    def fields(self, fields: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
        """Return the fields to sign: values replaced in their place, or added at the end.

        Raises `FieldError` as `check_sender` does.
        """
        fields = list(fields)
        self.check_sender(dict(fields)[_SENDER_COMP_ID])
        values = {tag: value for tag, value in self.values if value is not None}
        kept = [(tag, values.pop(tag, value)) for tag, value in fields]
        return [*kept, *values.items()]

    def signed(self, wire: bytes) -> bytes:
        """Return a signed message without the tags that are left out."""
        left_out = {tag for tag, value in self.values if value is None}
        if not left_out:
            return wire
        return encode(field for field in Message.parse(wire).fields if field[0] not in left_out)


def _fault(tag: int, value: str | None, seen: set[int]) -> tuple[str, str] | None:
    """Find what is wrong with an alteration: the rule, and its text."""
    if tag in REFUSED:
        return "illegal", f"cannot be altered: {REFUSED[tag]}"
    if tag in seen:
        return "repeated", "is named twice"
    if not 0 < tag < 10**MAX_DIGITS:
        return "illegal", "cannot be altered: a tag is a number of up to nine digits, from 1"
    if value == "":
        return "empty", "has an empty value, which FIX does not allow: leave the tag out"
    if value is not None and len(value) > MAX_VALUE:
        return "too long", f"has a value of more than {MAX_VALUE} characters"
    if value is not None and not (value.isascii() and value.isprintable()):
        return "illegal", "has a value that is not printable ASCII"
    return None
