"""How much of a server one client can take."""

from __future__ import annotations

import sys
from dataclasses import dataclass

#: Connections at the same time, where a process may open files enough.
CONNECTIONS = 400


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a server and of each request.

    ``connections`` at the same time. A request's line and headers have ``head`` bytes in
    ``header_lines`` lines at most, and all of it ``request`` bytes, however it is framed; it
    comes within ``arrives_within`` seconds, a TLS handshake likewise. What is answered is taken
    within ``taken_within`` seconds. ``pipelined`` requests wait behind one that is answered.
    ``threads`` make pages at the same time: each more keeps the event loop waiting for Python's
    lock, and a page is no earlier done.
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
    """Return the bounds that leave this process files for its database."""
    return Bounds(connections=min(CONNECTIONS, _open_files() // 2))


def _open_files() -> int:
    """Return how many files this process may have open at the same time."""
    if sys.platform == "win32":
        # Sockets are no files there.
        return 2 * CONNECTIONS
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2 * CONNECTIONS if soft == resource.RLIM_INFINITY else soft
