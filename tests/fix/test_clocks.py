"""Setting the wall clock changes no wait, and messages have the current time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.fix import format_sending_time, parse_sending_time
from gatepass.fix.client import ClientSession
from gatepass.fix.engine import Engine
from gatepass.fix.exchange import LOGON_TIMEOUT, GatewaySession
from gatepass.fix.message import Message, encode
from gatepass.fix.states import State
from gatepass.fix.week import Scenario
from gatepass.session import effects as fx
from gatepass.session.machine import NEVER
from gatepass.session.numbers import Numbers
from tests.fix.world import HEARTBEAT, SETTINGS, START

STEPS = st.lists(
    st.tuples(st.floats(0, 60), st.floats(-86400, 86400)), max_size=6
)  # when the wall clock is set, and by how many seconds


class Clocks:
    """Both clocks of a machine; the wall clock is set at times."""

    def __init__(self, steps: list[tuple[float, float]], *, both: bool = True) -> None:
        self.seconds = 0.0
        self._steps = steps
        self._both = both

    @property
    def now(self) -> datetime:
        off = sum(by for at, by in self._steps if at <= self.seconds)
        return START + timedelta(seconds=round(self.seconds + off, 6))

    @property
    def steady(self) -> float | None:
        return 1_000_000.0 + self.seconds if self._both else None


def wire_of_cme(clocks: Clocks, kind: str, number: int, *fields: tuple[int, str]) -> bytes:
    sent_at = format_sending_time(clocks.now)
    header = [(49, "CME"), (50, "G"), (52, sent_at), (56, "ABC123N")]
    return encode([(35, kind), (34, str(number)), *header, *fields])


def logon_sent(clocks: Clocks) -> ClientSession:
    client = ClientSession(SETTINGS, Numbers(), clocks.now)
    client.connected(clocks.now, clocks.steady)
    client.log_on(Scenario.BEGINNING_OF_WEEK, clocks.now, steady=clocks.steady)
    client.signature("pairpairpairpairpair", b"s" * 32, clocks.now, clocks.steady)
    client.take()
    return client


def logged_on(clocks: Clocks) -> ClientSession:
    client = logon_sent(clocks)
    client.receive(wire_of_cme(clocks, "A", 1), clocks.now, clocks.steady)
    client.take()
    return client


def logging_out(clocks: Clocks) -> ClientSession:
    client = logged_on(clocks)
    client.log_out(clocks.now, steady=clocks.steady)
    client.take()
    return client


def resetting(clocks: Clocks) -> ClientSession:
    client = logged_on(clocks)
    client.log_on(Scenario.IN_SESSION, clocks.now, steady=clocks.steady)
    client.take()
    return client


def accepted(clocks: Clocks) -> GatewaySession:
    gateway = GatewaySession("G", lambda _message: None)
    gateway.connected(clocks.now, clocks.steady)
    return gateway


BEGINNINGS: list[Callable[[Clocks], Engine]] = [
    logon_sent,
    logged_on,
    logging_out,
    resetting,
    accepted,
]


def played(begin: Callable[[Clocks], Engine], clocks: Clocks) -> list[tuple[float, str]]:
    """Let 70 seconds pass; return what was sent, or why it ended, and when."""
    session = begin(clocks)
    said: list[tuple[float, str]] = []
    while clocks.seconds < 70:
        clocks.seconds = round(clocks.seconds + 0.25, 6)
        session.tick(clocks.now, clocks.steady)
        for effect in session.take():
            if isinstance(effect, fx.Send):
                message = Message.parse(effect.wire)
                said.append((clocks.seconds, message.msg_type))
                sent_at = parse_sending_time(message.get(52) or "")
                assert abs(sent_at - clocks.now) < timedelta(milliseconds=1)
            elif isinstance(effect, fx.Close):
                said.append((clocks.seconds, effect.reason))
    return said


@pytest.mark.parametrize("begin", BEGINNINGS)
@given(steps=STEPS)
def test_setting_the_wall_clock_changes_no_wait(
    begin: Callable[[Clocks], Engine], steps: list[tuple[float, float]]
) -> None:
    expected = played(begin, Clocks([]))
    assert expected
    assert played(begin, Clocks(steps)) == expected


@pytest.mark.parametrize("begin", BEGINNINGS)
def test_with_the_wall_clock_alone_the_same_things_happen(
    begin: Callable[[Clocks], Engine],
) -> None:
    assert played(begin, Clocks([], both=False)) == played(begin, Clocks([]))


@pytest.mark.parametrize("begin", BEGINNINGS)
@pytest.mark.parametrize("back", [1.0, 3600.0, 86400.0])
def test_without_a_steady_clock_setting_the_wall_clock_back_adds_no_time(
    begin: Callable[[Clocks], Engine], back: float
) -> None:
    expected = played(begin, Clocks([]))
    said = played(begin, Clocks([(3.0, -back)], both=False))
    # The quarter of a second in which it was set does not count.
    assert said[0] == (expected[0][0] + 0.25, expected[0][1])


def test_the_deadline_is_the_last_call_plus_the_time_left() -> None:
    for both in (True, False):
        clocks = Clocks([(4.0, -3600.0)], both=both)
        client = logged_on(clocks)
        clocks.seconds = 4.0
        client.tick(clocks.now, clocks.steady)
        left = HEARTBEAT - (4.0 if both else 0.0)
        assert client.deadline == clocks.now + timedelta(seconds=left)
        expected = 1_000_000.0 + HEARTBEAT if both else None
        assert client.steady_deadline == expected


def test_a_connection_that_has_ended_is_never_due() -> None:
    for both in (True, False):
        clocks = Clocks([], both=both)
        client = logged_on(clocks)
        client.disconnected(clocks.now, clocks.steady)
        assert client.deadline == NEVER
        assert client.steady_deadline is None


def test_a_call_without_the_steady_clock_adds_no_time_after_one_with_it() -> None:
    clocks = Clocks([])
    client = logged_on(clocks)
    client.tick(clocks.now + timedelta(hours=1))
    assert client.take() == []
    assert client.state is State.LOGGED_ON


def test_a_resend_request_expires_by_the_steady_clock() -> None:
    clocks = Clocks([(1.0, -3600.0)])
    client = logged_on(clocks)
    client.receive(wire_of_cme(clocks, "0", 4), clocks.now, clocks.steady)
    assert [e for e in client.take() if isinstance(e, fx.Gap)] == [fx.Gap(2, 3)]
    for number, seconds in ((5, HEARTBEAT - 1.0), (6, HEARTBEAT + 0.5)):
        clocks.seconds = seconds
        client.receive(wire_of_cme(clocks, "0", number), clocks.now, clocks.steady)
    assert [e for e in client.take() if isinstance(e, fx.Gap)] == [fx.Gap(2, 3)]


def test_a_gateway_waits_sixty_seconds_for_a_logon_by_the_steady_clock() -> None:
    clocks = Clocks([(10.0, -86400.0), (20.0, 86400.0 * 2)])
    assert played(accepted, clocks) == [
        (LOGON_TIMEOUT.total_seconds(), "no Logon within 60 seconds")
    ]
