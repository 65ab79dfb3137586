"""What to do about a failed logon or an ended session: by its cause, never by its text."""

from __future__ import annotations

from collections.abc import Mapping

from gatepass.causes import Cause
from gatepass.fix.texts import Meaning

_NOT_REACHED = (
    "Check that the gateway runs and listens there (gatepass simulate prints where), that no"
    " firewall blocks the connection, and that both sides use TLS or neither does."
)
_CUT_OFF = (
    "The connection was lost during the session. Log on again: the numbers continue, and both sides"
    " request what is missing. If there is no answer, check that the gateway runs."
)
_RULE = (
    "The gateway broke a rule of FIX, so the session was ended. Log on again: the numbers continue,"
    " and missing messages are requested. If it happens again, show the messages to the gateway's"
    " operator."
)
_OTHER = "Compare what was sent with the text above, and correct it before the next Logon."

#: By the meaning of the exchange's text.
_OF_TEXTS: Mapping[Meaning, str] = {
    Meaning.PORTS_CLOSED: (
        "Stop. The ports of this session are closed, and every further Logon is refused. Correct"
        " the cause, then have your clearing firm's administrator call the Global Command Center."
        " To open them at a gatepass gateway, type in its terminal: reopen SESSION."
    ),
    Meaning.SAFEGUARD: (
        "The exchange ended the session because too many messages were in flight at once. Find what"
        " sends so many, then log on again: this does not count towards port closure."
    ),
    Meaning.UNDELIVERED: (
        "Messages in flight when the session ended were not processed: log on again, check the"
        " exchange's answers to see which orders it has, and send the others again."
    ),
    Meaning.PRIMARY_GONE: (
        "The primary connection ended, so the exchange ended the backup's too. Log on to the"
        " primary again, then to the backup."
    ),
    Meaning.INVALID: (
        "The exchange does not say which part failed. In this order: the key pair (gatepass keys"
        " check), the clock (SendingTime may be 5 seconds old), the Access Key ID and the Session"
        " ID at the start of SenderCompID (49), ResetSeqNumFlag (141), a session that is logged on"
        " already. A gatepass gateway shows the reason in its terminal."
    ),
    Meaning.NOT_RESET: (
        "The exchange's week is new: its first Logon has MsgSeqNum (34) 1, without ResetSeqNumFlag"
        " (141) Y. Log on again: the next Logon begins the week again."
    ),
    Meaning.PRIMARY_FIRST: "Log on to the primary gateway first, then to the backup.",
    Meaning.TOO_LOW: (
        "Log on again: the next Logon uses the number that the exchange expects (789)."
    ),
    Meaning.ROLE: (
        "The last character of SenderCompID (49) must be U, or N without fault tolerance."
    ),
    Meaning.SENDER_COMP_ID: (
        "SenderCompID (49) is Session ID, Globex Firm ID and U or N, such as ABC123N."
    ),
    Meaning.HEARTBEAT: "Choose a heartbeat interval of 5 to 60 seconds; 30 is recommended.",
    Meaning.TARGET_SUB_ID: (
        "TargetSubID (57) is G on a CGW session, the segment's two digits on an MSGW session."
    ),
    Meaning.LOCATION: "Give SenderLocationID (142), such as US or US,NY.",
    Meaning.SENDER_SUB_ID: (
        "SenderSubID (50) is the operator: 2 to 18 of A-Z, a-z, 0-9 and _ - : @ ."
    ),
    Meaning.SENDING_TIME: "SendingTime (52) must be UTC, such as 20260302-22:45:00.000.",
    Meaning.RESET_NUMBER: "An In-Session Logon must have MsgSeqNum (34) 1.",
}

#: By the cause of the end.
_OF_CAUSES: Mapping[Cause, str] = {
    Cause.NOT_REACHED: _NOT_REACHED,
    Cause.LOST: _NOT_REACHED,
    Cause.CLOSED: _NOT_REACHED,
    Cause.LOGON_UNANSWERED: _NOT_REACHED,
    Cause.SILENCE: (
        "The gateway, or the network to it, is silent. Log on again: the numbers continue, and both"
        " sides request what is missing."
    ),
    Cause.LOGOUT_UNCONFIRMED: (
        "Log on again when you need to: the numbers continue, and both sides request what is"
        " missing. If it happens again, the gateway does not read the Logout."
    ),
    Cause.NOT_PRIMARY: (
        "Give the primary gateway's address here, and this one as the backup's (--backup)."
    ),
    Cause.NOT_BACKUP: ("Give the backup gateway's address with --backup, and the primary's first."),
    Cause.NUMBER_USED_TWICE: (
        "The gateway used one number for two messages, so the client cannot tell which of them"
        " counts. Log on again: the numbers continue, and nothing is processed twice. If it happens"
        " again, show both messages to the gateway's operator."
    ),
    Cause.NUMBERS_FORGOTTEN: (
        "The gateway's numbers are lower than those stored here: it forgot them, or the stored ones"
        " belong to another gateway. At the exchange: call its support. With a gatepass gateway:"
        " log on with the scenario beginning-of-week, and configure a store in its file."
    ),
    Cause.RULE_BROKEN: _RULE,
    Cause.GAP_NOT_FILLED: _RULE,
    Cause.TOO_MUCH: _RULE,
    Cause.EARLY_MESSAGE: _RULE,
    Cause.WRONG_TIME: (
        "Compare this machine's clock with the gateway's: both must be right in UTC. The exchange"
        " allows a SendingTime (52) at most 5 seconds old, so it refuses a wrong clock too."
    ),
    Cause.STRANGER: (
        "The answer is not from your exchange, or not for your session. It was ignored. Check host,"
        " port and SenderCompID (49). If they are right, show the messages to the gateway's"
        " operator."
    ),
}


def remedy(why: Meaning | Cause, *, was_on: bool = False) -> str:
    """Return what to do about an end; `was_on`: the session had been logged on."""
    if isinstance(why, Meaning):
        return _OF_TEXTS.get(why, _OTHER)
    words = _OF_CAUSES.get(why, _OTHER)
    return _CUT_OFF if was_on and words is _NOT_REACHED else words
