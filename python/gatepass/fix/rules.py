"""What a Globex gateway checks in a message without knowing its session.

The rules of header and Logon are those of the core (`gatepass._native.header_fault`), which a
`LogonVerifier` reads too.
"""

from __future__ import annotations

from gatepass._native import header_fault
from gatepass.fix.exchange import Finding
from gatepass.fix.message import RESEND_REQUEST, Message
from gatepass.keys.likely_secret import hidden

#: CME's text for most faults of a Logon.
INVALID_LOGON = "Invalid logon. Logout forced."
#: Message types a gateway knows; others are answered with the text below.
KNOWN_TYPES = frozenset(
    ["0", "1", "2", "3", "4", "5", "A", "D", "F", "G", "H", "q", "n", "8", "9", "j"]
)
UNKNOWN_TYPE = "UNKNOWN Message received. Message Type = ({value})"
#: CME requires 122 on resent messages and forbids it on new ones: its text is not public.
NO_ORIGIN = Finding("OrigSendingTime (122) tag is not present", 122)
ORIGIN = Finding("OrigSendingTime (122) tag must not be present on a new message", 122)


def check_message(message: Message, target_sub_id: str) -> Finding | None:
    """Look at any message but a Logon of a live session: the first finding counts.

    `target_sub_id` is ``G`` on a CGW session, the market segment's two digits on an MSGW session.
    """
    if message.msg_type not in KNOWN_TYPES:
        return Finding(UNKNOWN_TYPE.format(value=hidden(message.msg_type, 35)), 35)
    fault = header_fault(message.wire, target_sub_id)
    if fault is not None:
        tag, text, ends, _ = fault
        return Finding(text, tag, ends)
    return _origin_fault(message)


def _origin_fault(message: Message) -> Finding | None:
    if message.msg_type == RESEND_REQUEST and message.is_possible_duplicate:
        # CME's "enhanced" handling repeats its own Resend Request that way: same 34, no 122.
        return None
    if message.is_possible_duplicate:
        return None if message.get(122) else NO_ORIGIN
    return None if message.get(122) is None else ORIGIN
