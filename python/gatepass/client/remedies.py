"""What to do about a session that did not come up, by the words of its end.

They are the Text (58) of a refusal, or the message of a `NoConnectionError`.
"""

from __future__ import annotations

import re

from gatepass.arguments import checked

_NOT_REACHED = (
    "See that the gateway runs and listens there (gatepass simulate prints where), that no"
    " firewall is between, and that both sides agree about TLS."
)
_CUT_OFF = (
    "The connection was lost in the middle of the session. Log on again: the numbers go on, and"
    " what is missing is asked for on both sides. If nobody answers, see that the gateway runs."
)
_REMEDIES = tuple(
    (re.compile(pattern, re.IGNORECASE), remedy)
    for pattern, remedy in (
        (
            r"Port Closure",
            "Stop. The ports of this session are closed, and every further Logon is refused."
            " Mend the cause, then have your clearing firm's administrator call the Global Command"
            " Center. A gatepass gateway opens them with: reopen SESSION, typed where it runs.",
        ),
        (
            r"this is a backup gateway",
            "Give the primary gateway's address here, and this one as the backup's (--backup).",
        ),
        (
            r"this is not a backup gateway",
            "Give the backup gateway's address with --backup, and the primary's first.",
        ),
        (
            r"MSGW safeguard",
            "The exchange ended the session because too many messages were under way at once. Find"
            " what sends so many, then log on again: this does not count towards port closure.",
        ),
        (
            r"Messages rejected due to session disconnect",
            "Messages under way when the session ended were not taken: log on again, see by the"
            " exchange's answers which orders it has, and send the others anew.",
        ),
        (
            r"disconnect on primary connection",
            "The primary connection ended, so the exchange ended the backup's too. Log on to the"
            " primary again, then to the backup.",
        ),
        (
            r"^the connection ended: .*too low: expected \d+, received",
            "The gateway gave a second message a number it had used, and no client can tell what"
            " that stands for. Log on again: the numbers go on, and nothing is taken twice. If it"
            " comes again, show the gateway's operator both messages.",
        ),
        (
            r"^the connection ended: (MsgSeqNum \(34\) is|NewSeqNo|Logon received)",
            "The gateway broke a rule of FIX, so its session was ended. Log on again: the numbers"
            " go on, and what is missing is asked for. If it comes again, show the gateway's"
            " operator the conversation.",
        ),
        (
            r"^the other side's message was refused: SendingTime",
            "Compare this machine's clock with the gateway's: both must tell UTC. At the exchange's"
            " Logon 52 may be 5 seconds old, so a wrong clock here is refused there, too.",
        ),
        (
            r"appears more than once$|^the other side's message was refused: HeartBtInt",
            "The gateway broke a rule of FIX, so its message was refused. Show the gateway's"
            " operator the conversation.",
        ),
        (
            r"^the other side's message was refused",
            "The answer is not from your exchange, or not for your session. It was ignored. Check"
            " host, port and SenderCompID (49). If they are right, show the conversation to the"
            " gateway's operator.",
        ),
        (
            r"^the connection ended: no answer to a Test Request",
            "The gateway, or the network to it, is silent. Log on again: the numbers go on, and"
            " what is missing is asked for on both sides.",
        ),
        (
            r"^the Logout was not confirmed",
            "Log on again when you need to: the numbers go on, and what is missing is asked for on"
            " both sides. If it comes again, the gateway has not read the Logout.",
        ),
        (
            r"^the connection ended: .*too low",
            "The gateway's numbers are lower than those stored here: it forgot them, or these are"
            " another gateway's. At the exchange: call its support. With a gatepass gateway: log on"
            " with the scenario beginning-of-week, and give it a store in its configuration file.",
        ),
        (r"^no connection|^the connection|^the gateway closed", _NOT_REACHED),
        (
            r"^Invalid Logon\. +Logout Forced",
            "The exchange does not say which part failed. In this order: the key pair (gatepass"
            " keys check), the clock (SendingTime may be 5 seconds old), the Access Key ID and"
            " the Session ID at the start of SenderCompID (49), ResetSeqNumFlag (141), a session"
            " that is logged on already. A gatepass gateway shows the reason where it runs.",
        ),
        (
            r"^Failed to reset sequence numbers",
            "The exchange's week is new: its first Logon has MsgSeqNum (34) 1, without"
            " ResetSeqNumFlag (141) Y. Log on again: the next Logon begins the week again.",
        ),
        (
            r"logged on to Primary",
            "Log on to the primary gateway first, then to the backup.",
        ),
        (
            r"too low",
            "Log on again: the next Logon uses the number that the exchange expects (789).",
        ),
        (
            r"Primary Indication|fault tolerance indicator",
            "The last character of SenderCompID (49) must be U, or N without fault tolerance.",
        ),
        (
            r"SenderCompID \(49\)",
            "SenderCompID (49) is Session ID, Globex Firm ID and U or N, such as ABC123N.",
        ),
        (r"Heartbeat", "Choose a heartbeat interval of 5 to 60 seconds; 30 is recommended."),
        (
            r"TargetSubI[dD] \(57\)",
            "TargetSubID (57) is G on a CGW session, the segment's two digits on an MSGW session.",
        ),
        (r"SenderLocationI[dD] \(142\)", "Give SenderLocationID (142), such as US or US,NY."),
        (
            r"SENDER_SUB_ID|SenderSubI[dD]",
            "SenderSubID (50) is the operator: 2 to 18 of A-Z, a-z, 0-9 and _ - : @ .",
        ),
        (r"SendingTime \(52\)", "SendingTime (52) must be UTC, such as 20260302-22:45:00.000."),
        (r"34=1", "An in-session logon starts anew at MsgSeqNum (34) 1."),
    )
)


@checked
def remedy(text: str, *, was_on: bool = False) -> str:
    """Say what to do about an end with these words; `was_on`: the session had been logged on."""
    for pattern, words in _REMEDIES:
        if pattern.search(text):
            return _CUT_OFF if was_on and words is _NOT_REACHED else words
    return "Compare what was sent with the text above, and mend it before the next Logon."
