"""A gateway reports each lost connection, once only."""

from __future__ import annotations

import asyncio

import pytest

from gatepass.fix.message import Message
from gatepass.gateway import Event
from tests.gateway.peers import Stage, play

NUMBER = {"5": "2", "A": "1"}
LOST = "connection lost without a Logout"


@pytest.mark.parametrize("backup", [False, True])
def test_a_connection_lost_without_a_logout_is_reported(backup: bool) -> None:
    async def script(stage: Stage) -> None:
        peer = await stage.peer(stage.logon(t49="ABC123U"))
        if backup:
            peer = await stage.peer(stage.logon(t49="ABC123U"), backup=True)
        peer.transport.abort()
        await asyncio.sleep(1)
        ends = [report for report in stage.said if report.what == Event.LOST]
        assert [(end.sender_comp_id, end.detail) for end in ends] == [
            (f"ABC123{'B' if backup else 'P'}", LOST)
        ]

    play(script)


@pytest.mark.parametrize(
    ("behind", "reason"),
    [("5", "logged out"), ("A", "Invalid Logon. Logout Forced")],
)
def test_a_closed_connection_is_not_reported_as_lost(behind: str, reason: str) -> None:
    async def script(stage: Stage) -> None:
        peer = await stage.peer(stage.logon(), stage.message(behind, t34=NUMBER[behind], t141="Y"))
        peer.transport.abort()
        await asyncio.sleep(1)
        assert stage.told(Event.CLOSE) == [reason]
        assert stage.told(Event.LOST) == []

    play(script)


def test_a_client_that_sends_nothing_is_not_reported() -> None:
    """A load balancer checks every second whether the port is open."""

    async def script(stage: Stage) -> None:
        peer = await stage.peer()
        peer.transport.abort()
        await asyncio.sleep(1)

    assert play(script).said == []


def test_connections_that_a_closing_gateway_drops_are_not_reported_as_lost() -> None:
    async def script(stage: Stage) -> None:
        await stage.peer(stage.logon())

    assert play(script).told(Event.LOST) == []


def test_a_connection_lost_while_its_logon_is_judged_is_reported() -> None:
    async def script(stage: Stage) -> None:
        peer = await stage.peer()
        (connection,) = stage.gateway.connections
        # As while key pairs are read.
        connection._decide = lambda *_: None  # type: ignore[method-assign]
        await peer.send(stage.logon())
        peer.transport.abort()
        await asyncio.sleep(1)
        said = [(report.what, report.sender_comp_id, report.detail) for report in stage.said]
        assert said == [("lost", "ABC123N", "connection lost while its Logon was judged")]

    play(script)


def test_a_session_whose_application_fails_ends_and_is_reported() -> None:
    def fail(_name: str, _message: Message) -> None:
        raise LookupError("a secret")

    async def script(stage: Stage) -> None:
        peer = await stage.peer(stage.logon())
        connection = stage.gateway._live["ABC123", False]
        connection.session.receive(stage.message("D", t34="2"), stage.clock(), stage.loop.time())
        # As asyncio does.
        with pytest.raises(LookupError):
            connection.perform()
        await asyncio.sleep(1)
        assert peer.ended
        assert not stage.gateway.account("ABC123").primary_on
        assert stage.told(Event.CLOSE) == ["what handled a message failed with LookupError"]

    play(script, application=fail)
