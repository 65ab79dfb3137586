"""What a gateway reports to its operator."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from gatepass.keys.likely_secret import hidden
from gatepass.values import value


class Event(StrEnum):
    """What happened. Each value is its name in logs and in ``--json``."""

    LOGGED_ON = "logged on"
    REFUSED = "refused"
    LOGOUT = "logout"
    CLOSE = "close"
    LOST = "lost"
    MESSAGE = "message"
    REJECTED = "rejected"
    GARBLED = "garbled"
    GAP = "gap"
    RESENT = "resent"
    NOT_RESENT = "not resent"
    RESET = "reset"
    FAILED_OVER = "failed over"
    FAULT = "fault"
    KEYS = "keys"
    STORE = "store"
    NO_ROOM = "no room"
    #: Reported by the program that runs the gateway.
    OPERATOR = "operator"
    REOPENED = "reopened"
    SENT = "sent"
    PORT_CLOSED = "port closed"
    NOT_SHOWN = "not shown"


@value
class Report:
    """One event of a gateway: for its log and its operator, never for the client.

    A client may have put its Secret Key into the field for its name: what may be one is hidden.
    ``logon`` is the refused Logon, as `gatepass.fix.refusals` writes it: with its signature,
    without anything secret.
    """

    what: Event
    sender_comp_id: str
    detail: str
    logon: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sender_comp_id", hidden(self.sender_comp_id, 49))

    @classmethod
    def of_client(cls, what: Event, sender_comp_id: str, detail: str, logon: str = "") -> Report:
        """Make a report whose text may contain values that a client sent."""
        return cls(what, sender_comp_id, hidden(detail), logon)
