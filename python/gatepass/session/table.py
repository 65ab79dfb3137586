"""A session's states and transitions as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from gatepass.errors import StateError

S = TypeVar("S", bound=Enum)
T = TypeVar("T", bound=Enum)


@dataclass(frozen=True, slots=True)
class Table(Generic[S, T]):
    """The states of one role, from ``start`` to ``closed``.

    ``moves`` maps a state and a trigger to the next state; what is not in it cannot happen.
    ``connect`` and ``end`` are the triggers that every protocol has. ``awaiting`` are the states in
    which nothing is read, until the driver answers or ever again.
    """

    moves: Mapping[tuple[S, T], S]
    start: S
    connect: T
    end: T
    closed: S
    awaiting: frozenset[S]

    def after(self, state: S, trigger: T) -> S:
        """Return the next state. Raises `StateError` if this trigger is not possible here."""
        try:
            return self.moves[state, trigger]
        except KeyError:
            raise StateError(str(trigger.value), str(state.value)) from None

    def has(self, state: S, trigger: T) -> bool:
        """Return whether a trigger is possible in this state."""
        return (state, trigger) in self.moves
