"""No input raises an exception or uses unlimited memory."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.fix import format_sending_time
from gatepass.fix.exchange import GatewaySession
from gatepass.fix.gap import MAX_HELD, MAX_HELD_BYTES
from gatepass.fix.message import Message, encode
from gatepass.fix.states import State
from gatepass.session import effects as fx
from gatepass.session.machine import MAX_WAITING
from gatepass.session.numbers import Numbers
from gatepass.session.role import Role
from tests.fix.world import START, World

_TAGS = st.sampled_from(
    [7, 16, 34, 36, 43, 45, 49, 50, 52, 56, 57, 58, 108, 112, 122, 123, 141, 142, 369, 789, 1603]
)
_VALUES = st.one_of(
    st.sampled_from(
        ["0", "1", "2", "3", "9999999999", "9" * 5000, "-1", "Y", "N", "²", "ÿ", "CME"]
    ),
    st.sampled_from(["ABC123N", "G", format_sending_time(START), "US"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), min_size=1, max_size=8),
)
_TYPES = st.sampled_from(["0", "1", "2", "3", "4", "5", "A", "D", "n", "ZZ"])


def _message(msg_type: str, fields: dict[int, str]) -> bytes:
    return encode([(35, msg_type), *fields.items()])


#: Whole messages with any values: they pass more checks than random bytes.
_MESSAGES = st.builds(_message, _TYPES, st.dictionaries(_TAGS, _VALUES))
#: The same with a header that a gateway takes.
_GOOD_HEADER = {
    34: "3",
    49: "ABC123N",
    50: "OP",
    52: format_sending_time(START),
    56: "CME",
    57: "G",
    142: "US",
    369: "2",
}
_LIKELY = st.builds(
    lambda kind, fields: _message(kind, _GOOD_HEADER | fields),
    _TYPES,
    st.dictionaries(_TAGS, _VALUES, max_size=3),
)
_BYTES = st.lists(st.one_of(st.binary(max_size=200), _MESSAGES, _LIKELY), max_size=8).map(b"".join)


@pytest.mark.parametrize("connected_only", [True, False])
@pytest.mark.parametrize("to_gateway", [True, False])
@settings(max_examples=200, deadline=None)
@given(data=_BYTES, cut=st.integers(0, 400))
def test_no_input_raises(data: bytes, cut: int, to_gateway: bool, connected_only: bool) -> None:
    world = World()
    world.connect()
    if connected_only:
        world.client.line.clear()
    else:
        world.deliver_all()
    side = world.client if to_gateway else world.gateway
    side.line += data
    world.deliver(side, cut)
    world.deliver_all()
    world.wait(15)


def _live() -> tuple[World, GatewaySession]:
    world = World()
    world.connect()
    world.deliver_all()
    session = world.gateway.session
    assert isinstance(session, GatewaySession)
    return world, session


@pytest.mark.parametrize("size", [10, 30_000])
def test_a_flood_behind_a_gap_is_limited(size: int) -> None:
    world, session = _live()
    requests = 0
    for number in range(10, 10 + MAX_HELD + 500):
        message = _message("D", _GOOD_HEADER | {34: str(number), 58: "x" * size})
        session.receive(message, world.now)
        requests += sum(isinstance(effect, fx.Gap) for effect in session.take())
    held = session._inbound.held
    assert 0 < len(held) <= MAX_HELD
    assert sum(len(turn.message.wire) for turn in held.values()) <= MAX_HELD_BYTES
    assert requests == 1


def test_a_flood_while_a_logon_is_verified_ends_the_connection() -> None:
    world = World()
    session = GatewaySession("G", lambda _message: None)
    session.connected(world.now)
    session.receive(_message("A", _GOOD_HEADER), world.now)
    assert session.state is State.VERIFYING
    block = _message("D", {58: "x" * 60_000})
    for _ in range(MAX_WAITING // len(block) + 2):
        session.receive(block, world.now)
    assert session.state is State.CLOSED


def test_a_closed_session_keeps_nothing_and_answers_nothing() -> None:
    world, session = _live()
    session.force_out("enough", world.now)
    session.take()
    session.receive(_message("1", _GOOD_HEADER | {112: "x"}), world.now)
    session.accept(Message.parse(_message("A", _GOOD_HEADER)), Numbers(), Role.NONE, world.now)
    assert session.take() == []
    assert not session._inbox
