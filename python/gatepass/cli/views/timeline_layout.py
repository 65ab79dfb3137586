"""Where everything stands on the timeline of key pairs, in fractions of its width.

The terminal and the SVG draw the same layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepass.cli.terminal.output import Mark
from gatepass.cli.views.keys import days, mark_of, status_words
from gatepass.keys import WARNING_DAYS, KeyPair, SessionHealth, Status
from gatepass.keys.rules import Frame, frame_around


@dataclass(frozen=True, slots=True)
class Bar:
    """The life of one pair. ``caution`` is where the warnings before its expiry begin."""

    session: str
    access_key_id: str
    status: Status
    mark: Mark
    words: str
    begin: float
    caution: float
    end: float


@dataclass(frozen=True, slots=True)
class Timeline(Frame):
    """A frame with the bars on it."""

    bars: tuple[Bar, ...]


def lay_out(health: Sequence[SessionHealth], at: datetime) -> Timeline:
    """Lay out the pairs of all sessions around the time `at`."""
    known = (
        moment
        for session in health
        for pair in session.pairs
        for moment in (pair.valid_from, pair.valid_until)
        if moment is not None
    )
    frame = frame_around(known, at)
    bars = tuple(_bar(frame, session, pair) for session in health for pair in session.pairs)
    return Timeline(frame.begin, frame.end, frame.at, bars)


def _bar(frame: Frame, session: SessionHealth, pair: KeyPair) -> Bar:
    end = 1.0 if pair.valid_until is None else frame.place(pair.valid_until)
    caution = end
    if pair.valid_until is not None:
        caution = frame.place(pair.valid_until - timedelta(days=WARNING_DAYS[0]))
    left = pair.days_left(frame.at)
    status = pair.status(frame.at)
    words = status_words(session, pair, frame.at)
    if left is not None and status is Status.ACTIVE:
        words += f", {days(left)} left"
    return Bar(
        session=pair.session,
        access_key_id=pair.access_key_id,
        status=status,
        mark=mark_of(session, pair, frame.at),
        words=words,
        begin=0.0 if pair.valid_from is None else frame.place(pair.valid_from),
        caution=caution,
        end=end,
    )
