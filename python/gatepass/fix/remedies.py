"""What to do about a session that did not come up, or has ended: by its cause, never by words."""

from __future__ import annotations

from collections.abc import Mapping

from gatepass.causes import Cause
from gatepass.fix.texts import Meaning

_NOT_REACHED = (
    "See that the gateway runs and listens there (gatepass simulate prints where), that no"
    " firewall is between, and that both sides agree about TLS."
)
_CUT_OFF = (
    "The connection was lost in the middle of the session. Log on again: the numbers go on, and"
    " what is missing is asked for on both sides. If nobody answers, see that the gateway runs."
)
_RULE = (
    "The gateway broke a rule of FIX, so its session was ended. Log on again: the numbers go on,"
    " and what is missing is asked for. If it comes again, show the gateway's operator the"
    " conversation."
)
_OTHER = "Compare what was sent with the text above, and correct it before the next Logon."

#: By what the exchange's words mean.
_OF_TEXTS: Mapping[Meaning, str] = {
    Meaning.PORTS_CLOSED: (
        "Stop. The ports of this session are closed, and every further Logon is refused. Correct"
        " the cause, then have your clearing firm's administrator call the Global Command Center. A"
        " gatepass gateway opens them with: reopen SESSION, typed where it runs."
    ),
    Meaning.SAFEGUARD: (
        "The exchange ended the session because too many messages were under way at once. Find what"
        " sends so many, then log on again: this does not count towards port closure."
    ),
    Meaning.UNDELIVERED: (
        "Messages under way when the session ended were not taken: log on again, see by the"
        " exchange's answers which orders it has, and send the others again."
    ),
    Meaning.PRIMARY_GONE: (
        "The primary connection ended, so the exchange ended the backup's too. Log on to the"
        " primary again, then to the backup."
    ),
    Meaning.INVALID: (
        "The exchange does not say which part failed. In this order: the key pair (gatepass keys"
        " check), the clock (SendingTime may be 5 seconds old), the Access Key ID and the Session"
        " ID at the start of SenderCompID (49), ResetSeqNumFlag (141), a session that is logged on"
        " already. A gatepass gateway shows the reason where it runs."
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
    Meaning.RESET_NUMBER: "An In-Session Logon begins again at MsgSeqNum (34) 1.",
}

#: By why the session ended, where that needs more than the words it came with.
_OF_CAUSES: Mapping[Cause, str] = {
    Cause.NOT_REACHED: _NOT_REACHED,
    Cause.LOST: _NOT_REACHED,
    Cause.CLOSED: _NOT_REACHED,
    Cause.LOGON_UNANSWERED: _NOT_REACHED,
    Cause.SILENCE: (
        "The gateway, or the network to it, is silent. Log on again: the numbers go on, and what is"
        " missing is asked for on both sides."
    ),
    Cause.LOGOUT_UNCONFIRMED: (
        "Log on again when you need to: the numbers go on, and what is missing is asked for on both"
        " sides. If it comes again, the gateway has not read the Logout."
    ),
    Cause.NOT_PRIMARY: (
        "Give the primary gateway's address here, and this one as the backup's (--backup)."
    ),
    Cause.NOT_BACKUP: ("Give the backup gateway's address with --backup, and the primary's first."),
    Cause.NUMBER_USED_TWICE: (
        "The gateway gave a second message a number it had used, and no client can tell what that"
        " stands for. Log on again: the numbers go on, and nothing is taken twice. If it comes"
        " again, show the gateway's operator both messages."
    ),
    Cause.NUMBERS_FORGOTTEN: (
        "The gateway's numbers are lower than those stored here: it forgot them, or these are"
        " another gateway's. At the exchange: call its support. With a gatepass gateway: log on"
        " with the scenario beginning-of-week, and give it a store in its configuration file."
    ),
    Cause.RULE_BROKEN: _RULE,
    Cause.GAP_NOT_FILLED: _RULE,
    Cause.TOO_MUCH: _RULE,
    Cause.EARLY_MESSAGE: _RULE,
    Cause.WRONG_TIME: (
        "Compare this machine's clock with the gateway's: both must tell UTC. At the exchange's"
        " Logon 52 may be 5 seconds old, so a wrong clock here is refused there, too."
    ),
    Cause.STRANGER: (
        "The answer is not from your exchange, or not for your session. It was ignored. Check host,"
        " port and SenderCompID (49). If they are right, show the conversation to the gateway's"
        " operator."
    ),
}


def remedy(why: Meaning | Cause, *, was_on: bool = False) -> str:
    """Say what to do about an end; `was_on`: the session had been logged on."""
    if isinstance(why, Meaning):
        return _OF_TEXTS.get(why, _OTHER)
    words = _OF_CAUSES.get(why, _OTHER)
    return _CUT_OFF if was_on and words is _NOT_REACHED else words
