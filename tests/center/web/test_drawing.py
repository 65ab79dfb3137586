"""The timeline: what is drawn is what is so."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepass.center.pairs.views import PairView
from gatepass.center.web import words
from gatepass.center.web.drawing import draw
from gatepass.keys.identifiers import AccessKeyId, SessionId
from gatepass.keys.rules import PairState
from tests.center.world import START

_DAYS = st.integers(1, 700)


@st.composite
def _pairs(draw_from: st.DrawFn) -> list[PairView]:
    pairs = []
    for number in range(draw_from(st.integers(0, 6))):
        created = START - timedelta(days=draw_from(_DAYS))
        expires = created + timedelta(days=draw_from(_DAYS))
        deleted = draw_from(st.none() | st.floats(0, 1))
        ended = None if deleted is None else created + (min(expires, START) - created) * deleted
        state = PairState.ACTIVE if expires > START else PairState.EXPIRED
        pairs.append(
            PairView(
                session=SessionId("ABC"),
                access_key_id=AccessKeyId(f"K{number}"),
                state=PairState.DELETED if ended else state,
                created_at=created,
                expires_at=expires,
                ended_at=ended,
                days_left=(expires - START).days,
                created_by="kim",
                environment=None,
            )
        )
    return pairs


@given(_pairs())
def test_pieces_join_and_stay_inside(pairs: list[PairView]) -> None:
    drawing = draw(pairs, START)
    assert {bar.access_key_id for bar in drawing.bars} == {pair.access_key_id for pair in pairs}
    assert 0 <= drawing.now <= 100
    for bar in drawing.bars:
        for piece in bar.pieces:
            assert piece.width > 0
            assert piece.x >= 0
            assert piece.x + piece.width <= 100.01
        for piece, following in zip(bar.pieces, bar.pieces[1:], strict=False):
            assert abs(piece.x + piece.width - following.x) < 0.011


@given(_pairs())
def test_only_active_pairs_reach_beyond_now(pairs: list[PairView]) -> None:
    drawing = draw(pairs, START)
    for bar in drawing.bars:
        future = [p for p in bar.pieces if p.x + p.width > drawing.now + 0.01]
        assert bool(future) <= (bar.state is PairState.ACTIVE)
        assert all(piece.look in ("active", "soon") for piece in future)


@given(_pairs())
def test_share_of_life_and_look(pairs: list[PairView]) -> None:
    for pair in pairs:
        assert 0 <= words.left_share(pair, START) <= 100
        soon = pair.state is PairState.ACTIVE and pair.days_left <= 28
        assert words.look(pair) == ("soon" if soon else pair.state.value)
