"""A Secret Key that a client put into a field: a gateway neither reports it nor sends it back."""

from __future__ import annotations

import asyncio

import pytest

from gatepass.cli.views.simulate import Told
from gatepass.gateway import Event, Report
from gatepass.gateway import faults as ft
from gatepass.gateway.faults import FaultPlan
from tests.gateway.peers import PAIR, WEDNESDAY, Peer, Stage, play
from tests.leaks import TAGS, leaks

SECRET = PAIR.secret.reveal()
FORMS = {
    "whole": SECRET,
    "cut": SECRET[:40],
    "padded": f"{SECRET}=",
    "behind a word": f"k:{SECRET}",
    "broken by a space": f"{SECRET[:21]} {SECRET[21:]}",
}


def check(stage: Stage, *peers: Peer) -> None:
    for report in stage.said:
        for told in (Told(WEDNESDAY, report), Told(WEDNESDAY, report, is_logon=True)):
            assert leaks(f"{report} {report.logon} {told.as_json()} {told.detail}", SECRET) == []
    for peer in peers:
        assert leaks("".join(peer.texts), SECRET) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tag", TAGS)
def test_the_answer_to_a_logon_with_a_secret_does_not_show_it(tag: int, form: str) -> None:
    async def script(stage: Stage) -> None:
        change = {f"t{tag}": FORMS[form]}
        unsigned = await stage.peer(stage.message("A", **change))
        peers = [unsigned]
        if tag != 35:
            peers.append(await stage.peer(stage.logon(**change)))
        # And on a live connection.
        live = await stage.peer(stage.logon(t34="1"))
        await live.send(stage.message("A", **{"t141": "Y", **change}))
        check(stage, *peers, live)
        assert any(report.what in (Event.REFUSED, Event.LOGGED_ON) for report in stage.said)

    play(script)


@pytest.mark.parametrize("msg_type", ["0", "1", "2", "3", "4", "5", "D", "zz"])
@pytest.mark.parametrize("tag", [*TAGS, 7, 16, 36, 45, 112, 123, 371])
def test_the_answer_to_a_message_with_a_secret_does_not_show_it(tag: int, msg_type: str) -> None:
    async def script(stage: Stage) -> None:
        live = await stage.peer(stage.logon())
        await live.send(stage.message(msg_type, **{"t34": "2", f"t{tag}": SECRET}))
        live.transport.abort()
        await asyncio.sleep(1)
        check(stage, live)

    play(script, faults=FaultPlan((ft.Fault(ft.Duplicate(), ft.Direction.RECEIVE, times=9),)))


def test_a_report_hides_a_sender_that_may_be_a_secret() -> None:
    assert Report(Event.REFUSED, SECRET, "").sender_comp_id == "***"
    assert Report(Event.REFUSED, "ABC123N", "").sender_comp_id == "ABC123N"
    assert Report.of_client(Event.CLOSE, "", f"Received: {SECRET}").detail == "Received: ***"


def test_a_report_shows_text_that_is_not_from_a_client_unchanged() -> None:
    """The path of a store is long and contains a digit."""
    path = "/home/trader/Firm2026/production/globex/week"
    assert Report(Event.STORE, "ABC123N", path).detail == path
