"""Messages through one established session: gatepass's client, and QuickFIX's initiator."""

from __future__ import annotations

#: An order's fields, as either engine is handed them.
ORDER = (
    (11, "ORDER-1"),
    (21, "1"),
    (38, "10"),
    (40, "2"),
    (44, "5012.25"),
    (54, "1"),
    (55, "ES"),
    (60, "20261123-14:30:00.000"),
)
#: ClOrdID (11) of the message that ends the sending, and of the one that asks for messages.
LAST, GO = "LAST", "GO"
NAME = "ABC004N"


def asking(identifier: str) -> tuple[tuple[int, str], ...]:
    """Give an order's fields with another ClOrdID."""
    return ((11, identifier), *ORDER[1:])
