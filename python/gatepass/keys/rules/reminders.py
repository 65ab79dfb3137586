"""Which warnings before a pair expires are due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gatepass.keys.expiry import reached_threshold
from gatepass.keys.identifiers import AccessKeyId
from gatepass.keys.rules.terms import PairTerms, active_pairs
from gatepass.keys.validity import days_left, exchange_zone


@dataclass(frozen=True, slots=True)
class DueWarning:
    """An active pair that expires soon.

    ``days_left`` counts calendar days in Chicago. ``threshold`` is the entry of `WARNING_DAYS`
    it has reached: a warning is sent once for each ``access_key_id`` and ``threshold``.
    ``successor`` is the active pair that outlives it, to which its users must move; if it is
    ``None``, a pair must be generated.
    """

    access_key_id: AccessKeyId
    expires_at: datetime
    days_left: int
    threshold: int
    successor: AccessKeyId | None


def due_warnings(pairs: Sequence[PairTerms], at: datetime) -> list[DueWarning]:
    """Return the warnings that are due at ``at`` for one session's pairs, the oldest pair first.

    Only the closest threshold counts: 10 days before the end, it is the one of 14 days. An ended
    pair gets no warning. Raises `ValueError` when ``at`` has no time zone.
    """
    active = active_pairs(pairs, at)
    warnings = (_warning(pair, active, at) for pair in active)
    return [warning for warning in warnings if warning is not None]


def _warning(pair: PairTerms, active: list[PairTerms], at: datetime) -> DueWarning | None:
    left = days_left(pair.expires_at.astimezone(exchange_zone()).date(), at)
    threshold = None if left is None else reached_threshold(left)
    if left is None or threshold is None:
        return None
    outliving = [other for other in active if other.expires_at > pair.expires_at]
    return DueWarning(
        access_key_id=pair.access_key_id,
        expires_at=pair.expires_at,
        days_left=left,
        threshold=threshold,
        successor=outliving[-1].access_key_id if outliving else None,
    )
