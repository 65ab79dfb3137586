"""A gateway's messages are on the wire in the order of their numbers, whatever sends them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.errors import StoreError
from gatepass.fix.message import Message
from gatepass.gateway import Event
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.session.store import MemoryStore
from tests.gateway.peers import Stage, play

KINDS = st.sampled_from(["D", "1", "0", "G", "q"])


class Answering:
    """An application that answers each message with several, while it receives it."""

    def __init__(self, answers: int) -> None:
        self.answers = answers
        self.stage: Stage
        self.got: list[int] = []
        self.depth = self.deepest = 0

    def __call__(self, name: str, message: Message) -> None:
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        self.got.append(message.msg_seq_num or 0)
        for _ in range(self.answers):
            self.stage.gateway.send(name, "8", [(58, f"fill for {message.msg_seq_num}")])
        self.depth -= 1


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(KINDS, min_size=1, max_size=12),
    first=st.lists(KINDS | st.just("zz"), max_size=4),
    answers=st.integers(0, 3),
    missing=st.integers(0, 3),
)
def test_numbers_rise_by_one_if_the_application_sends_while_it_receives(
    kinds: list[str], first: list[str], answers: int, missing: int
) -> None:
    application = Answering(answers)

    async def script(stage: Stage) -> None:
        application.stage = stage
        wires = [
            stage.message(kind, t34=str(number), t112="T" if kind == "1" else None)
            for number, kind in enumerate([*first, *kinds], start=2)
        ]
        # Some arrive after a gap, and are delivered together when it is filled.
        begun, late, rest = (
            wires[: len(first)],
            wires[len(first) : len(first) + missing],
            wires[len(first) + missing :],
        )
        peer = await stage.peer(stage.logon(), *begun)
        await peer.send(*rest)
        await peer.send(*late)
        new = [message for message in peer.got if message.get(43) != "Y"]
        assert [message.msg_seq_num for message in new] == list(range(1, len(new) + 1))
        wanted = [
            number
            for number, kind in enumerate([*first, *kinds], start=2)
            if kind in ("D", "G", "q")
        ]
        assert application.got == wanted
        assert peer.kinds.count("8") == answers * len(wanted)
        assert not peer.ended

    play(script, application=application)
    # One message after the other, never one inside another.
    assert application.deepest <= 1


def test_thousands_of_messages_in_one_piece_are_answered_one_by_one() -> None:
    application = Answering(1)

    async def script(stage: Stage) -> None:
        application.stage = stage
        orders = [stage.message("D", t34=str(number)) for number in range(2, 3002)]
        peer = await stage.peer(stage.logon(), *orders)
        assert peer.numbers == list(range(1, 3003))

    play(script, application=application)
    assert application.deepest == 1


class Failing(MemoryStore):
    """Stores no sent message after the number ``last``."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last

    def save(
        self,
        numbers: Numbers,
        sent: SentMessage | None = None,
        received: ReceivedMessage | None = None,
    ) -> None:
        if sent is not None and sent.number > self.last:
            raise StoreError("cannot be written", "week.sqlite")
        super().save(numbers, sent, received)


@pytest.mark.parametrize("caught", [True, False])
def test_an_answer_of_the_application_that_cannot_be_stored_is_not_sent(
    caught: bool,
) -> None:
    raised: list[StoreError] = []

    async def script(stage: Stage) -> None:
        def answer(name: str, message: Message) -> None:
            try:
                stage.gateway.send(name, "8", [(58, f"fill for {message.msg_seq_num}")])
            except StoreError as error:
                raised.append(error)
                if not caught:
                    raise

        stage.gateway.application = answer
        peer = await stage.peer(stage.logon(), stage.message("D", t34="2"))
        await peer.send(stage.message("D", t34="3"), stage.message("D", t34="4"))
        await asyncio.sleep(1)
        assert peer.numbers == [1, 2, 3]
        assert peer.ended
        # Reported once, however often it is raised.
        assert stage.told(Event.STORE) == [str(raised[0])]

    play(script, store=lambda _name: Failing(3))
    assert len(raised) == 1


def test_a_logon_reply_and_its_test_request_are_one_write() -> None:
    async def script(stage: Stage) -> None:
        peer = await stage.peer(stage.logon())
        assert peer.kinds == ["A", "1"]
        assert peer.pieces == 1

    play(script)
