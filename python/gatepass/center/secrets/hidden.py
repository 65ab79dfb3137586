"""A text that is never shown by accident: codes, tokens, one-time passwords."""

from __future__ import annotations

from typing import NoReturn, final


@final
class Hidden:
    """Holds a text and shows it only by `reveal`. Cannot be pickled or copied."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return "<Hidden>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a hidden text cannot be pickled or copied: reveal it where it is needed")
