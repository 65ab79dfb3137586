"""Every end of a session has a remedy, which says what to do."""

from __future__ import annotations

import pytest

from gatepass.causes import Cause
from gatepass.fix.remedies import remedy
from gatepass.fix.texts import NOT_RESET, Meaning, meaning_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Invalid Logon. Logout Forced", "does not say which part"),
        ("Invalid logon.  Logout forced.", "does not say which part"),
        ("Invalid Logon. Must be logged on to Primary. Logout forced.", "primary gateway first"),
        ("(1000) CME Administered Port Closure Due to ...", "Global Command Center"),
        ("MsgSeqNum (34) too low: expected 4, received 1", "Log on again"),
        ("Invalid SenderCompID (49) tag. Logout forced.", "ABC123N"),
        ("Received invalid fault tolerance indicator = (X) Logout forced.", "U, or N"),
        ("MSGW safeguard exceeded: no. of messages", "does not count"),
        ("Messages rejected due to session disconnect", "which orders"),
        ("Logout initiated due to disconnect on primary connection", "primary again"),
        (NOT_RESET, "begins the week again"),
        (NOT_RESET.upper().rstrip("."), "begins the week again"),
        ("something new", "Compare what was sent"),
    ],
)
def test_each_refusal_has_a_remedy(text: str, words: str) -> None:
    assert words in remedy(meaning_of(text))


@pytest.mark.parametrize("why", [*Meaning, *Cause])
def test_a_remedy_says_what_to_do(why: Meaning | Cause) -> None:
    for was_on in (False, True):
        assert len(remedy(why, was_on=was_on)) > 40


@pytest.mark.parametrize(
    "cause", [Cause.CLOSED, Cause.LOST, Cause.SILENCE, Cause.LOGOUT_UNCONFIRMED]
)
def test_the_remedy_for_an_interrupted_session_is_to_log_on_again(cause: Cause) -> None:
    assert "Log on again" in remedy(cause, was_on=True)
