"""The argument that a caller passes as a message."""

from __future__ import annotations

import re

from gatepass._native import Logon
from gatepass.arguments import refuse
from gatepass.errors import FramingError
from gatepass.fix.notation import PIPE, SOH, visible

#: The separator between the first two fields, if it is not SOH.
_SEPARATOR = re.compile(rb"\s*8=FIXT?\.[0-9]\.[0-9](\\x01|\\001|[^0-9\x01]+)[0-9]{1,5}=")


def whole(logon: object) -> bytes:
    """Return a message's bytes. Raises `FramingError` for anything else, such as a text."""
    if isinstance(logon, bytes):
        return logon
    if isinstance(logon, (bytearray, memoryview)):
        return bytes(logon)
    hint = "encode it, as in text.encode('latin-1')" if isinstance(logon, str) else "give its bytes"
    raise FramingError(f"a Logon is bytes, not {type(logon).__name__}: {hint}")


def read_logon(message: bytes) -> Logon:
    """Read a Logon. Raises `LogonError`, which names a wrong separator."""
    try:
        return Logon(message)
    except FramingError:
        refuse_separator(message)
        raise


def refuse_separator(message: bytes) -> None:
    """Raise `FramingError` if the fields are not separated by SOH."""
    # A draft's last field may already end in SOH.
    match = None if SOH in message[:-1] else _SEPARATOR.match(message)
    if match is None:
        return
    found = match[1]
    call = f"logon.replace({found!r}, b'\\x01')"
    if found == PIPE:
        call = f"gatepass.fix.complete_draft(logon), or {call} if 9 and 10 are right"
    words = f"the fields are separated by '{visible(found)}', not by SOH (0x01): use SOH"
    raise FramingError(f"{words}, in Python with {call}")


def flag(value: object, argument: str) -> bool:
    """Return a flag. Raises `ArgumentError` for anything but True or False."""
    if not isinstance(value, bool):
        raise refuse(argument, value, "True or False")
    return value
