"""Time that passes for one connection, by the clock that nobody sets."""

from __future__ import annotations

from gatepass.transport import Connection


def let_pass(connection: Connection, seconds: float) -> None:
    """Let so many seconds pass for a connection, and its timer fire."""
    before = connection.steady
    connection.steady = lambda: before() + seconds
    connection._fire()
