"""The time, as verification codes see it: it does not go back.

A clock that was set back would make codes good again that had expired. So the latest moment seen
is kept, and a clock behind it is dealt with when it is noticed: by less than `TOLERANCE` it is
taken for another machine's clock, and the latest moment counts; by more it was set back, and every
code that was sent until then is void. Nothing is locked by it: a new code can be sent at once.

What cannot be noticed: a clock that was set forward and back between two looks.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from gatepass.center.once import insert_once
from gatepass.center.schema import clock, code

#: The clocks of several machines that run one Request Center differ by less than this.
TOLERANCE = timedelta(seconds=30)
#: How exactly the latest moment is kept: not each request writes it.
_GRAIN = timedelta(seconds=1)


def observe(connection: Connection, at: datetime) -> datetime:
    """Take note of the clock's time and return the one that counts: never earlier than before.

    After a clock was set back by more than `TOLERANCE`, all codes are void and it is the clock's.
    """
    latest: datetime | None = connection.execute(select(clock.c.at)).scalar_one_or_none()
    if latest is None:
        insert_once(connection, clock, {"id": 1, "at": at})
        return at
    if at < latest - TOLERANCE:
        _void_codes(connection)
        connection.execute(update(clock).values(at=at))
        return at
    if at > latest + _GRAIN:
        connection.execute(update(clock).where(clock.c.at < at).values(at=at))
    return max(at, latest)


def _void_codes(connection: Connection) -> None:
    connection.execute(
        update(code).where(code.c.used_at.is_(None)).values(expires_at=code.c.created_at)
    )
