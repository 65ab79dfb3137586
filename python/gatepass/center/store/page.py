"""One page of a long list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

#: Items per page by default.
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
        """The number of pages: at least one, which may be empty."""
        return max(1, -(-self.total // self.size))

    @property
    def offset(self) -> int:
        """The number of items before this page."""
        return (self.number - 1) * self.size
