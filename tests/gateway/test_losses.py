"""A client that goes away leaves a word in what the gateway says, and once only."""

from __future__ import annotations

import asyncio

import pytest

from gatepass.fix.message import Message
from gatepass.gateway import Event
from tests.gateway.peers import Stage, play

NUMBER = {"5": "2", "A": "1"}
LOST = "connection lost without a Logout"


@pytest.mark.parametrize("backup", [False, True])
def test_a_client_that_goes_away_without_a_logout_is_told_of(backup: bool) -> None:
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
def test_a_connection_that_was_closed_is_not_lost_as_well(behind: str, reason: str) -> None:
    async def script(stage: Stage) -> None:
        peer = await stage.peer(stage.logon(), stage.message(behind, t34=NUMBER[behind], t141="Y"))
        peer.transport.abort()
        await asyncio.sleep(1)
        assert stage.told(Event.CLOSE) == [reason]
        assert stage.told(Event.LOST) == []

    play(script)


def test_who_connects_and_says_nothing_is_not_told_of() -> None:
    """A balancer that looks whether the port is open does it every second."""

    async def script(stage: Stage) -> None:
        peer = await stage.peer()
        peer.transport.abort()
        await asyncio.sleep(1)

    assert play(script).said == []


def test_what_a_gateway_drops_as_it_ends_is_not_lost() -> None:
    async def script(stage: Stage) -> None:
        await stage.peer(stage.logon())

    assert play(script).told(Event.LOST) == []


def test_a_client_that_cannot_wait_for_its_answer_is_told_of() -> None:
    async def script(stage: Stage) -> None:
        peer = await stage.peer()
        (connection,) = stage.gateway.connections
        # As it is while key pairs are read.
        connection._decide = lambda *_: None  # type: ignore[method-assign]
        await peer.send(stage.logon())
        peer.transport.abort()
        await asyncio.sleep(1)
        said = [(report.what, report.sender_comp_id, report.detail) for report in stage.said]
        assert said == [("lost", "ABC123N", "connection lost while its Logon was judged")]

    play(script)


def test_a_session_whose_application_fails_is_told_of() -> None:
    def fail(_name: str, _message: Message) -> None:
        raise LookupError("a secret")

    async def script(stage: Stage) -> None:
        peer = await stage.peer(stage.logon())
        connection = stage.gateway._live["ABC123", False]
        connection.session.receive(stage.message("D", t34="2"), stage.clock(), stage.loop.time())
        # As asyncio does it.
        with pytest.raises(LookupError):
            connection.perform()
        await asyncio.sleep(1)
        assert peer.ended
        assert not stage.gateway.account("ABC123").primary_on
        assert stage.told(Event.CLOSE) == ["what handled a message failed with LookupError"]

    play(script, application=fail)
