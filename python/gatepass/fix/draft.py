"""A Logon as a person writes it, made whole for signing."""

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

#: What signing makes new or leaves out. A data field of a wrong length ends at the next SOH.
_MADE = (9, 10, 95, 96, 98, 354, 355, 1400, 1401, 1402)
_MADE_FIELDS = re.compile(
    rb"(?<=\x01)(?:%s)=[^\x01]*\x01" % "|".join(map(str, _MADE)).encode("ascii")
)
#: Where one draft ends and the next begins: without a true BodyLength nothing else tells.
_NEXT = re.compile(rb"(?<=\x01)(?=8=FIX)")


def complete_draft(draft: bytes, *, sending_time: datetime | None = None) -> bytes:
    """Give a message with the BodyLength (9) and CheckSum (10) that its bytes need.

    Both may be wrong in the draft, twice or missing: signing makes them new anyway. So are the
    credentials (354, 355, 1400, 1401, 1402), and 95, 96 and 98 go: where the message cannot be read
    for one of these, they are left out here. `sending_time` is put in the place of SendingTime
    (52), or where it belongs if there is none. SOH or ``|`` may stand between the fields; the
    message has SOH.

    Raises `gatepass.errors.FramingError` for what does not begin with BeginString (8) or is cut off
    in its last field, and `gatepass.errors.ArgumentError` for a time without a time zone. What is
    wrong with a field is found by signing.
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
    """Tell whether nothing that signing makes anew keeps the message from being read."""
    try:
        Logon(message)
    except FramingError:
        return False
    except FieldError as error:
        return error.tag not in _MADE
    return True


def drafts(line: Line) -> tuple[bytes, ...]:
    """Give the messages of a line, of which some may be drafts."""
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
    """Close the last field: behind it, nobody misses a ``|``."""
    return draft if not draft or draft.endswith(SOH) else draft + SOH
