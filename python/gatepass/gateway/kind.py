"""The kinds of gateway: CGW, MSGW with its market segment, Drop Copy."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KIND = re.compile(r"cgw|dropcopy|msgw:([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a gateway calls itself in tag 50, and what clients must put into 57."""

    name: str
    sub_id: str

    @classmethod
    def parse(cls, text: str) -> Kind:
        """Read ``cgw``, ``msgw:NN`` or ``dropcopy``. Raises `ValueError`."""
        match = _KIND.fullmatch(text)
        if match is None:
            raise ValueError("a gateway is cgw, msgw:NN (a two-digit segment) or dropcopy")
        return cls(text, match[1] or "G")
