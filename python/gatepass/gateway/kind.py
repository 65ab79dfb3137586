"""The kinds of gateway: CGW, MSGW with its market segment, Drop Copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

_KIND = re.compile(r"cgw|dropcopy|msgw:([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a gateway calls itself in tag 50, what clients must put into 57, and what it keeps.

    ``resend_window`` is how long it resends a message, ``None`` for the whole week;
    ``failover_jump`` is by how much its numbers rise when another machine takes over. Both are
    documented by CME for Drop Copy.
    """

    name: str
    sub_id: str
    resend_window: timedelta | None = None
    failover_jump: int = 0

    @classmethod
    def parse(cls, text: str) -> Kind:
        """Read ``cgw``, ``msgw:NN`` or ``dropcopy``. Raises `ValueError`."""
        match = _KIND.fullmatch(text)
        if match is None:
            raise ValueError("a gateway is cgw, msgw:NN (a two-digit segment) or dropcopy")
        return _OWN.get(text) or cls(text, match[1] or "G")


_OWN = {
    "dropcopy": Kind("dropcopy", "G", resend_window=timedelta(hours=48), failover_jump=4000),
}
