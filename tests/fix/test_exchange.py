"""The exchange's side at the wrong time. The rest is in tests/scenarios."""

from __future__ import annotations

import pytest

from gatepass.causes import Cause
from gatepass.fix.exchange import GatewaySession
from gatepass.fix.message import Message, encode
from gatepass.fix.states import State
from gatepass.session import effects as fx
from gatepass.session.numbers import Numbers
from gatepass.session.role import Role
from tests.fix.world import START

LOGON = Message.parse(encode([(35, "A"), (34, "1"), (49, "ABC123N"), (56, "CME")]))


def connected() -> GatewaySession:
    gateway = GatewaySession("G", lambda _message: None)
    gateway.connected(START)
    return gateway


def logged_on() -> GatewaySession:
    gateway = connected()
    gateway.receive(LOGON.wire, START)
    gateway.accept(LOGON, Numbers(), Role.NONE, START)
    gateway.take()
    return gateway


@pytest.mark.parametrize("begin", [connected, logged_on])
def test_a_verdict_that_no_session_waits_for_changes_nothing(begin: object) -> None:
    assert callable(begin)
    gateway = begin()
    before = gateway.state
    gateway.accept(LOGON, Numbers(), Role.NONE, START)
    gateway.refuse(LOGON, "no", Numbers(), START)
    gateway.reject(LOGON, "no", 49, START)
    assert gateway.take() == []
    assert gateway.state is before


def test_only_a_session_that_is_on_becomes_the_primary() -> None:
    gateway = connected()
    gateway.promote(Numbers(30, 20), START)
    assert gateway.take() == []
    assert gateway.numbers == Numbers()


def test_a_client_that_has_not_logged_on_is_forced_out_without_a_logout() -> None:
    gateway = connected()
    for _ in range(2):
        gateway.force_out("the gateway stops", START)
    assert gateway.take() == [fx.Close(Cause.FORCED_OUT, "the gateway stops")]


def test_a_logon_behind_the_gateways_logout_is_not_judged() -> None:
    gateway = logged_on()
    gateway.log_out(START)
    gateway.take()
    gateway.receive(encode([(35, "A"), (34, "2"), (49, "ABC123N"), (56, "CME")]), START)
    assert gateway.state is State.LOGOUT_SENT
    assert not [e for e in gateway.take() if isinstance(e, fx.VerificationWanted)]
