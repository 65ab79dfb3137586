"""What a gateway tells its operator."""

from __future__ import annotations

from dataclasses import dataclass, field

from gatepass.keys.likely_secret import hidden


@dataclass(frozen=True, slots=True)
class Report:
    """One thing a gateway decided: for its log and its operator, never for the client.

    A client may have put its Secret Key where its name belongs: what may be one is not shown.
    ``logon`` is the Logon that was refused, as `gatepass.gateway.refusals` writes it: with its
    signature, without anything secret.
    """

    what: str
    sender_comp_id: str
    detail: str
    logon: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sender_comp_id", hidden(self.sender_comp_id, 49))

    @classmethod
    def of_client(cls, what: str, sender_comp_id: str, detail: str, logon: str = "") -> Report:
        """Report something in words of which some may be a client's."""
        return cls(what, sender_comp_id, hidden(detail), logon)
