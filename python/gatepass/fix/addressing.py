"""Sender and receiver of a message: a client accepts those of its exchange for its session."""

from __future__ import annotations

from datetime import datetime, timedelta

from gatepass._native import TAG_NAMES
from gatepass.causes import Cause
from gatepass.errors import PeerError
from gatepass.fix.message import BEGIN_STRING, LOGOUT, REJECT, Message
from gatepass.fix.names import comp_id, role_in
from gatepass.fix.notation import visible
from gatepass.fix.sending_time import parse_sending_time
from gatepass.session.role import Role

#: The roles that TargetCompID (56) may end in, by the current role. CME answers U with P or B,
#: makes a backup the primary (both documented), and does not change N or a primary (derived).
ROLES = {
    Role.UNDESIGNATED: frozenset({Role.UNDESIGNATED, Role.PRIMARY, Role.BACKUP}),
    Role.BACKUP: frozenset({Role.BACKUP, Role.PRIMARY}),
    Role.PRIMARY: frozenset({Role.PRIMARY}),
    Role.NONE: frozenset({Role.NONE}),
}
#: How a refusal writes a blank SenderCompID (49) (documented by CME).
NULL = "null"
#: How far the SendingTime (52) of a Logon's answer may be from this machine's clock: CME's rule is
#: not public. FIX engines in use take two minutes.
LATENCY = timedelta(minutes=2)
#: The cause if one of these tags is wrong; for any other tag the message comes from a stranger.
_CAUSES = {52: Cause.WRONG_TIME, 108: Cause.RULE_BROKEN}
#: Most characters of a value that an error shows.
MAX_SHOWN = 40


def stranger(
    message: Message, exchange: str, own: str, roles: frozenset[Role], *, logged_on: bool
) -> PeerError | None:
    """Return why a message is not from `exchange` for the session of SenderCompID `own`.

    `roles` are those that the session may have.

    Before the answer to the Logon, a refusal may call a client without a name ``null``.
    """
    target = message.get(56) or ""
    is_own = target == own or (target[:-1] == own[:-1] and role_in(target) in roles)
    if is_own and message.get(49) == exchange and message.begin_string == BEGIN_STRING:
        return None
    nameless = not logged_on and target == NULL and message.msg_type in (LOGOUT, REJECT)
    names = " or ".join(sorted(comp_id(own[:-1], role) for role in roles))
    return _first_fault(
        (8, message.begin_string, BEGIN_STRING, message.begin_string == BEGIN_STRING),
        (49, message.get(49), exchange, message.get(49) == exchange),
        (56, target, names, is_own or nameless),
    )


def logon_fault(answer: Message, heart_bt_int: str | None, now: datetime) -> PeerError | None:
    """Return what is wrong with the answer to a Logon that had this HeartBtInt (108)."""
    interval, sent_at = answer.get(108), answer.get(52)
    near = f"a time within {LATENCY.total_seconds():.0f} s of this machine's {now:%H:%M:%S} UTC"
    return repeated_tag(answer) or _first_fault(
        (108, interval, heart_bt_int or "none", interval in (None, heart_bt_int)),
        (52, sent_at, near, _is_near(sent_at, now)),
    )


def repeated_tag(message: Message) -> PeerError | None:
    """Return the error for a tag that occurs twice and that the session reads once."""
    tag = message.repeated
    if tag is None:
        return None
    text = f"{named(tag)} appears more than once"
    return PeerError(tag, "one value", "several", text, Cause.RULE_BROKEN)


def named(tag: int) -> str:
    """Name a tag for people, with its number."""
    return f"{TAG_NAMES.get(tag, 'tag')} ({tag})"


def _first_fault(*checks: tuple[int, str | None, str, bool]) -> PeerError | None:
    for tag, value, expected, is_right in checks:
        if not is_right:
            received = visible((value or "").encode("latin-1"))[:MAX_SHOWN]
            text = f"{named(tag)} is {received or 'missing'}, expected {expected}"
            return PeerError(tag, expected, received, text, _CAUSES.get(tag, Cause.STRANGER))
    return None


def _is_near(sending_time: str | None, now: datetime) -> bool:
    try:
        return abs(parse_sending_time(sending_time or "") - now) <= LATENCY
    except ValueError:
        return False
