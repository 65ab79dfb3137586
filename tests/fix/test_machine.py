"""A client and a gateway on a bad line: nothing is lost, nothing arrives twice."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gatepass.fix.states import State
from tests.fix.world import SETTINGS, Side, World, has_arrived

_SIDES = st.sampled_from(["client", "gateway"])


class BadLine(RuleBasedStateMachine):
    """Random sends, splits, corruptions, cuts, waits and logons."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(replace(SETTINGS, sender_comp_id="ABC123U"))

    def _side(self, name: str) -> Side:
        return self.world.client if name == "client" else self.world.gateway

    @precondition(lambda self: not self.world.is_up)
    @rule()
    def connect(self) -> None:
        self.world.account.port.reopen()
        self.world.connect()

    @precondition(lambda self: self.world.is_up)
    @rule()
    def cut(self) -> None:
        self.world.cut()

    @precondition(lambda self: self.world.client.line or self.world.gateway.line)
    @rule()
    def deliver_all(self) -> None:
        self.world.deliver_all()

    @rule(name=_SIDES, count=st.integers(1, 400))
    def deliver(self, name: str, count: int) -> None:
        self.world.deliver(self._side(name), count)

    @rule(name=_SIDES, count=st.integers(1, 5))
    def send(self, name: str, count: int) -> None:
        for _ in range(count):
            if self._side(name).is_on:
                self.world.send(self._side(name))

    @rule(name=_SIDES, place=st.integers(0, 2000))
    def corrupt(self, name: str, place: int) -> None:
        line = self._side(name).line
        if line:
            line[place % len(line)] ^= 0x15

    @rule(seconds=st.integers(1, 15))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    @precondition(lambda self: self.world.client.is_on)
    @rule()
    def log_out(self) -> None:
        self.world.log_out()

    @precondition(lambda self: self.world.client.is_on and self.world.gateway.is_on)
    @rule()
    def reset(self) -> None:
        # In-Session makes messages in flight unrecoverable: it needs a good line.
        self.check_settled()
        if self.world.client.is_on:
            self.world.reset()
            self.world.deliver_all()

    @precondition(lambda self: self.world.client.is_on and self.world.gateway.is_on)
    @rule(out=st.integers(0, 600), back=st.integers(0, 400), emitted=st.integers(0, 6))
    def reset_and_cut(self, out: int, back: int, emitted: int) -> None:
        # Messages sent while the client does not read have the new numbers, or the old ones.
        self.check_settled()
        if self.world.client.is_on:
            self.world.reset()
            self.world.deliver(self.world.client, out)
            self.world.deliver(self.world.gateway, back)
            self.world.deliver_all_of(self.world.client)
            for _ in range(emitted):
                self.world.send(self.world.gateway)
            self.world.cut()

    @precondition(lambda self: self.world.client.is_on and self.world.gateway.is_on)
    @rule()
    def fail_over(self) -> None:
        self.world.account.port.reopen()
        self.world.fail_over()

    @invariant()
    def nothing_twice_and_in_order(self) -> None:
        world = self.world
        assert has_arrived(world.gateway, world.client)
        assert has_arrived(world.client, world.gateway)
        assert not world.gateway.unread

    @invariant()
    def deadlines_lie_ahead(self) -> None:
        for side in (self.world.client, self.world.gateway):
            if side.session is not None and side.session.deadline is not None:
                assert side.session.deadline > self.world.now

    def check_settled(self) -> None:
        world = self.world
        world.settle()
        assert has_arrived(world.gateway, world.client, whole=True)
        assert has_arrived(world.client, world.gateway, whole=True)
        client, gateway = world.client.session, world.gateway.session
        assert client is not None
        assert gateway is not None
        assert client.state is gateway.state is State.LOGGED_ON
        assert client.numbers.next_out == gateway.numbers.next_in
        assert client.numbers.next_in == gateway.numbers.next_out
        assert world.client.store.load() == client.numbers
        assert world.gateway.store.load() == gateway.numbers

    def teardown(self) -> None:
        self.check_settled()


def test_a_heartbeat_follows_a_logon_answer_that_took_a_heartbeat_interval() -> None:
    world = World()
    world.connect()
    world.wait(4)
    world.deliver_all_of(world.client)
    world.wait(6)
    world.deliver(world.gateway, world.gateway.line.index(b"8=FIX", 1))  # only the answer
    session = world.client.session
    assert session is not None
    assert session.state is State.LOGGED_ON
    assert session.deadline is not None
    assert session.deadline > world.now
    assert b"\x0135=0\x01" in world.client.line


TestBadLine = BadLine.TestCase
TestBadLine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
