"""What generating a pair changes: the new pair's life, and what happens to the existing ones.

=====================  ==================================================================
active before          after
=====================  ==================================================================
none                   the new one
one                    it expires in four weeks at market close, or earlier as planned
two                    one of them is chosen and deleted at once, the other is as above
=====================  ==================================================================

So there are never three, and no pair ever lives longer than it would have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gatepass._native import MAX_PAIRS_PER_SESSION
from gatepass.errors import CenterError, ThirdPairError
from gatepass.keys.identifiers import AccessKeyId
from gatepass.keys.rules.deletion import find_active
from gatepass.keys.rules.life import end_of_life, end_of_overlap
from gatepass.keys.rules.market import MarketCalendar
from gatepass.keys.rules.terms import PairTerms, active_pairs
from gatepass.keys.validity import require_aware

#: How far the clocks of two servers may be apart, and how long one may wait for another. More means
#: a clock that was set back: a pair shortened by it would expire as soon as the clock is corrected.
CLOCK_SLACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Generation:
    """What to do for a new pair; all of it or nothing. Times are in UTC.

    ``created_at`` and ``expires_at`` are the new pair's. ``delete`` ends at ``created_at``, and
    ``shorten`` names a pair and its new, earlier end.
    """

    created_at: datetime
    expires_at: datetime
    delete: AccessKeyId | None = None
    shorten: tuple[AccessKeyId, datetime] | None = None


def plan_generation(
    session: str,
    pairs: Sequence[PairTerms],
    at: datetime,
    calendar: MarketCalendar,
    delete: AccessKeyId | None = None,
) -> Generation:
    """Plan a new pair for a session that has ``pairs``; ended pairs do not matter.

    ``delete`` chooses which of two active pairs makes room.

    Raises `ThirdPairError` when a choice is needed, `NotFoundError` when the chosen one is not
    the session's, and `CenterError` when it has ended, when no choice is needed or when the
    clock was set back; `ValueError` when ``at`` has no time zone.
    """
    created_at = _present(session, pairs, at)
    active = active_pairs(pairs, created_at)
    chosen = _make_room(session, pairs, active, delete, created_at)
    shorten = None
    for pair in active:
        end = end_of_overlap(created_at, calendar)
        if pair is not chosen and end < pair.expires_at:
            shorten = (pair.access_key_id, end)
    return Generation(
        created_at=created_at,
        expires_at=end_of_life(created_at, calendar),
        delete=None if chosen is None else chosen.access_key_id,
        shorten=shorten,
    )


def _make_room(
    session: str,
    pairs: Sequence[PairTerms],
    active: list[PairTerms],
    delete: AccessKeyId | None,
    at: datetime,
) -> PairTerms | None:
    """Return which pair to delete, if one has to be."""
    if len(active) < MAX_PAIRS_PER_SESSION:
        if delete is not None:
            raise CenterError(
                f"session {session} has room for a new key pair: generate it without choosing one"
                " to delete"
            )
        return None
    if len(active) > MAX_PAIRS_PER_SESSION:
        raise CenterError(
            f"session {session} has {len(active)} active key pairs, and only"
            f" {MAX_PAIRS_PER_SESSION} can exist: delete one first"
        )
    if delete is None:
        raise ThirdPairError(session, tuple(pair.access_key_id for pair in active))
    return find_active(session, pairs, delete, at)


def _present(session: str, pairs: Sequence[PairTerms], at: datetime) -> datetime:
    """Return the time of the new pair: ``at``, but not before the last change of the session."""
    require_aware(at)
    latest = max([at, *(pair.ended_at or pair.created_at for pair in pairs)])
    if latest - at > CLOCK_SLACK:
        raise CenterError(
            f"session {session} had a key pair changed at {latest:%Y-%m-%d %H:%M:%S %Z}, which is"
            " in the future by this machine's clock: correct the clock, then try again"
        )
    return latest.astimezone(UTC)
