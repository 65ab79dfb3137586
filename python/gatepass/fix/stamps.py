"""SendingTimes (52) that no other Logon of a session has had: two that are the same are a replay.

A pair's two connections log on with the same numbers, and a session that begins again has those
of before: in one millisecond their Logons would be the same, and a gateway would refuse the second.
"""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta

from gatepass.fix.sending_time import format_sending_time

#: How many of a session's latest are remembered: no more Logons fit into a millisecond.
_REMEMBERED = 8

#: By SenderCompID (49) without its Fault Tolerance Indicator, for this process.
_LATEST: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))


def moment_of_its_own(sender_comp_id: str, now: datetime) -> datetime:
    """Give the time, or the next millisecond that no Logon of the session was stamped with."""
    latest = _LATEST[sender_comp_id[:-1]]
    while format_sending_time(now) in latest:
        now += timedelta(milliseconds=1)
    latest.append(format_sending_time(now))
    return now
