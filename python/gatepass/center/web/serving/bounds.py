"""How much of a server one client can take."""

from __future__ import annotations

import sys
from dataclasses import dataclass

#: The most connections at the same time, if the process may open enough files.
CONNECTIONS = 400


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a server and of each request.

    There are at most ``connections`` at the same time. The request line and headers have at most
    ``head`` bytes and ``header_lines`` lines, the whole request has at most ``request`` bytes,
    however it is framed. A request or a TLS handshake must be complete after ``arrives_within``
    seconds, and the client must have read the answer after ``taken_within`` seconds. At most
    ``pipelined`` requests wait behind one that is being answered. ``threads`` make pages at the
    same time: with more, the event loop waits for Python's lock, and no page is done earlier.
    """

    connections: int = CONNECTIONS
    head: int = 16 * 1024
    header_lines: int = 100
    request: int = 1024 * 1024
    arrives_within: float = 10.0
    taken_within: float = 30.0
    pipelined: int = 8
    threads: int = 12


def bounds_here() -> Bounds:
    """Return bounds that leave this process enough files for its database."""
    return Bounds(connections=min(CONNECTIONS, _open_files() // 2))


def _open_files() -> int:
    """Return how many files this process may have open at the same time."""
    if sys.platform == "win32":
        # Sockets do not count as files there.
        return 2 * CONNECTIONS
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2 * CONNECTIONS if soft == resource.RLIM_INFINITY else soft
