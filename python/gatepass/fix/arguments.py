"""What a caller hands in for a message."""

from __future__ import annotations

import re

from gatepass._native import Logon
from gatepass.arguments import refuse
from gatepass.errors import FramingError
from gatepass.fix.notation import PIPE, SOH, visible

#: What stands between the first two fields, where it is not SOH.
_SEPARATOR = re.compile(rb"\s*8=FIXT?\.[0-9]\.[0-9](\\x01|\\001|[^0-9\x01]+)[0-9]{1,5}=")


def whole(logon: object) -> bytes:
    """Give a message's bytes. Raises `FramingError` for what has none, a text for example."""
    if isinstance(logon, bytes):
        return logon
    if isinstance(logon, (bytearray, memoryview)):
        return bytes(logon)
    hint = "encode it, as in text.encode('latin-1')" if isinstance(logon, str) else "give its bytes"
    raise FramingError(f"a Logon is bytes, not {type(logon).__name__}: {hint}")


def read_logon(message: bytes) -> Logon:
    """Read a Logon. Raises `LogonError`, which names a separator that is not SOH."""
    try:
        return Logon(message)
    except FramingError:
        refuse_separator(message)
        raise


def refuse_separator(message: bytes) -> None:
    """Raise `FramingError` if something else than SOH stands between the fields."""
    # A draft's last field may have been closed already.
    match = None if SOH in message[:-1] else _SEPARATOR.match(message)
    if match is None:
        return
    found = match[1]
    call = f"logon.replace({found!r}, b'\\x01')"
    if found == PIPE:
        call = f"gatepass.fix.complete_draft(logon), or {call} where 9 and 10 are right"
    words = f"the fields are separated by '{visible(found)}', not by SOH (0x01): put SOH there"
    raise FramingError(f"{words}, in Python with {call}")


def flag(value: object, argument: str) -> bool:
    """Give a switch. Raises `ArgumentError` for what is neither True nor False."""
    if not isinstance(value, bool):
        raise refuse(argument, value, "True or False")
    return value
