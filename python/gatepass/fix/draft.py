"""A Logon as a person writes it, completed for signing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from gatepass._native import Logon
from gatepass._native import complete_draft as complete
from gatepass.arguments import a_time
from gatepass.errors import FieldError, FramingError
from gatepass.fix.arguments import refuse_separator, whole
from gatepass.fix.notation import PIPE, SOH, Line
from gatepass.fix.sending_time import format_sending_time

#: Tags that signing rewrites or leaves out. A data field of a wrong length ends at the next SOH.
_MADE = (9, 10, 95, 96, 98, 354, 355, 1400, 1401, 1402)
_MADE_FIELDS = re.compile(
    rb"(?<=\x01)(?:%s)=[^\x01]*\x01" % "|".join(map(str, _MADE)).encode("ascii")
)
#: Where one draft ends and the next begins: without a right BodyLength nothing else shows it.
_NEXT = re.compile(rb"(?<=\x01)(?=8=FIX)")


def complete_draft(draft: bytes, *, sending_time: datetime | None = None) -> bytes:
    """Return a message with the BodyLength (9) and CheckSum (10) that its bytes need.

    Both may be wrong, repeated or missing in the draft: signing rewrites them anyway. It also
    rewrites the credentials (354, 355, 1400, 1401, 1402) and drops 95, 96 and 98: if one of these
    makes the message unreadable, they are left out here. `sending_time` replaces SendingTime (52),
    or is inserted in its place. The fields may be separated by SOH or ``|``; the message has SOH.

    Raises `gatepass.errors.FramingError` for a draft that does not begin with BeginString (8) or
    is cut off in its last field, and `gatepass.errors.ArgumentError` for a time without a time
    zone. Signing checks the fields.
    """
    draft = whole(draft)
    if SOH not in draft:
        draft = _closed(draft.strip().replace(PIPE, SOH))
    stamp = None
    if sending_time is not None:
        stamp = format_sending_time(a_time(sending_time, "sending_time"))
    try:
        made = complete(draft, stamp)
        if _is_readable(made):
            return made
    except FramingError:
        refuse_separator(draft)
    return complete(_MADE_FIELDS.sub(b"", draft), stamp)


def _is_readable(message: bytes) -> bool:
    """Return whether no field that signing rewrites makes the message unreadable."""
    try:
        Logon(message)
    except FramingError:
        return False
    except FieldError as error:
        return error.tag not in _MADE
    return True


def drafts(line: Line) -> tuple[bytes, ...]:
    """Return the messages of a line; some may be drafts."""
    return tuple(
        _closed(draft) if line.piped else draft
        for message in line.messages
        for draft in _split(message)
    )


def _split(message: bytes) -> Iterator[bytes]:
    start = 0
    for match in _NEXT.finditer(message):
        yield message[start : match.start()]
        start = match.start()
    yield message[start:]


def _closed(draft: bytes) -> bytes:
    """End the last field: people often leave out the last ``|``."""
    return draft if not draft or draft.endswith(SOH) else draft + SOH
