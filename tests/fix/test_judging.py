"""The judgment of a Logon in each state of the session: the client's text, and the log's reason.

E1's Logon is changed and signed again for each case; its session is B08004.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from gatepass import LogonVerifier
from gatepass.fix.admission import (
    PRIMARY_FIRST,
    SECURE_LOGON,
    Account,
    Admission,
    Admitted,
    Refused,
    Rejected,
)
from gatepass.fix.exchange import OTHER_SENDER
from gatepass.fix.message import Message
from gatepass.fix.names import INDICATORS
from gatepass.fix.replays import Replays
from gatepass.fix.rules import INVALID_LOGON
from gatepass.fix.texts import NOT_RESET
from gatepass.fix.week import Scenario, Week, numbers_of, trading_week, week_of
from gatepass.session.numbers import MAX_JUMP
from gatepass.session.port import CLOSED_TEXT, Port
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore
from tests.fix.samples import AT, KEY_ID, KEYS, as_text, signed_with
from tests.fix.test_rules import logon

WEEK = trading_week(AT)


@dataclass
class Desk:
    """A gateway's account of a session whose week has begun with 30 sent and 20 received."""

    begun: bool = True
    fault_tolerant: bool = True
    state: dict[str, bool] = field(default_factory=dict)
    replays: Replays | None = None

    def __post_init__(self) -> None:
        self.account = Account(MemoryStore(), Port(), **self.state)
        if self.begun:
            self.account.store.save(numbers_of(Week(WEEK, begun=True), 30, 20))

    def judge(self, change: dict[str, str], **where: Any) -> Admitted | Refused | Rejected:
        return self.take(logon({"34": "20", **change}), **where)

    def take(self, wire: bytes, **where: Any) -> Admitted | Refused | Rejected:
        admission = Admission(
            LogonVerifier(KEYS),
            "92",
            lambda _name: self.account,
            fault_tolerant=self.fault_tolerant,
            replays=self.replays,
        )
        return admission.judge(Message.parse(wire), AT, **where)


ON = {"primary_on": True}
BOTH = {"primary_on": True, "backup_on": True}
LIVE = {"live": "B08004P"}
FIRST = "the week's first Logon must have 34=1, and ResetSeqNumFlag (141) N or none"

