"""What the first bytes of a connection show: whether its head is complete, or a health check.

Nothing else is judged here; the protocol parses the bytes.
"""

from __future__ import annotations

from typing import Final

#: How a health check begins. Any client can send this: it only gets an earlier turn by it.
_HEALTH: Final = (b"GET /healthz", b"GET /readyz")
#: How a head ends; the second form is wrong, and the protocol refuses it at once.
_ENDS: Final = (b"\r\n\r\n", b"\n\n")
#: Bytes of a TLS record's header, whose last two are the record's length.
_RECORD: Final = 5
#: The first byte of a handshake record, and so of a TLS connection.
_HANDSHAKE: Final = 22
#: The most bytes of a ClientHello that are waited for.
_HELLO: Final = 2048


def is_health_check(begun: bytes) -> bool:
    """Tell whether a request is a health check."""
    return begun.startswith(_HEALTH)


def wanted_of_request(begun: bytes, most: int) -> int:
    """Return how many bytes to wait for; 0 if those here are enough.

    They are enough if the head is complete, if there are ``most`` of them, or if they are not the
    start of a request.
    """
    is_request = begun[:1].isalpha() or begun[:1] in (b"\r", b"\n")
    if not is_request or len(begun) >= most or any(end in begun for end in _ENDS):
        return 0
    return len(begun) + 1


def wanted_of_hello(begun: bytes, most: int) -> int:
    """Return the same for a TLS connection, whose first record contains the ClientHello."""
    if begun[0] != _HANDSHAKE:
        return 0
    size = _RECORD
    if len(begun) >= _RECORD:
        size += int.from_bytes(begun[_RECORD - 2 : _RECORD], "big")
    wanted = min(size, _HELLO, most)
    return wanted if len(begun) < wanted else 0
