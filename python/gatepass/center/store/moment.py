"""The time for verification codes, which never goes back.

If the clock is set back, expired codes would be valid again. So the latest time seen is stored. A
clock behind it by less than `TOLERANCE` is taken for another machine's, and the stored time counts.
A clock further behind was set back, and all codes sent until then become void. Users are not locked
out: a new code can be sent at once.

A clock that is set forward and back between two looks is not noticed.

The sweep does what cannot be undone, so it stores a mark of its own, which log-ons do not move. A
clock more than `LEAP` ahead of that mark is not believed until the operator confirms it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from gatepass.center.store.once import insert_once
from gatepass.center.store.schema import clock, code
from gatepass.errors import CenterError

#: The clocks of machines that run one Request Center differ by less than this.
TOLERANCE = timedelta(seconds=30)
#: The precision of the stored time, so that not every request writes it.
_GRAIN = timedelta(seconds=1)
#: After a longer pause the operator must confirm that the clock is right.
LEAP = timedelta(days=7)


def observe(connection: Connection, at: datetime) -> datetime:
    """Record the clock's time and return the time that counts, never earlier than before.

    If the clock was set back by more than `TOLERANCE`, make all codes void and return its time.
    """
    latest: datetime | None = connection.execute(select(clock.c.at)).scalar_one_or_none()
    if latest is None:
        insert_once(connection, clock, {"id": 1, "at": at})
        return at
    if at < latest - TOLERANCE:
        void_codes(connection)
        connection.execute(update(clock).values(at=at))
        return at
    if at > latest + _GRAIN:
        connection.execute(update(clock).where(clock.c.at < at).values(at=at))
    return max(at, latest)


def believe(connection: Connection, at: datetime, *, accept: bool) -> None:
    """Move the sweep's mark to ``at``; raise `CenterError` if that is too far ahead of it.

    The mark only goes forward, so that a clock set back for a while causes no leap afterwards. With
    ``accept`` it takes the clock's time, whatever that is.
    """
    insert_once(connection, clock, {"id": 1, "at": at})
    mark: datetime | None = connection.execute(
        select(clock.c.swept_at).with_for_update()
    ).scalar_one()
    if mark is not None and not accept:
        if at - mark > LEAP:
            raise CenterError(
                f"the clock is {(at - mark).days} days ahead of the last sweep at"
                f" {mark:%Y-%m-%d %H:%M} UTC, and nothing is swept: if it is right, run gatepass"
                " center sweep --accept-clock; if not, correct it"
            )
        at = max(at, mark)
    connection.execute(update(clock).values(swept_at=at))


def void_codes(connection: Connection) -> None:
    """Make all unused codes void."""
    connection.execute(
        update(code).where(code.c.used_at.is_(None)).values(expires_at=code.c.created_at)
    )
