"""The kinds of gateway: CGW, MSGW with its market segment, and Drop Copy of either."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from gatepass.arguments import refuse
from gatepass.errors import ArgumentError

_KIND = re.compile(r"cgw|(dropcopy|msgw):([0-9]{2})|dropcopy")
_NAMES = "cgw, msgw:NN (a two-digit segment), dropcopy or dropcopy:NN"


@dataclass(frozen=True, slots=True)
class Kind:
    """A gateway's value for tag 50, the clients' value for 57, and its other rules.

    ``resend_window`` is how long it can resend a message, ``None`` for the whole week;
    ``failover_jump`` is how far its numbers rise when another machine takes over. If it is not
    ``fault_tolerant``, every SenderCompID (49) ends in N, and a client logs on to the backup after
    the primary has failed. ``session_id_length`` is the number of characters of SenderCompID that
    form the Session ID, whose ports close together. CME documents all four for Drop Copy.
    """

    name: str
    sub_id: str
    resend_window: timedelta | None = None
    failover_jump: int = 0
    fault_tolerant: bool = True
    session_id_length: int = 3

    @classmethod
    def parse(cls, text: str) -> Kind:
        """Read ``cgw``, ``msgw:NN``, ``dropcopy`` or ``dropcopy:NN``. Raises `ArgumentError`.

        ``NN`` is a market segment; a Drop Copy target of a CGW session has none.
        """
        if not isinstance(text, str):
            raise refuse("text", text, _NAMES)
        match = _KIND.fullmatch(text)
        if match is None:
            raise ArgumentError(f"a gateway is {_NAMES}, not {text!r}", "text")
        kind = cls(text, match[2] or "G")
        return replace(kind, **_DROP_COPY) if text.startswith("dropcopy") else kind


_DROP_COPY: dict[str, Any] = {
    "resend_window": timedelta(hours=48),
    "failover_jump": 4000,
    "fault_tolerant": False,
    "session_id_length": 6,
}
