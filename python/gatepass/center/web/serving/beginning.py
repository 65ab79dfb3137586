"""What the first bytes of a connection say: whether all of its beginning came, and who asks.

Only that is judged here; all else is left to what reads them.
"""

from __future__ import annotations

from typing import Final

#: How a request begins whose sender decides whether this process lives on. It is nobody's right:
#: all that it gives is an earlier turn.
_HEALTH: Final = (b"GET /healthz", b"GET /readyz")
#: How a head ends, also by those who leave out a character: they are refused at once.
_ENDS: Final = (b"\r\n\r\n", b"\n\n")
#: Bytes before what a TLS record contains; the last two of them are its length. And the first byte
#: of one with which a connection begins.
_RECORD: Final = 5
_HANDSHAKE: Final = 22
#: A client's hello of more bytes is not waited for.
_HELLO: Final = 2048


def is_health_check(begun: bytes) -> bool:
    """Tell whether a request asks for this process' health."""
    return begun.startswith(_HEALTH)


def wanted_of_request(begun: bytes, most: int) -> int:
    """Return how many bytes must have come before there is more to see; 0: go on with these.

    That is once a head has come to its end, or ``most`` bytes did, or where it is no request.
    """
    is_request = begun[:1].isalpha() or begun[:1] in (b"\r", b"\n")
    if not is_request or len(begun) >= most or any(end in begun for end in _ENDS):
        return 0
    return len(begun) + 1


def wanted_of_hello(begun: bytes, most: int) -> int:
    """Return the same of a TLS connection, whose first record is what a client says first."""
    if begun[0] != _HANDSHAKE:
        return 0
    size = _RECORD
    if len(begun) >= _RECORD:
        size += int.from_bytes(begun[_RECORD - 2 : _RECORD], "big")
    wanted = min(size, _HELLO, most)
    return wanted if len(begun) < wanted else 0
