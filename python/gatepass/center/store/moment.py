"""The time, as verification codes see it: it does not go back.

A clock that was set back would make codes good again that had expired. So the latest moment seen
is kept, and a clock behind it is dealt with when it is noticed: by less than `TOLERANCE` it is
taken for another machine's clock, and the latest moment counts; by more it was set back, and every
code that was sent until then is void. Nothing is locked by it: a new code can be sent at once.

What cannot be noticed: a clock that was set forward and back between two looks.

The sweep does what cannot be taken back, and keeps a mark of its own: who logs on meanwhile does
not move it. A clock further ahead of it than `LEAP` is not believed before the operator says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from gatepass.center.store.once import insert_once
from gatepass.center.store.schema import clock, code
from gatepass.errors import CenterError

#: The clocks of several machines that run one Request Center differ by less than this.
TOLERANCE = timedelta(seconds=30)
#: How exactly the latest moment is kept: not each request writes it.
_GRAIN = timedelta(seconds=1)
#: One that was not served for longer needs the operator's word that the clock is right.
LEAP = timedelta(days=7)


def observe(connection: Connection, at: datetime) -> datetime:
    """Take note of the clock's time and return the one that counts: never earlier than before.

    After a clock was set back by more than `TOLERANCE`, all codes are void and it is the clock's.
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

    The mark only goes forward, so that a clock set back for a while is no leap afterwards. With
    ``accept`` it goes wherever the clock is.
    """
    insert_once(connection, clock, {"id": 1, "at": at})
    mark: datetime | None = connection.execute(
        select(clock.c.swept_at).with_for_update()
    ).scalar_one()
    if mark is not None and not accept:
        if at - mark > LEAP:
            raise CenterError(
                f"the clock is {(at - mark).days} days ahead of the last sweep, of"
                f" {mark:%Y-%m-%d %H:%M} UTC: if it is right, run gatepass center sweep"
                " --accept-clock; if not, set it right: until then nothing is swept"
            )
        at = max(at, mark)
    connection.execute(update(clock).values(swept_at=at))


def void_codes(connection: Connection) -> None:
    """Make all codes worth nothing that were not used yet."""
    connection.execute(
        update(code).where(code.c.used_at.is_(None)).values(expires_at=code.c.created_at)
    )
