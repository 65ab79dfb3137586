"""The timeline of key pairs for terminal and SVG: each bar with its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gatepass.cli.terminal.output import Mark
from gatepass.cli.views.keys import days, mark_of, status_words
from gatepass.keys import KeyPair, SessionHealth, Status
from gatepass.keys.rules import Life, Stretch, Timeline, lay_out


@dataclass(frozen=True, slots=True)
class Row:
    """One pair: its names, its status, and the parts of its bar."""

    session: str
    access_key_id: str
    status: Status
    mark: Mark
    words: str
    bar: tuple[Stretch, ...]

    @property
    def name(self) -> str:
        """The session and the pair."""
        return f"{self.session}  {self.access_key_id}"


@dataclass(frozen=True, slots=True)
class Picture:
    """A timeline and its rows, ready to draw."""

    timeline: Timeline
    rows: tuple[Row, ...]

    @property
    def date(self) -> str:
        """The present, in Chicago time."""
        local = self.timeline.at.astimezone(self.timeline.begin.tzinfo)
        return f"{local:%Y-%m-%d %H:%M} Chicago"


def picture_of(health: Sequence[SessionHealth], at: datetime) -> Picture:
    """Return the picture of all sessions' pairs around the time ``at``."""
    pairs = [(session, pair) for session in health for pair in session.pairs]
    timeline = lay_out((Life(pair.valid_from, pair.valid_until) for _, pair in pairs), at)
    rows = (
        _row(session, pair, at, bar)
        for (session, pair), bar in zip(pairs, timeline.bars, strict=True)
    )
    return Picture(timeline, tuple(rows))


def _row(session: SessionHealth, pair: KeyPair, at: datetime, bar: tuple[Stretch, ...]) -> Row:
    status, left = pair.status(at), pair.days_left(at)
    words = status_words(session, pair, at)
    if left is not None and status is Status.ACTIVE:
        words += f", {days(left)} left"
    return Row(pair.session, pair.access_key_id, status, mark_of(session, pair, at), words, bar)
