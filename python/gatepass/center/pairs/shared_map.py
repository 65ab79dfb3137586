"""An immutable mapping. A changed copy costs only as much as what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

Value = TypeVar("Value")

#: Branches of a map, and leaves of a branch: with 40,000 keys a leaf has two or three.
_FAN_OUT = 128


class SharedMap(Generic[Value]):
    """Values by their keys, in no order. Threads may share it.

    It is a dictionary of dictionaries of dictionaries. A changed copy copies only those that
    differ, with at most `_FAN_OUT` entries of each of the outer two per change, and shares the
    others.
    """

    __slots__ = ("_branches", "_count")

    def __init__(self) -> None:
        self._branches: dict[int, dict[int, dict[str, Value]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def get(self, key: str) -> Value | None:
        """Return the value of a key, or ``None``."""
        branch, leaf = _place(key)
        return self._branches.get(branch, {}).get(leaf, {}).get(key)

    def values(self) -> Iterator[Value]:
        """Yield all values, in no order."""
        for branch in self._branches.values():
            for leaf in branch.values():
                yield from leaf.values()

    def changed(self, values: Mapping[str, Value | None]) -> SharedMap[Value]:
        """Return a map with these values; ``None`` removes a key."""
        made: SharedMap[Value] = SharedMap()
        made._branches = dict(self._branches)
        made._count = self._count
        own: set[tuple[int, int | None]] = set()
        for key, value in values.items():
            made._put(key, value, own)
        return made

    def _put(self, key: str, value: Value | None, own: set[tuple[int, int | None]]) -> None:
        """Put a value into its leaf; branch and leaf are copied first unless they are ``own``."""
        first, second = _place(key)
        if (first, None) not in own:
            self._branches[first] = dict(self._branches.get(first, {}))
            own.add((first, None))
        branch = self._branches[first]
        if (first, second) not in own:
            branch[second] = dict(branch.get(second, {}))
            own.add((first, second))
        leaf = branch[second]
        self._count += (value is not None) - (key in leaf)
        if value is None:
            leaf.pop(key, None)
        else:
            leaf[key] = value


def _place(key: str) -> tuple[int, int]:
    first, rest = hash(key) % _FAN_OUT, hash(key) // _FAN_OUT
    return first, rest % _FAN_OUT
