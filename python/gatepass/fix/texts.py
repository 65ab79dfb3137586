"""The meaning of the Text (58) of the exchange's Logout or Reject: only this file reads it.

The texts are CME's, or a certified peer's if CME's are not public. Case does not matter.
"""

from __future__ import annotations

import enum
import re

#: CME's text if the week's first Logon does not begin the numbers at 1 (seen in a peer's
#: certification, not documented).
NOT_RESET = "Failed to reset sequence numbers at the beginning of the week. Logout forced."


class Meaning(enum.Enum):
    """What the exchange's text says about a Logon that it refused, or a session that it ended."""

    PORTS_CLOSED = "the ports of the session are closed"
    SAFEGUARD = "too many messages were in flight at once"
    UNDELIVERED = "messages in flight were not processed"
    PRIMARY_GONE = "the primary connection has ended"
    INVALID = "the Logon is invalid, without a reason"
    NOT_RESET = "the week is new, and the Logon did not begin it"
    PRIMARY_FIRST = "the session is not logged on to the primary"
    TOO_LOW = "MsgSeqNum (34) is too low"
    ROLE = "the Fault Tolerance Indicator is wrong"
    SENDER_COMP_ID = "SenderCompID (49) is wrong"
    HEARTBEAT = "HeartBtInt (108) is wrong"
    TARGET_SUB_ID = "TargetSubID (57) is wrong"
    LOCATION = "SenderLocationID (142) is wrong"
    SENDER_SUB_ID = "SenderSubID (50) is wrong"
    SENDING_TIME = "SendingTime (52) is wrong"
    RESET_NUMBER = "an In-Session Logon does not have MsgSeqNum (34) 1"
    OTHER = "something else"


_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        (r"Port Closure", Meaning.PORTS_CLOSED),
        (r"MSGW safeguard", Meaning.SAFEGUARD),
        (r"Messages rejected due to session disconnect", Meaning.UNDELIVERED),
        (r"disconnect on primary connection", Meaning.PRIMARY_GONE),
        # CME spells it in two ways, with different case, blanks and periods.
        (r"^Invalid Logon\.? +Logout Forced\.?$", Meaning.INVALID),
        (rf"^{re.escape(NOT_RESET.rstrip('.'))}[. ]*$", Meaning.NOT_RESET),
        (r"logged on to Primary", Meaning.PRIMARY_FIRST),
        (r"too low", Meaning.TOO_LOW),
        (r"Primary Indication|fault tolerance indicator", Meaning.ROLE),
        (r"SenderCompID \(49\)", Meaning.SENDER_COMP_ID),
        (r"Heartbeat", Meaning.HEARTBEAT),
        (r"TargetSubID \(57\)", Meaning.TARGET_SUB_ID),
        (r"SenderLocationID \(142\)", Meaning.LOCATION),
        (r"SENDER_SUB_ID|SenderSubID", Meaning.SENDER_SUB_ID),
        (r"SendingTime \(52\)", Meaning.SENDING_TIME),
        (r"34=1", Meaning.RESET_NUMBER),
    )
)


def meaning_of(text: str | None) -> Meaning:
    """Read a Text (58)."""
    return next(
        (meaning for pattern, meaning in _PATTERNS if pattern.search(text or "")), Meaning.OTHER
    )
