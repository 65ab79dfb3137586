"""The two names on a key pair: which pair it is, and whose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gatepass.errors import FieldError

if TYPE_CHECKING:
    from typing import Self

#: 355 is Data(32). Whether ``-`` and ``_`` occur: CME's rule is not public, they are accepted.
MAX_ACCESS_KEY_ID_LENGTH = 32
#: iLink and CME's own key check take the left-most 3 characters of tag 49, Drop Copy takes 6.
SESSION_ID_LENGTHS = (3, 6)

_ACCESS_KEY_ID = re.compile(r"[A-Za-z0-9_-]+")
_SESSION_ID = re.compile(r"[A-Za-z0-9]+")


class AccessKeyId(str):
    """The public half of a key pair, as it travels in tag 355.

    1 to 32 characters of ``A-Z a-z 0-9 - _``. Raises `FieldError` for any other text,
    without quoting it: it may be a secret key that was put in the wrong place.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check the text."""
        if not isinstance(text, str):
            raise _refusal("illegal", f"is of type {type(text).__name__}: give it as text")
        if not text:
            raise _refusal("empty", "is empty: give it a value")
        if len(text) > MAX_ACCESS_KEY_ID_LENGTH:
            raise _refusal(
                "too long", f"is too long: at most {MAX_ACCESS_KEY_ID_LENGTH} characters"
            )
        if not _ACCESS_KEY_ID.fullmatch(text):
            raise _refusal("illegal", "contains an illegal character: use A-Z a-z 0-9 - _ only")
        return super().__new__(cls, text)


class SessionId(str):
    """The left-most characters of SenderCompID (49): credentials are checked at this level.

    3 characters (iLink, and CME's key check) or 6 (Drop Copy) of ``A-Z a-z 0-9``. Raises
    `FieldError` for any other text.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check the text."""
        if not isinstance(text, str):
            raise _no_session(f"is of type {type(text).__name__}: give it as text", "illegal")
        if len(text) not in SESSION_ID_LENGTHS or not _SESSION_ID.fullmatch(text):
            raise _no_session(
                "must be 3 or 6 characters of A-Z a-z 0-9", "illegal" if text else "empty"
            )
        return super().__new__(cls, text)

    @classmethod
    def of(cls, sender_comp_id: str) -> Self:
        """Return the iLink Session ID of a SenderCompID: its first three characters."""
        return cls(sender_comp_id[:3] if isinstance(sender_comp_id, str) else sender_comp_id)

    def serves(self, sender_comp_id: str) -> bool:
        """Tell whether a SenderCompID belongs to this session: it starts with it."""
        return sender_comp_id.startswith(self)


def _no_session(complaint: str, rule: str) -> FieldError:
    words = f"Session ID, the start of SenderCompID (49), {complaint}"
    return FieldError(words, tag=49, name="SenderCompID", rule=rule)


def _refusal(rule: str, complaint: str) -> FieldError:
    return FieldError(f"Access Key ID (355) {complaint}", tag=355, name="EncodedText", rule=rule)
