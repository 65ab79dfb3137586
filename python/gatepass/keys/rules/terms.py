"""What the rules know of a key pair: its times and its state, not its key."""

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
    """The state of a pair. CME names only *active*; the other names are this project's."""

    #: Valid for logon, from the moment it was generated.
    ACTIVE = "active"
    #: Its expiration time has passed.
    EXPIRED = "expired"
    #: A person deleted it before it expired.
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class PairTerms:
    """One pair as it is stored. ``expires_at`` and ``ended_at`` are the first instants without it.

    ``state`` is what was recorded, which may be late: `effective_state` considers the time. Raises
    `ValueError` for a time without a time zone, for an ended pair without ``ended_at``, and for an
    active pair with one.
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
    """Return the state of a pair at ``at``, recorded or not.

    A pair recorded as ended stays ended, and a generated pair is active even if ``at`` is earlier:
    a clock that is set back neither revives a pair nor makes room for a third. Raises `ValueError`
    when ``at`` has no time zone.
    """
    require_aware(at)
    if terms.state is PairState.ACTIVE and at >= terms.expires_at:
        return PairState.EXPIRED
    return terms.state


def active_pairs(pairs: Iterable[PairTerms], at: datetime) -> list[PairTerms]:
    """Return the pairs that are active at ``at``, the oldest first.

    Of two pairs created at the same time, the earlier in ``pairs`` is the older.
    """
    active = (pair for pair in pairs if effective_state(pair, at) is PairState.ACTIVE)
    return sorted(active, key=lambda pair: pair.created_at)


def lapsed_pairs(pairs: Iterable[PairTerms], at: datetime) -> list[PairTerms]:
    """Return the pairs that have expired but are still recorded as active.

    They ended at their ``expires_at``, no matter how late that is recorded.
    """
    return [pair for pair in pairs if effective_state(pair, at) is not pair.state]