REFUSALS: dict[str, tuple[Desk, dict[str, str], dict[str, Any], str, str]] = {
    "a number too low": (
        Desk(),
        {"34": "19"},
        {},
        *["MsgSeqNum (34) too low: expected 20, received 19"] * 2,
    ),
    "a number too high": (
        Desk(),
        {"34": str(21 + MAX_JUMP)},
        {},
        f"MsgSeqNum (34) too high: expected 20, received {21 + MAX_JUMP}",
        f"MsgSeqNum (34) too high: expected 20, received {21 + MAX_JUMP}"
        ": it would cost the week's numbers",
    ),
    "a first that is none": (Desk(begun=False), {"34": "2"}, {}, NOT_RESET, FIRST),
    "a first with 141": (Desk(begun=False), {"34": "1", "141": "Y"}, {}, NOT_RESET, FIRST),
    "a reset without a session": (
        Desk(),
        {"34": "1", "141": "Y"},
        {},
        INVALID_LOGON,
        "ResetSeqNumFlag (141) is Y, but the session is not logged on",
    ),
    "a second on the primary": (
        Desk(state=ON),
        {},
        {},
        INVALID_LOGON,
        "the session is logged on already",
    ),
    "a second on the backup": (
        Desk(state=BOTH),
        {"49": "B08004U"},
        {"backup": True},
        INVALID_LOGON,
        "the session is logged on already",
    ),
    "a backup of N": (
        Desk(state=ON),
        {},
        {"backup": True},
        INVALID_LOGON,
        "a session without fault tolerance (N) has no backup",
    ),
    "a backup before its primary": (
        Desk(),
        {"49": "B08004U"},
        {"backup": True},
        PRIMARY_FIRST,
        "the primary is not logged on",
    ),
    "a backup before its primary in a new week": (
        Desk(begun=False),
        {"49": "B08004U"},
        {"backup": True},
        PRIMARY_FIRST,
        "the primary is not logged on",
    ),
    "a second on a primary that is on since last week": (
        Desk(begun=False, state=ON),
        {},
        {},
        INVALID_LOGON,
        "the session is logged on already",
    ),
    "a backup before a failover": (
        Desk(fault_tolerant=False, state=ON),
        {},
        {"backup": True},
        PRIMARY_FIRST,
        "the primary is not gone: it has not failed",
    ),
    "another firm on a live connection": (
        Desk(state=ON),
        {"141": "Y", "34": "1"},
        {"live": "B08005P"},
        OTHER_SENDER.text,
        "this connection is that of B08005P",
    ),
    "a role that no first Logon has without fault tolerance": (
        Desk(fault_tolerant=False),
        {"49": "B08004U"},
        {},
        "Received initial logon message with Primary Indication = (U) + Expected U or N",
        "SenderCompID (49) ends in U: a first Logon has N; other roles are only for an"
        " In-Session Logon, with 141=Y",
    ),
    "a Logon without 141 on a live connection": (
        Desk(state=ON),
        {"49": "B08004P", "34": "1"},
        LIVE,
        INVALID_LOGON,
        "ResetSeqNumFlag (141) is missing: the session is logged on, and an In-Session Logon has"
        " 141=Y",
    ),
    "a reset on the backup": (
        Desk(state=BOTH),
        {"49": "B08004P", "141": "Y", "34": "1"},
        {"live": "B08004B", "backup": True},
        INVALID_LOGON,
        "in-session logon on the backup, whose numbers are its own",
    ),
    "a reset in another role": (
        Desk(state=ON),
        {"49": "B08004N", "141": "Y", "34": "1"},
        LIVE,
        "Received invalid fault tolerance indicator = (N) Logout forced.",
        "in-session logon as N; the role is P",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_the_text_of_cme_and_a_reason_for_the_log(name: str) -> None:
    made, change, where, text, reason = REFUSALS[name]
    desk = Desk(made.begun, made.fault_tolerant, made.state)
    refused = desk.judge(change, **where)
    assert isinstance(refused, Refused)
    assert (refused.text, refused.reason) == (text, reason)


def test_a_wrong_first_logon_of_the_week_uses_a_number() -> None:
    refused = Desk(begun=False).judge({"34": "2"})
    assert isinstance(refused, Refused)
    assert refused.counted
    assert refused.numbers is not None
    assert (refused.numbers.next_out, refused.numbers.next_in) == (1, 1)
    assert week_of(refused.numbers).first_in == 2
    desk = Desk(begun=False)
    desk.account.store.save(refused.numbers)
    admitted = desk.judge({"34": "1"})
    assert isinstance(admitted, Admitted)
    assert (admitted.numbers.next_out, admitted.numbers.next_in) == (2, 1)
    assert week_of(admitted.numbers) == Week(WEEK, begun=True)


def test_the_client_sees_the_same_text_for_a_wrong_signature_and_a_wrong_time() -> None:
    desk, late = Desk(), AT.replace(minute=49)
    forged = signed_with(as_text(bytes(32)), logon({"34": "20"}))
    signature, time = desk.take(forged), desk.judge({}, arrived=late)
    both = desk.take(forged, arrived=late)
    for refused in (signature, time, both):
        assert isinstance(refused, Refused)
        assert refused.text == SECURE_LOGON
    assert signature.reason.startswith("signature: ")
    assert time.reason.startswith("sending time: SendingTime (52) is ")
    assert both.reason == f"{time.reason}; {signature.reason}"


def test_a_wrong_header_is_rejected_and_the_client_may_try_again() -> None:
    rejected = Desk().judge({"57": "64"})
    assert isinstance(rejected, Rejected)
    assert not rejected
    assert rejected.tag == 57
    assert rejected.text.startswith("TargetSubId (57) tag has an incorrect value")


def test_the_fifth_bad_logon_in_a_minute_closes_the_port_for_a_good_one_too() -> None:
    desk = Desk()
    texts = [desk.judge({"34": "19"}) for _ in range(5)]
    fifth = texts[-1]
    assert isinstance(fifth, Refused)
    assert fifth.text == CLOSED_TEXT
    words = "MsgSeqNum (34) too low: expected 20, received 19; fifth invalid logon in a minute"
    assert fifth.reason == words
    good = desk.judge({})
    assert isinstance(good, Refused)
    assert (good.text, good.reason) == (CLOSED_TEXT, "the port is closed")
    desk.account.port.reopen()
    assert isinstance(desk.judge({}), Admitted)


def test_a_good_logon_at_a_closed_port_is_a_replay_when_the_port_is_open_again() -> None:
    desk = Desk(replays=Replays(LogonVerifier(KEYS)))
    desk.account.port.closed = True
    assert not desk.judge({})
    desk.account.port.reopen()
    refused = desk.judge({})
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("replay: ")


def test_a_bad_logon_on_a_live_connection_counts_too_and_closes_the_port() -> None:
    desk = Desk(state=ON)
    refused = [desk.judge({"49": "B08004P"}, **LIVE) for _ in range(6)]
    assert [
        (verdict.port_closed, verdict.was_judged)
        for verdict in refused
        if isinstance(verdict, Refused)
    ] == [*[(False, True)] * 4, (True, True), (True, False)]


@pytest.mark.parametrize(
    ("made", "change", "where", "role", "scenario", "numbers"),
    [
        (Desk(), {}, {}, Role.NONE, Scenario.MID_WEEK.value, (30, 20)),
        (
            Desk(),
            {"34": str(20 + MAX_JUMP), "49": "B08004U"},
            {},
            Role.PRIMARY,
            Scenario.MID_WEEK.value,
            (30, 20),
        ),
        (Desk(begun=False), {"34": "1"}, {}, Role.NONE, Scenario.BEGINNING_OF_WEEK.value, (1, 1)),
        (
            Desk(state=ON),
            {"49": "B08004U"},
            {"backup": True},
            Role.BACKUP,
            "on the backup",
            (1, 20),
        ),
        (
            Desk(state=ON),
            {"49": "B08004P", "34": "1", "141": "Y"},
            LIVE,
            Role.PRIMARY,
            Scenario.IN_SESSION.value,
            (1, 1),
        ),
        (
            Desk(fault_tolerant=False, state={"failed_over": True}),
            {},
            {"backup": True},
            Role.NONE,
            Scenario.MID_WEEK.value,
            (30, 20),
        ),
    ],
)
def test_an_admission_has_the_role_the_scenario_and_the_numbers(
    made: Desk,
    change: dict[str, str],
    where: dict[str, Any],
    role: Role,
    scenario: str,
    numbers: tuple[int, int],
) -> None:
    admitted = Desk(made.begun, made.fault_tolerant, made.state).judge(change, **where)
    assert isinstance(admitted, Admitted), admitted
    assert (admitted.numbers.next_out, admitted.numbers.next_in) == numbers
    assert (admitted.role, admitted.scenario) == (role, scenario)
    number, indicator = change.get("34", "20"), INDICATORS[role]
    assert admitted.detail == f"{scenario}: 34={number} as {indicator}, key pair {KEY_ID}"
    week = week_of(admitted.numbers)
    assert (week.sunday, week.begun) == (WEEK, True)
    assert week.restarts == (scenario == Scenario.IN_SESSION.value)


def test_a_logon_on_the_primary_ends_a_failover() -> None:
    reset = {"49": "B08004P", "34": "1", "141": "Y"}
    for change, where, still in (
        ({}, {}, False),
        ({}, {"backup": True}, True),
        (reset, LIVE, True),
    ):
        desk = Desk(fault_tolerant=False, state={"failed_over": True})
        assert isinstance(desk.judge(change, **where), Admitted)
        assert desk.account.failed_over is still


def test_an_admitted_logon_is_not_admitted_again() -> None:
    desk = Desk(replays=Replays(LogonVerifier(KEYS)))
    assert isinstance(desk.judge({}), Admitted)
    for on in (False, True):
        desk.account.primary_on = on
        again = desk.judge({})
        assert isinstance(again, Refused)
        assert again.text == SECURE_LOGON
        assert again.reason.startswith("replay: ")


def test_a_refused_logon_is_refused_for_its_reason_and_then_as_a_replay() -> None:
    desk = Desk(replays=Replays(LogonVerifier(KEYS)), state=ON)
    for _ in range(2):
        refused = desk.judge({})
        assert isinstance(refused, Refused)
        assert refused.reason == "the session is logged on already"
    desk.account.primary_on = False
    refused = desk.judge({})
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("replay: ")


@pytest.mark.parametrize(
    ("begun", "jump", "numbers"),
    [(True, 4000, (4030, 20)), (True, 0, (30, 20)), (False, 9, (1, 1))],
)
def test_a_failover_raises_the_numbers_of_a_started_week(
    begun: bool, jump: int, numbers: tuple[int, int]
) -> None:
    account = Desk(begun, state=BOTH).account
    given = account.fail_over(jump)
    assert (given.next_out, given.next_in) == numbers
    assert account.store.load() == given
    assert (account.primary_on, account.backup_on, account.failed_over) == (False, False, True)


def test_an_account_is_asked_for_by_the_name_without_its_indicator() -> None:
    desk, asked = Desk(), []
    admission = Admission(
        LogonVerifier(KEYS), "92", lambda name: asked.append(name) or desk.account
    )
    admission.judge(Message.parse(logon({"34": "20"})), AT)
    assert asked == ["B08004"]


def test_a_backups_numbers_begin_with_those_of_its_logon() -> None:
    admitted = Desk(state=ON).judge({"49": "B08004U", "34": "1"}, backup=True)
    assert isinstance(admitted, Admitted)
    assert (admitted.numbers.next_out, admitted.numbers.next_in) == (1, 1)


def test_the_minute_of_port_closure_is_that_of_the_steady_clock() -> None:
    desk = Desk()
    texts = [desk.judge({"34": "19"}, steady=100.0 * n) for n in range(6)]
    assert CLOSED_TEXT not in [refused.text for refused in texts if isinstance(refused, Refused)]
