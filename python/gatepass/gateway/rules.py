"""What a Globex gateway checks in a message's header and in a Logon, and its exact words: data.

Texts are those of CME's Session Layer Validation Conditions. ``{value}`` stands where CME's table
has a placeholder, ``{indicator}`` for its last letter alone, ``{length}`` for its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gatepass.session.gateway import Finding
from gatepass.session.message import RESEND_REQUEST, Message
from gatepass.signing import parse_sending_time

INVALID_LOGON = "Invalid logon. Logout forced."
#: HeartBtInt in seconds. CME's pages contradict each other (30-60, 5-60, 5-999): 5 to 60.
HEARTBEAT_RANGE = range(5, 61)

_HEARTBEATS = frozenset(map(str, HEARTBEAT_RANGE))
_OPERATOR = re.compile(r"[A-Za-z0-9_:@.\-]+")
#: Longest SenderSubID (50) that is taken (documented by CME: "accepts up to 32 bytes").
MAX_OPERATOR = 32
_SENDER = re.compile(r"[A-Za-z0-9]{6,9}[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Rule:
    """One check: it fails where `fails` is true of the tag's value (``None``: not there).

    ``why`` is what the gateway's own log says, where the client's ``text`` does not tell.
    """

    tag: int
    fails: Callable[[str | None], bool]
    text: str
    logout: bool = False
    why: str = ""

    def look(self, message: Message) -> Finding | None:
        """Apply the rule to a message."""
        value = message.begin_string if self.tag == 8 else message.get(self.tag)
        if not self.fails(value):
            return None
        return Finding(_filled(self.text, value), self.tag, self.logout)

    def reason(self, message: Message) -> str:
        """Say for the gateway's own log what is wrong with a message that fails."""
        return f"tag {self.tag}: {_filled(self.why or self.text, message.get(self.tag))}"


def _filled(text: str, value: str | None) -> str:
    known = value or ""
    return text.format(value=value or "null", indicator=known[-1:], length=len(known))


def _absent(value: str | None) -> bool:
    return not value


def _blank(value: str | None) -> bool:
    return not value or value.isspace()


def _is_no_time(value: str | None) -> bool:
    try:
        parse_sending_time(value or "")
    except ValueError:
        return True
    return False


def header_rules(target_sub_id: str) -> tuple[Rule, ...]:
    """Give the header's rules in the order in which they are checked.

    `target_sub_id` is ``G`` on a CGW session, the market segment's two digits on an MSGW session.
    """
    return (
        Rule(
            8,
            lambda v: v != "FIX.4.2",
            "BeginString (8) tag has an incorrect value, should be FIX4.2",
        ),
        Rule(49, _blank, "SenderCompId (49) tag is not present"),
        Rule(
            49,
            lambda v: not _SENDER.fullmatch(v or ""),
            "Invalid SenderCompID (49) tag. Logout forced.",
            logout=True,
        ),
        Rule(
            49,
            lambda v: (v or "")[-1:] not in "UPBN",
            "Received invalid fault tolerance indicator = ({indicator}) Logout forced.",
            logout=True,
        ),
        Rule(50, _blank, "SenderSubId (50) tag is not present"),
        Rule(50, lambda v: len(v or "") < 2, "Other '50 (SENDER_SUB_ID) length: 1 min: 2'"),
        # CME's words for this are not public: they follow those for one that is too short.
        Rule(
            50,
            lambda v: len(v or "") > MAX_OPERATOR,
            "Other '50 (SENDER_SUB_ID) length: {length} max: 32'",
        ),
        Rule(
            50,
            lambda v: not _OPERATOR.fullmatch(v or ""),
            "tag SenderSubID (50) can contain only alphanumeric values",
        ),
        Rule(52, _absent, "SendingTime (52) tag is not present"),
        Rule(52, _is_no_time, "SendingTime (52) tag is not formatted properly ({value})"),
        Rule(56, _absent, "TargetCompId (56) tag is not present"),
        Rule(
            56,
            lambda v: v != "CME",
            "TargetCompId (56) tag has an incorrect value: ({value}) should be CME",
        ),
        Rule(57, _absent, "TargetSubId (57) tag is not present"),
        Rule(
            57,
            lambda v: v != target_sub_id,
            "TargetSubId (57) tag has an incorrect value: ({value}), should be " + target_sub_id,
        ),
        Rule(142, _blank, "SenderLocationId (142) tag is not present"),
    )


def _banned(tag: int, why: str) -> Rule:
    return Rule(tag, lambda v: v is not None, INVALID_LOGON, logout=True, why=why)


#: A Logon's own rules, after the header's; each ends the connection.
LOGON_RULES = (
    # CME's certification takes no Logon with it, an engine in use says; CME's rule is not public.
    _banned(98, "EncryptMethod is on the Logon, and must not be: leave it out"),
    _banned(95, "RawDataLength is on the Logon: the old password, which a signed Logon is without"),
    _banned(96, "RawData is on the Logon: the old password, which a signed Logon is without"),
    _banned(122, "OrigSendingTime is on the Logon, which is never sent again: leave it out"),
    Rule(108, _absent, "Error during logon. Heartbeat tag invalid.", logout=True),
    Rule(
        108,
        lambda v: v not in _HEARTBEATS,
        "Error during logon. Heartbeat value invalid. Received: {value},"
        " expected value in range 5-60",
        logout=True,
    ),
    Rule(
        141,
        lambda v: v not in (None, "Y", "N"),
        INVALID_LOGON,
        logout=True,
        why="ResetSeqNumFlag is ({value}), and must be Y or N",
    ),
)

#: Message types a gateway knows; others are answered with the text below.
KNOWN_TYPES = frozenset(
    ["0", "1", "2", "3", "4", "5", "A", "D", "F", "G", "H", "q", "n", "8", "9", "j"]
)
UNKNOWN_TYPE = "UNKNOWN Message received. Message Type = ({value})"
#: CME requires 122 on what is sent again, and forbids it on what is new: its words are not public.
NO_ORIGIN = Finding("OrigSendingTime (122) tag is not present", 122)
ORIGIN = Finding("OrigSendingTime (122) tag must not be present on a new message", 122)


def check_message(message: Message, rules: tuple[Rule, ...]) -> Finding | None:
    """Look at any message but a Logon of a live session: the first finding counts."""
    if message.msg_type not in KNOWN_TYPES:
        return Finding(UNKNOWN_TYPE.format(value=message.msg_type), 35)
    found = next((found for rule in rules if (found := rule.look(message))), None)
    return found or _origin_fault(message)


def _origin_fault(message: Message) -> Finding | None:
    if message.msg_type == RESEND_REQUEST and message.is_possible_duplicate:
        # CME's "enhanced" handling sends its own Resend Request once more so: same 34, no 122.
        return None
    if message.is_possible_duplicate:
        return None if message.get(122) else NO_ORIGIN
    return None if message.get(122) is None else ORIGIN
