"""A message is checked before it gets a number, and can be resent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass._native import MAX_MESSAGE, Framer
from gatepass.errors import FieldError, FramingError, LogonError
from gatepass.fix import effects as fx
from gatepass.fix.client import ClientSession
from gatepass.fix.exchange import GatewaySession
from gatepass.fix.message import ADMIN_TYPES, Message
from gatepass.session.numbers import SentMessage
from tests.fix.world import SETTINGS, World


def _live() -> tuple[World, ClientSession, GatewaySession]:
    world = World()
    world.connect()
    world.deliver_all()
    client, gateway = world.client.session, world.gateway.session
    assert isinstance(client, ClientSession)
    assert isinstance(gateway, GatewaySession)
    return world, client, gateway


def _sends(session: ClientSession | GatewaySession) -> list[bytes]:
    return [effect.wire for effect in session.take() if isinstance(effect, fx.Send)]


@given(room=st.integers(-60, 200), processed=st.integers(1, 999_999_998), by_gateway=st.booleans())
def test_a_sent_message_can_be_resent(room: int, processed: int, by_gateway: bool) -> None:
    world, client, gateway = _live()
    session = gateway if by_gateway else client
    kept = session.numbers
    try:
        session.send("D", [(58, "x" * (MAX_MESSAGE - 180 - room))], world.now)
    except FramingError:
        assert room < 60
        assert session.take() == []
        assert session.numbers == kept
        return
    save, send = session.take()
    assert isinstance(save, fx.Save)
    assert save.sent is not None
    assert isinstance(send, fx.Send)
    # Later, after more messages were received.
    session.numbers = replace(kept, next_out=9, next_in=processed + 1)
    session.resend([save.sent], save.sent.number, save.sent.number, world.now + timedelta(1))
    (again,) = _sends(session)
    for wire in (send.wire, again):
        assert list(Framer().feed(wire)) == [wire]
    assert Message.parse(again).get(58) == Message.parse(send.wire).get(58)


@pytest.mark.parametrize(
    "wire",
    [
        b"8=FIX.4.2\x019=3\x01",
        b"x" * (MAX_MESSAGE + 1),
        # It was stored with a shorter header.
        Message.parse,
    ],
    ids=["damaged", "no message", "grown"],
)
def test_a_message_that_cannot_be_resent_is_gap_filled_and_reported(wire: object) -> None:
    world, client, _ = _live()
    if not isinstance(wire, bytes):
        client.send("D", [(58, "x" * (MAX_MESSAGE - 200))], world.now)
        kept = client.take()[0].sent.wire
        client.settings = replace(SETTINGS, sender_location_id="O" * 150)
    else:
        kept = wire
    client.resend([SentMessage(3, kept, True)], 2, 4, world.now)
    effects = client.take()
    assert fx.NotResent(3, fx.NotResentCause.DAMAGED) in effects
    fills = [Message.parse(effect.wire) for effect in effects if isinstance(effect, fx.Send)]
    assert [(m.msg_type, m.msg_seq_num, m.number(36)) for m in fills] == [
        ("4", 2, 3),
        ("4", 3, 4),
        ("4", 4, 5),
    ]


@pytest.mark.parametrize("msg_type", ["", *sorted(ADMIN_TYPES)])
def test_only_the_session_sends_session_messages(msg_type: str) -> None:
    world, *sessions = _live()
    for session in sessions:
        with pytest.raises(FieldError) as caught:
            session.send(msg_type, [(108, "30")], world.now)
        assert caught.value.tag == 35
        assert session.take() == []


@given(st.text(max_size=20))
def test_any_text_arrives_unchanged_or_is_refused(text: str) -> None:
    world, client, gateway = _live()
    if not text or "\x01" in text or any(letter > "\xff" for letter in text):
        with pytest.raises(LogonError) as caught:
            client.send("D", [(11, "x"), (58, text)], world.now)
        if isinstance(caught.value, FieldError):
            assert caught.value.tag == 58
        assert client.take() == []
        return
    client.send("D", [(11, "x"), (58, text)], world.now)
    (wire,) = _sends(client)
    gateway.receive(wire, world.now)
    (received,) = [e.message for e in gateway.take() if isinstance(e, fx.Received)]
    assert received.get(58) == text


@pytest.mark.parametrize("tag", [8, 9, 10, 34, 35, 43, 49, 50, 52, 56, 57, 122, 369, 0, -1, "11"])
def test_a_field_that_is_invalid_or_written_by_the_session_is_refused(tag: object) -> None:
    world, *sessions = _live()
    for session in sessions:
        with pytest.raises(FieldError, match=r"^tag .*nothing was sent") as caught:
            session.send("D", [(11, "x"), (tag, "5")], world.now)  # type: ignore[list-item]
        assert caught.value.tag == (tag if isinstance(tag, int) else 0)
        assert session.take() == []


def test_the_location_in_a_header_belongs_to_the_role() -> None:
    world, client, gateway = _live()
    for session, tag in ((client, 142), (gateway, 143)):
        with pytest.raises(FieldError, match=f"tag {tag} is written by the session"):
            session.send("D", [(tag, "US")], world.now)
        assert session.take() == []


@pytest.mark.parametrize(
    ("value", "rule"), [("", "empty"), (5, "illegal"), (None, "illegal"), (b"x", "illegal")]
)
def test_a_value_is_a_text_and_not_empty(value: object, rule: str) -> None:
    world, client, _ = _live()
    before = client.numbers
    with pytest.raises(FieldError, match=r"tag 11 .*nothing was sent") as caught:
        client.send("D", [(11, value)], world.now)  # type: ignore[list-item]
    assert (caught.value.tag, caught.value.rule) == (11, rule)
    assert client.take() == []
    assert client.numbers == before
