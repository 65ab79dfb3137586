"""A tag that the session reads once and that occurs twice: two readers could take either value."""

from __future__ import annotations

import pytest

from gatepass.fix import effects as fx
from gatepass.fix import format_sending_time
from gatepass.fix.engine import Engine
from gatepass.fix.message import Message, encode
from gatepass.fix.states import State
from tests.fix.world import World

#: Type, the tag, its two values, and other fields.
TWICE = [
    ("2", 7, ("2", "1"), [(16, "0")]),
    ("2", 16, ("2", "0"), [(7, "2")]),
    ("1", 112, ("a", "b"), []),
    ("0", 112, ("a", "b"), []),
    ("D", 43, ("N", "Y"), []),
    ("D", 52, ("", ""), []),
    ("D", 369, ("1", "2"), []),
    ("3", 45, ("1", "2"), []),
    ("5", 789, ("1", "2"), []),
]
#: These determine which numbers a message covers.
COUNTING = [
    ("D", 34, ("", "9"), []),
    ("4", 36, ("8", "9"), [(123, "Y")]),
    ("4", 123, ("Y", "N"), [(36, "9")]),
]


def _live(role: str) -> tuple[World, Engine, list[tuple[int, str]]]:
    world = World()
    world.connect()
    world.deliver_all()
    side = world.client if role == "client" else world.gateway
    session = side.session
    assert session is not None
    sent_at = format_sending_time(world.now)
    if role == "client":
        return world, session, [(49, "CME"), (50, "G"), (52, sent_at), (56, "ABC123N"), (369, "1")]
    header = [(49, "ABC123N"), (50, "OP"), (52, sent_at), (56, "CME"), (57, "G"), (142, "US")]
    return world, session, [*header, (369, "1")]


def _given_twice(
    role: str, kind: str, tag: int, values: tuple[str, str], others: list[tuple[int, str]]
) -> tuple[Engine, list[fx.Effect], int]:
    world, session, header = _live(role)
    due = session.numbers.next_in
    fields = {34: str(due), **dict(header), **dict(others)}
    first = fields.pop(tag, values[0]) or values[0]
    wire = encode([(35, kind), *fields.items(), (tag, first), (tag, values[1] or first)])
    session.receive(wire, world.now)
    return session, session.take(), due


@pytest.mark.parametrize("role", ["client", "gateway"])
@pytest.mark.parametrize(("kind", "tag", "values", "others"), TWICE)
def test_a_message_with_a_repeated_tag_is_rejected_and_ignored(
    role: str, kind: str, tag: int, values: tuple[str, str], others: list[tuple[int, str]]
) -> None:
    session, effects, due = _given_twice(role, kind, tag, values, others)
    (sent,) = [Message.parse(e.wire) for e in effects if isinstance(e, fx.Send)]
    assert (sent.msg_type, sent.number(371), sent.number(45)) == ("3", tag, due)
    assert session.state is State.LOGGED_ON
    # A rejected message uses its number.
    assert session.numbers.next_in == due + 1
    done = (fx.Received, fx.ResendWanted, fx.LoggedOut, fx.Rejected)
    assert not [effect for effect in effects if isinstance(effect, done)]


@pytest.mark.parametrize("role", ["client", "gateway"])
@pytest.mark.parametrize(("kind", "tag", "values", "others"), COUNTING)
def test_the_session_ends_if_a_repeated_tag_makes_the_number_unclear(
    role: str, kind: str, tag: int, values: tuple[str, str], others: list[tuple[int, str]]
) -> None:
    session, effects, due = _given_twice(role, kind, tag, values, others)
    assert session.state is State.CLOSED
    assert session.numbers.next_in == due
    sent = [Message.parse(e.wire) for e in effects if isinstance(e, fx.Send)]
    assert [message.msg_type for message in sent] == ["5"]


def test_a_repeating_group_of_the_application_may_repeat_its_tags() -> None:
    world, session, header = _live("client")
    texts = [(33, "2"), (58, "one"), (58, "two")]
    due = session.numbers.next_in
    session.receive(encode([(35, "B"), (34, str(due)), *header, *texts]), world.now)
    assert [effect for effect in session.take() if isinstance(effect, fx.Received)]


@pytest.mark.parametrize("tag", [34, 43, 56, 108, 122, 141])
def test_a_logon_with_a_tag_twice_is_refused_by_the_gateway(tag: int) -> None:
    world = World()
    world.connect()
    logon = Message.parse(bytes(world.client.line))
    world.client.line.clear()
    value = logon.get(tag) or "N"
    fields = [*logon.fields, (tag, value), *([] if logon.get(tag) else [(tag, "Y")])]
    world.client.line += encode(fields)
    world.deliver_all_of(world.client)
    assert len(world.refusals) == 1
    assert not world.account.primary_on
