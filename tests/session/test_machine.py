"""What the sessions of all protocols do, shown with a protocol of four states."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.causes import Cause
from gatepass.errors import FramingError, StateError
from gatepass.session import effects as fx
from gatepass.session.machine import MAX_WAITING, NEVER, unfinished
from tests.session.toy import HEARTBEAT, START, Lines, State, Toy, Trigger

LINES = st.lists(st.sampled_from(["one", "two", "?", "", "#"]))


def opened() -> Toy:
    toy = Toy()
    toy.connected(START, 0.0)
    return toy


def asking() -> Toy:
    toy = opened()
    toy.receive(b"?\n", START)
    toy.take()
    return toy


def received(effects: list[fx.Effect]) -> list[str]:
    return [effect.message for effect in effects if isinstance(effect, fx.Received)]


def parts(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    at = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return (data[begin:end] for begin, end in pairwise(at))


@given(LINES, st.lists(st.integers(0, 100)))
def test_messages_are_handled_once_and_in_order_however_the_bytes_are_cut(
    lines: list[str], cuts: list[int]
) -> None:
    toy = opened()
    effects: list[fx.Effect] = []
    for part in parts("".join(f"{line}\n" for line in lines).encode(), cuts):
        toy.receive(part, START)
        effects += toy.take()
        while toy.state is State.ASKING:
            toy.answer(START)
            effects += toy.take()
    said = [e.message if isinstance(e, fx.Received) else "garbled" for e in effects]
    assert said == [line if line not in ("", "#") else "garbled" for line in lines]


def test_effects_are_given_once() -> None:
    toy = opened()
    toy.receive(b"one\n", START)
    assert toy.take() == [fx.Received("one", "")]
    assert toy.take() == []


def test_nothing_is_read_before_the_driver_answers() -> None:
    toy = opened()
    toy.receive(b"one\n?\n#\ntwo\n", START)
    assert received(toy.take()) == ["one", "?"]
    assert toy.is_awaiting
    assert toy.unread == [b"two"]
    toy.answer(START)
    assert toy.take() == [fx.Garbled("a comment"), fx.Received("two", "")]
    assert toy.unread == []


def test_bytes_that_are_not_a_message_are_reported_and_skipped() -> None:
    toy = opened()
    toy.receive(b"\n#\none\n", START)
    garbled = [fx.Garbled("an empty line"), fx.Garbled("a comment")]
    assert toy.take() == [*garbled, fx.Received("one", "")]
    assert toy.state is State.OPEN


def test_input_that_waits_for_an_answer_is_limited() -> None:
    toy = asking()
    half = b"x" * (MAX_WAITING // 2 - 1) + b"\n"
    for _ in range(2):
        toy.receive(half, START)
    assert toy.is_awaiting
    assert toy.take() == []
    toy.receive(b"\n", START)
    (close,) = toy.take()
    assert isinstance(close, fx.Close)
    assert close.cause is Cause.TOO_MUCH
    assert toy.is_closed


def test_the_limit_applies_to_each_wait_separately() -> None:
    toy = asking()
    most = b"x" * (MAX_WAITING - 1) + b"\n"
    for _ in range(2):
        toy.receive(most, START)
        toy.answer(START)
        toy.receive(b"?\n", START)
    assert not toy.is_closed


def test_an_end_is_reported_once_and_nothing_is_handled_after_it() -> None:
    toy = opened()
    toy.receive(b"!\none\n", START)
    assert toy.take() == [fx.Received("!", ""), fx.Close(Cause.LOGGED_OUT, "it was asked to")]
    assert toy.unread == [b"one"]
    toy.receive(b"two\n", START)
    assert toy.take() == []
    assert toy.unread == [b"one"]


def test_a_lost_connection_ends_a_session_without_a_close() -> None:
    toy = opened()
    for _ in range(2):
        toy.disconnected(START)
        assert toy.is_closed
        assert toy.take() == []


def test_a_call_that_the_state_does_not_allow_is_refused_and_changes_nothing() -> None:
    toy = opened()
    with pytest.raises(StateError, match="connect: not possible while the session is open"):
        toy.connected(START)
    assert toy.state is State.OPEN
    assert toy.can(Trigger.ASK)
    assert not toy.can(Trigger.ANSWER)


def test_the_deadline_is_by_each_clock_and_there_is_none_while_the_driver_must_act() -> None:
    toy = Toy()
    assert toy.deadline is None
    toy.connected(START, 5.0)
    assert toy.deadline == START + HEARTBEAT
    assert toy.steady_deadline == 15.0
    toy.receive(b"?\n", START, 5.0)
    assert toy.deadline is None
    assert toy.steady_deadline is None


def test_the_deadline_of_an_ended_session_is_never() -> None:
    toy = opened()
    toy.disconnected(START)
    assert toy.deadline == NEVER
    assert toy.steady_deadline is None


@pytest.mark.parametrize(
    ("came", "reason"),
    [
        (b"", "nothing came"),
        (b"x", "nothing came; received 1 byte, not a whole message: no newline"),
        (b"one\nxy", "nothing came; received 2 bytes, not a whole message: no newline"),
    ],
)
def test_a_timeout_reports_bytes_that_are_not_a_message(came: bytes, reason: str) -> None:
    toy = opened()
    toy.receive(came, START, 0.0)
    toy.take()
    toy.tick(START, HEARTBEAT.total_seconds() - 0.001)
    assert toy.take() == []
    toy.tick(START - timedelta(hours=1), HEARTBEAT.total_seconds())
    assert toy.take() == [fx.Close(Cause.SILENCE, reason)]


@given(st.lists(st.binary(max_size=8)))
def test_a_framer_reports_what_is_left_over(pieces: list[bytes]) -> None:
    lines = Lines()
    for piece in pieces:
        lines.feed(piece)
    left = b"".join(pieces).rpartition(b"\n")[2]
    assert unfinished(lines).startswith(f"received {len(left)} byte" if left else "")
    assert bool(unfinished(lines)) is bool(left)
    assert lines.unfinished is None or isinstance(lines.unfinished[1], FramingError)
