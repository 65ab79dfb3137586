"""The timeline of a session's key pairs, in percent of its width, for the page to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from gatepass.center.pairs.views import PairView
from gatepass.center.web import words
from gatepass.keys.rules import Bar as Laid
from gatepass.keys.rules import PairState, PairTerms, Tick, Timeline, lay_out

#: Labels of ticks there is room for on a wide screen; a narrow one shows every second.
ROOM = 12


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a bar in one colour; ``look`` names its classes."""

    look: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """The life of one pair."""

    access_key_id: str
    state: PairState
    status: Markup
    look: str
    words: Markup
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A tick of the axis."""

    label: str
    x: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """The bars of a session, the newest first, and the axis below them."""

    bars: tuple[Bar, ...]
    ticks: tuple[Label, ...]
    now: float


def draw(pairs: Sequence[PairView], at: datetime) -> Drawing:
    """Return the drawing of these pairs as of ``at``."""
    views = {pair.access_key_id: pair for pair in pairs}
    timeline = lay_out([_terms(pair) for pair in pairs], at)
    bars = tuple(_bar(views[laid.access_key_id], laid, timeline) for laid in timeline.bars)
    return Drawing(bars[::-1], tuple(map(_label, timeline.ticks(ROOM))), _percent(timeline.now))


def _bar(pair: PairView, laid: Laid, timeline: Timeline) -> Bar:
    now = min(max(timeline.now, laid.begin), laid.end)
    caution = min(max(laid.caution, now), laid.end)
    colour = "active" if laid.state is PairState.ACTIVE else laid.state.value
    pieces = (
        _piece(f"{colour} past" if colour == "active" else colour, laid.begin, now),
        _piece("ending" if pair.replaced else colour, now, caution),
        _piece(_last_weeks(pair) if colour == "active" else colour, caution, laid.end),
    )
    return Bar(
        access_key_id=pair.access_key_id,
        state=pair.state,
        status=words.status(pair),
        look=words.look(pair),
        words=words.ends_long(pair),
        pieces=tuple(piece for piece in pieces if piece.width > 0),
    )


def _last_weeks(pair: PairView) -> str:
    return "ending" if pair.replaced else "soon"


def _terms(pair: PairView) -> PairTerms:
    # A pair whose time is over may not be recorded so yet: to the rules it is one that is active.
    state = PairState.ACTIVE if pair.ended_at is None else pair.state
    return PairTerms(pair.access_key_id, pair.created_at, pair.expires_at, pair.ended_at, state)


def _piece(look: str, begin: float, end: float) -> Piece:
    return Piece(look, _percent(begin), round(_percent(end) - _percent(begin), 2))


def _label(tick: Tick) -> Label:
    return Label(tick.label, _percent(tick.at))


def _percent(place: float) -> float:
    return round(100 * place, 2)
