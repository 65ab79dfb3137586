"""Where the lives of one session's pairs stand on a timeline, in fractions of its width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepass.arguments import checked
from gatepass.keys.expiry import WARNING_DAYS
from gatepass.keys.identifiers import AccessKeyId
from gatepass.keys.rules.frame import Frame, frame_around
from gatepass.keys.rules.terms import PairState, PairTerms, effective_state


@dataclass(frozen=True, slots=True)
class Bar:
    """The life of one pair, from 0 at the left edge to 1 at the right one.

    ``ends_at`` is when it ended or is to end, ``caution`` where the warnings before its expiry
    begin; a deleted pair has none, so it is the end.
    """

    access_key_id: AccessKeyId
    state: PairState
    created_at: datetime
    ends_at: datetime
    begin: float
    caution: float
    end: float


@dataclass(frozen=True, slots=True)
class Timeline(Frame):
    """A frame with one bar a pair on it, the oldest first."""

    bars: tuple[Bar, ...]


@checked
def lay_out(pairs: Sequence[PairTerms], at: datetime) -> Timeline:
    """Lay out the pairs around the time ``at``. Raises `ValueError` when it has no time zone."""
    ordered = sorted(pairs, key=lambda pair: pair.created_at)
    frame = frame_around(
        (moment for pair in ordered for moment in (pair.created_at, _end(pair))), at
    )
    bars = tuple(_bar(frame, pair) for pair in ordered)
    return Timeline(frame.begin, frame.end, frame.at, bars)


def _bar(frame: Frame, pair: PairTerms) -> Bar:
    state, end = effective_state(pair, frame.at), _end(pair)
    warned = end if state is PairState.DELETED else end - timedelta(days=WARNING_DAYS[0])
    return Bar(
        access_key_id=pair.access_key_id,
        state=state,
        created_at=pair.created_at,
        ends_at=end,
        begin=frame.place(pair.created_at),
        caution=frame.place(max(warned, pair.created_at)),
        end=frame.place(end),
    )


def _end(pair: PairTerms) -> datetime:
    return pair.ended_at or pair.expires_at
