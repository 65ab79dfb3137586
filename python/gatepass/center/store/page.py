"""One page of a long list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

#: Items of a page unless told otherwise.
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items of a list of ``total``; ``number`` counts pages from 1."""

    items: tuple[Item, ...]
    number: int
    size: int
    total: int

    @property
    def count(self) -> int:
        """How many pages there are: one at least, which may be empty."""
        return max(1, -(-self.total // self.size))

    @property
    def offset(self) -> int:
        """How many items come before this page."""
        return (self.number - 1) * self.size
