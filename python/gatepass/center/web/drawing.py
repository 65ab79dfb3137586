"""The timeline of a session's key pairs, for its page to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gatepass.center.pairs.views import PairView
from gatepass.keys.rules import Life, PairState, Part, Stretch, lay_out

#: How many tick labels fit on a wide screen; a narrow screen shows every second one.
ROOM = 12


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a bar in one colour, in percent of the width; ``look`` are its CSS classes."""

    look: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """A pair and the pieces of its bar."""

    pair: PairView
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The pairs of a session, and below them the axis: each tick's label and where it is."""

    rows: tuple[Row, ...]
    ticks: tuple[tuple[str, float], ...]
    now: float


def draw(pairs: Sequence[PairView], at: datetime) -> Drawing:
    """Return the drawing of these pairs as of ``at``."""
    timeline = lay_out((Life(p.created_at, p.ended_at or p.expires_at) for p in pairs), at)
    rows = (_row(pair, bar) for pair, bar in zip(pairs, timeline.bars, strict=True))
    ticks = ((tick.label, _percent(tick.at)) for tick in timeline.ticks(ROOM))
    return Drawing(tuple(rows), tuple(ticks), _percent(timeline.now))


def _row(pair: PairView, bar: Sequence[Stretch]) -> Row:
    pieces = (_piece(pair, stretch) for stretch in bar)
    return Row(pair, tuple(piece for piece in pieces if piece.width > 0))


def _piece(pair: PairView, stretch: Stretch) -> Piece:
    x = _percent(stretch.begin)
    return Piece(_look(pair, stretch.part), x, round(_percent(stretch.end) - x, 2))


def _look(pair: PairView, part: Part) -> str:
    if pair.state is PairState.ACTIVE:
        return "ending" if pair.replaced and part is not Part.PAST else _LOOKS[part]
    return str(pair.state.value)


#: The classes of the parts of an active pair that no newer one replaces.
_LOOKS = {Part.PAST: "active past", Part.TO_COME: "active", Part.LAST_WEEKS: "soon"}


def _percent(place: float) -> float:
    return round(100 * place, 2)
