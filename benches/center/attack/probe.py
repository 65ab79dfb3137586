"""How long a health check waits, as a monitoring program asks, with a new connection each time."""

from __future__ import annotations

import itertools
import socket
import time
from dataclasses import dataclass, field

PATHS = ("/healthz", "/readyz")
#: Seconds between two requests, and the longest wait for an answer.
EVERY, PATIENCE = 0.02, 10.0


@dataclass
class Waits:
    """Milliseconds that each answer took, and the wrong answers."""

    times: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def within(self, share: float) -> float:
        """Return the milliseconds within which this share of the answers came."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 1e9


def probe(port: int, seconds: float) -> Waits:
    """Ask repeatedly, for ``seconds``."""
    waits = Waits()
    until = time.monotonic() + seconds
    for path in itertools.cycle(PATHS):
        begun = time.monotonic()
        if begun > until:
            return waits
        try:
            answer = _ask(port, path)
        except OSError as error:
            answer = repr(error)
        taken = time.monotonic() - begun
        waits.times.append(1e3 * taken)
        if not answer.startswith("HTTP/1.1 200 "):
            waits.wrong.append(f"{path}: {answer[:60]}")
        time.sleep(max(0.0, EVERY - taken))
    raise AssertionError("a cycle ended")


def _ask(port: int, path: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return connection.recv(4096).decode("latin-1")
