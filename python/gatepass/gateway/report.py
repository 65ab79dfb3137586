"""What a gateway tells its operator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """One thing a gateway decided: for its log and its operator, never for the client."""

    what: str
    sender_comp_id: str
    detail: str
