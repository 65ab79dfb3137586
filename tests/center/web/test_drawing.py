"""The timeline shows the pairs as they are."""

from __future__ import annotations

from dataclasses import replace
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


def _looks(pair: PairView) -> list[str]:
    (row,) = draw([pair], START).rows
    return [piece.look for piece in row.pieces]


def test_each_part_of_a_pairs_life_has_its_look() -> None:
    created = START - timedelta(days=100)
    pair = PairView(
        session=SessionId("ABC"),
        access_key_id=AccessKeyId("K1"),
        state=PairState.ACTIVE,
        created_at=created,
        expires_at=START + timedelta(days=200),
        ended_at=None,
        days_left=200,
        created_by="kim",
        environment=None,
    )
    assert _looks(pair) == ["active past", "active", "soon"]
    assert _looks(replace(pair, replaced=True)) == ["active past", "ending", "ending"]
    deleted = replace(pair, state=PairState.DELETED, ended_at=START - timedelta(days=9))
    assert _looks(deleted) == ["deleted"]
    expired = replace(pair, state=PairState.EXPIRED, expires_at=START - timedelta(days=9))
    assert _looks(expired) == ["expired"]
    (row,), (cut,) = draw([expired], START).rows, draw([deleted], START).rows
    assert row.pieces[0].width == cut.pieces[0].width


@given(_pairs())
def test_the_pieces_of_a_bar_join_and_stay_inside_the_drawing(pairs: list[PairView]) -> None:
    drawing = draw(pairs, START)
    assert [row.pair for row in drawing.rows] == pairs
    assert 0 <= drawing.now <= 100
    for row in drawing.rows:
        for piece in row.pieces:
            assert piece.width > 0
            assert piece.x >= 0
            assert piece.x + piece.width <= 100.01
        for piece, following in zip(row.pieces, row.pieces[1:], strict=False):
            assert abs(piece.x + piece.width - following.x) < 0.011


@given(_pairs())
def test_only_active_pairs_reach_beyond_now(pairs: list[PairView]) -> None:
    drawing = draw(pairs, START)
    for row in drawing.rows:
        future = [p for p in row.pieces if p.x + p.width > drawing.now + 0.01]
        assert bool(future) <= (row.pair.state is PairState.ACTIVE)
        assert all(piece.look in ("active", "soon") for piece in future)


@given(_pairs())
def test_a_pair_shows_its_share_of_life_and_its_state(pairs: list[PairView]) -> None:
    for pair in pairs:
        assert 0 <= words.left_share(pair, START) <= 100
        soon = pair.state is PairState.ACTIVE and pair.days_left <= 28
        assert words.look(pair) == ("soon" if soon else pair.state.value)
