"""A SendingTime (52) that no other Logon of a session had: two equal Logons are a replay.

A session's two connections log on with the same numbers, and a session that logs on again may use
its old ones. Within one millisecond their Logons would be equal, and a gateway would refuse the
second as a replay.
"""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta

from gatepass.fix.sending_time import format_sending_time

#: How many of a session's latest times are remembered: no more Logons fit into a millisecond.
_REMEMBERED = 8

#: By SenderCompID (49) without its Fault Tolerance Indicator, for this process.
_LATEST: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))


def moment_of_its_own(sender_comp_id: str, now: datetime) -> datetime:
    """Return `now`, or the next millisecond that no Logon of the session used."""
    latest = _LATEST[sender_comp_id[:-1]]
    while format_sending_time(now) in latest:
        now += timedelta(milliseconds=1)
    latest.append(format_sending_time(now))
    return now
