"""Lets time pass for one connection, by its steady clock."""

from __future__ import annotations

from gatepass.transport import Connection


def let_pass(connection: Connection, seconds: float) -> None:
    """Let ``seconds`` pass for a connection, and let its timer fire."""
    before = connection.steady
    connection.steady = lambda: before() + seconds
    connection._fire()
