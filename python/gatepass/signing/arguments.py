"""What a caller hands in for a message."""

from __future__ import annotations

from gatepass.errors import FramingError


def whole(logon: object) -> bytes:
    """Give a message's bytes. Raises `FramingError` for what has none, a text for example."""
    if isinstance(logon, bytes):
        return logon
    if isinstance(logon, (bytearray, memoryview)):
        return bytes(logon)
    hint = "encode it, as in text.encode('latin-1')" if isinstance(logon, str) else "give its bytes"
    raise FramingError(f"a Logon is bytes, not {type(logon).__name__}: {hint}")
