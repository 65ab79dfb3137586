"""What a key pair is to the rules: its times and its state, without the key."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gatepass.arguments import aware, refuse
from gatepass.errors import ArgumentError
from gatepass.keys.identifiers import AccessKeyId
from gatepass.keys.validity import require_aware


class PairState(enum.Enum):
    """What became of a pair. CME names only *active*; the other names are this project's."""

    #: Valid for logon, from the moment it was generated.
    ACTIVE = "active"
    #: Its time is over.
    EXPIRED = "expired"
    #: Somebody deleted it before its time was over.
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class PairTerms:
    """One pair as it is kept. ``expires_at`` and ``ended_at`` are the first instants without it.

    ``state`` is what was recorded, which may be late: `effective_state` knows the time. Raises
    `ValueError` for a time without a time zone, and unless exactly the ended pairs have an
    ``ended_at``.
    """

    access_key_id: AccessKeyId
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    state: PairState = PairState.ACTIVE

    def __post_init__(self) -> None:
        object.__setattr__(self, "access_key_id", AccessKeyId(self.access_key_id))
        if not isinstance(self.state, PairState):
            raise refuse("state", self.state, "a PairState")
        aware(self.created_at, "created_at")
        aware(self.expires_at, "expires_at")
        if self.ended_at is not None:
            aware(self.ended_at, "ended_at")
        if (self.ended_at is None) != (self.state is PairState.ACTIVE):
            words = "a pair has an ended_at if, and only if, it has ended"
            raise ArgumentError(words, "ended_at")


def effective_state(terms: PairTerms, at: datetime) -> PairState:
    """Return what a pair is at ``at``, recorded or not.

    What was recorded as ended stays so and what was generated is active whatever ``at`` is: a
    clock that is set back neither revives a pair nor makes room for a third. Raises `ValueError`
    when ``at`` has no time zone.
    """
    require_aware(at)
    if terms.state is PairState.ACTIVE and at >= terms.expires_at:
        return PairState.EXPIRED
    return terms.state


def active_pairs(pairs: Iterable[PairTerms], at: datetime) -> list[PairTerms]:
    """Return the pairs that are active at ``at``, the oldest first.

    Of two made at one time, the earlier of ``pairs`` is the older.
    """
    active = (pair for pair in pairs if effective_state(pair, at) is PairState.ACTIVE)
    return sorted(active, key=lambda pair: pair.created_at)


def lapsed_pairs(pairs: Iterable[PairTerms], at: datetime) -> list[PairTerms]:
    """Return the pairs whose time is over but which are still recorded as active.

    They ended at their ``expires_at``, however late that is recorded.
    """
    return [pair for pair in pairs if effective_state(pair, at) is not pair.state]
