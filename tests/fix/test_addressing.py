"""A client accepts messages from its exchange for its own session, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepass.errors import PeerError
from gatepass.fix import effects as fx
from gatepass.fix import format_sending_time
from gatepass.fix.client import ClientSession
from gatepass.fix.message import Message, encode
from gatepass.fix.states import State
from gatepass.fix.week import Scenario, Week, numbers_of, trading_week, week_of
from gatepass.session.numbers import Numbers
from tests.fix.world import SETTINGS, START

WEEK = trading_week(START)
FAULT_TOLERANT = replace(SETTINGS, sender_comp_id="ABC123U")
#: What makes a message come from another sender, or go to another session: a tag and its value.
STRANGERS = [
    (49, "EVIL"),
    (49, "cme"),
    (49, None),
    (56, "ZZZ999N"),
    (56, "ABC999N"),
    (56, "ABC123X"),
    (56, "ABC123B"),
    (56, "ABC123"),
    (56, None),
    (8, "FIX.4.4"),
    (8, "FIXT.1.1"),
]


def _wire(kind: str, number: int, fields: dict[int, str | None]) -> bytes:
    header = {49: "CME", 50: "G", 52: format_sending_time(START), 56: "ABC123N"} | fields
    begin = header.pop(8, "FIX.4.2") or ""
    listed = [(tag, value) for tag, value in header.items() if value is not None]
    wire = encode([(35, kind), (34, str(number)), *listed])
    if begin == "FIX.4.2":
        return wire
    body = wire[wire.index(b"35=") : -7]
    message = b"8=%s\x019=%d\x01%s" % (begin.encode(), len(body), body)
    return message + b"10=%03d\x01" % (sum(message) % 256)


def _logon_sent(numbers: Numbers | None = None) -> ClientSession:
    client = ClientSession(SETTINGS, numbers or numbers_of(Week(WEEK, begun=True), 4, 4), START)
    client.connected(START)
    client.log_on(Scenario.MID_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.take()
    return client


def _logged_on() -> ClientSession:
    client = _logon_sent()
    client.receive(_wire("A", 4, {}), START)
    client.take()
    assert client.state is State.LOGGED_ON
    return client


def _refused(client: ClientSession, tag: int) -> None:
    """Check that the message was not accepted: a Reject, a Logout, a typed error, and the end."""
    effects = client.take()
    (error,) = [e.error for e in effects if isinstance(e, fx.Failed)]
    assert isinstance(error, PeerError)
    assert error.tag == tag
    sent = [Message.parse(e.wire) for e in effects if isinstance(e, fx.Send)]
    assert [message.msg_type for message in sent] == ["3", "5"]
    assert sent[0].number(371) == tag
    assert not [e for e in effects if isinstance(e, (fx.LoggedOn, fx.Received, fx.ResendWanted))]
    assert client.state is State.CLOSED
    assert isinstance(effects[-1], fx.Close)


@pytest.mark.parametrize(("tag", "value"), STRANGERS)
def test_a_logon_answer_from_or_for_another_party_is_refused(tag: int, value: str | None) -> None:
    client = _logon_sent()
    client.receive(_wire("A", 4, {tag: value}), START)
    _refused(client, tag)


@pytest.mark.parametrize("kind", ["8", "0", "2", "4", "5"])
@pytest.mark.parametrize(("tag", "value"), STRANGERS)
def test_a_message_from_or_for_another_party_is_refused(
    kind: str, tag: int, value: str | None
) -> None:
    client = _logged_on()
    own: dict[int, str | None] = {7: "2", 16: "0", 36: "9", 58: "fill"}
    client.receive(_wire(kind, 5, {**own, tag: value}), START)
    _refused(client, tag)
    assert client.numbers.next_in == 5


@pytest.mark.parametrize(("tag", "value"), STRANGERS)
def test_a_refusal_from_or_for_another_party_changes_no_number(tag: int, value: str | None) -> None:
    client = _logon_sent()
    client.receive(_wire("5", 4, {tag: value, 789: "77"}), START)
    _refused(client, tag)
    assert week_of(client.numbers).proposed == 0


@pytest.mark.parametrize("role", ["U", "P"])
def test_a_fault_tolerant_session_may_have_other_roles(role: str) -> None:
    client = ClientSession(FAULT_TOLERANT, Numbers(), START)
    client.connected(START)
    client.log_on(Scenario.BEGINNING_OF_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.receive(_wire("A", 1, {56: f"ABC123{role}"}), START)
    assert client.state is State.LOGGED_ON


@pytest.mark.parametrize("role", ["B", "U", "N"])
@pytest.mark.parametrize("is_resetting", [True, False])
def test_a_primary_accepts_no_other_role(role: str, is_resetting: bool) -> None:
    client = ClientSession(FAULT_TOLERANT, Numbers(), START)
    client.connected(START)
    client.log_on(Scenario.BEGINNING_OF_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.receive(_wire("A", 1, {56: "ABC123P"}), START)
    if is_resetting:
        client.log_on(Scenario.IN_SESSION, START)
    client.take()
    client.receive(_wire("0", 2, {56: f"ABC123{role}"}), START)
    client.receive(_wire("0", 3, {56: "ABC123P"}), START)
    _refused(client, 56)


def test_a_logon_that_comes_again_is_ignored() -> None:
    client = _logged_on()
    client.receive(_wire("A", 4, {43: "Y", 122: format_sending_time(START)}), START)
    assert client.state is State.LOGGED_ON
    assert client.take() == []


def test_the_exchange_has_the_name_that_the_settings_give_it() -> None:
    client = ClientSession(replace(SETTINGS, target_comp_id="VENUE"), Numbers(), START)
    client.connected(START)
    client.log_on(Scenario.BEGINNING_OF_WEEK, START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.receive(_wire("A", 1, {49: "VENUE"}), START)
    assert client.state is State.LOGGED_ON
    client.receive(_wire("8", 2, {}), START)
    assert client.state is State.CLOSED


def test_a_refusal_of_a_nameless_logon_is_accepted() -> None:
    client = _logon_sent()
    client.receive(_wire("3", 1, {56: "null", 58: "SenderCompId (49) tag is not present"}), START)
    assert [type(effect) for effect in client.take()] == [
        fx.LogonRejected,
        fx.Save,
        fx.Close,
    ]


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (108, "-10"),
        (108, "0"),
        (108, "60"),
        (108, "abc"),
        (52, "20010101-00:00:00.000"),
        (52, format_sending_time(START + timedelta(minutes=3))),
        (52, "20261332-25:61:61.000"),
        (52, "yesterday"),
        (52, None),
    ],
)
def test_a_logons_answer_with_another_interval_or_time_is_refused(
    tag: int, value: str | None
) -> None:
    client = _logon_sent()
    client.receive(_wire("A", 4, {108: "10", tag: value}), START)
    _refused(client, tag)


@pytest.mark.parametrize("tag", [34, 43, 49, 52, 56, 108, 141])
def test_a_logons_answer_with_a_tag_twice_is_refused(tag: int) -> None:
    client = _logon_sent()
    values = {34: "4", 43: "N", 49: "CME", 52: format_sending_time(START), 56: "ABC123N"}
    listed = [*values.items(), (108, "10"), (141, "N")]
    second = dict(listed)[tag].replace("N", "Y")
    client.receive(encode([(35, "A"), *listed, (tag, second)]), START)
    _refused(client, tag)


def test_a_stranger_gets_no_answer_while_a_reset_is_in_doubt() -> None:
    client = _logged_on()
    client.log_on(Scenario.IN_SESSION, START)
    (test,) = [Message.parse(e.wire) for e in client.take() if isinstance(e, fx.Send)]
    client.receive(_wire("0", 5, {112: test.get(112)}), START)
    client.signature("pairpairpairpairpair", b"s" * 32, START)
    client.take()
    client.receive(_wire("A", 1, {49: "EVIL", 141: "Y"}), START)
    effects = client.take()
    assert [type(effect) for effect in effects] == [fx.Failed, fx.Close]
