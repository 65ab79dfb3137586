"""What a gateway tells its operator."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Report:
    """One thing a gateway decided: for its log and its operator, never for the client.

    ``logon`` is the Logon that was refused, as `gatepass.gateway.refusals` writes it: with its
    signature, without anything secret.
    """

    what: str
    sender_comp_id: str
    detail: str
    logon: str = field(default="", repr=False)
