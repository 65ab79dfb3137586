"""What deleting a pair changes: it ends at once, and no other pair lives longer because of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gatepass.errors import CenterError, NotFoundError
from gatepass.keys.identifiers import AccessKeyId
from gatepass.keys.rules.terms import PairState, PairTerms, effective_state


@dataclass(frozen=True, slots=True)
class Deletion:
    """Which pair ends, and when: in UTC, and never before it was generated."""

    access_key_id: AccessKeyId
    ended_at: datetime


def plan_deletion(
    session: str, pairs: Sequence[PairTerms], access_key_id: AccessKeyId, at: datetime
) -> Deletion:
    """Plan to delete a pair of a session that has ``pairs``, even the last one.

    A clock that was set back does not matter: a stolen key must go. Raises
    `NotFoundError` when the pair is not the session's, `CenterError` when it has ended, and
    `ValueError` when ``at`` has no time zone.
    """
    pair = find_active(session, pairs, access_key_id, at)
    return Deletion(pair.access_key_id, max(at, pair.created_at).astimezone(UTC))


def find_active(
    session: str, pairs: Sequence[PairTerms], access_key_id: AccessKeyId, at: datetime
) -> PairTerms:
    """Return the active pair of this name. Raises as `plan_deletion` does."""
    for pair in pairs:
        if pair.access_key_id == access_key_id:
            state = effective_state(pair, at)
            if state is not PairState.ACTIVE:
                raise CenterError(
                    f"key pair {pair.access_key_id} of session {session} is {state.value}"
                    " already: there is nothing to delete, look at the session again"
                )
            return pair
    # What was asked for is not repeated: it may be a secret put in the wrong place.
    known = ", ".join(pair.access_key_id for pair in pairs) or "none"
    raise NotFoundError(
        f"session {session} has no key pair with the Access Key ID asked for; it has {known}"
    )
