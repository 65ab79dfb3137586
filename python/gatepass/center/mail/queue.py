"""Mails wait in the database until a mail server accepts them.

A mail is queued in the same transaction as the event that it reports, under a key with event and
recipient. So it exists exactly once, and only if the event happened. Sending takes three steps:
claim the mail (committed), give it to the mail server, record that it is sent (committed). While a
claim lasts, no other process touches the mail.

One gap of SMTP remains. If the process is killed or the connection breaks after the server accepted
the mail and before that is recorded, the mail is sent again when the claim ends: at least once,
never lost. The second copy has the same Message-ID, so many mail programs and servers show only
one. In all other cases a mail is sent once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, and_, func, or_, select, update

from gatepass.center.context import Center
from gatepass.center.mail.couriers import Mail, Mailer
from gatepass.center.store.moment import TOLERANCE
from gatepass.center.store.once import insert_all_once
from gatepass.center.store.schema import mail
from gatepass.errors import DeliveryError

#: How long a claim lasts: longer than any mailer tries to send one mail.
CLAIM = timedelta(minutes=15)
#: Wait after the first failure; doubled after each further one, up to the longest. No mail is
#: given up.
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
#: Maximum mails in one run, so that the caller can also do other work.
RUN = 100


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a run did. ``problem`` describes the last failure."""

    sent: int
    failed: int
    problem: str = field(default="", compare=False)


def queue(connection: Connection, center: Center, mails: Iterable[Mail]) -> int:
    """Queue mails in this transaction, and return how many are new.

    A mail's ``key`` names event and recipient, in at most 200 characters: a second mail with the
    same key is not queued.
    """
    at = center.clock()
    rows = [{**asdict(one), "created_at": at, "due_at": at} for one in mails]
    return insert_all_once(connection, mail, rows)


def deliver_due(
    center: Center, mailer: Mailer, over: Callable[[], bool] = lambda: False
) -> Delivery:
    """Send the mails that are due, oldest first, up to `RUN` or until ``over`` returns true.

    Blocks; several threads and processes may call it at once. A failed mail is tried again later.
    If the mail server cannot be reached, the run ends.
    """
    sent = failed = 0
    problem = ""
    with mailer.open() as post:
        while sent + failed < RUN and not over():
            claimed = center.database.write(lambda connection: _claim(connection, center.clock()))
            if claimed is None:
                break
            try:
                post(Mail(claimed.key, claimed.recipient, claimed.subject, claimed.body))
            except DeliveryError as error:
                _put_off(center, claimed, error)
                failed += 1
                problem = str(error)
                if error.rule != "refused":
                    break
            else:
                _note_sent(center, claimed)
                sent += 1
    return Delivery(sent, failed, problem)


def waiting(center: Center) -> int:
    """Count the unsent mails."""
    with center.database.read() as connection:
        return backlog(connection)[0]


def backlog(connection: Connection) -> tuple[int, datetime | None]:
    """Count the unsent mails, and return when the oldest was queued."""
    query = select(func.count(), func.min(mail.c.created_at)).where(mail.c.sent_at.is_(None))
    count, oldest = connection.execute(query).one()
    return count, oldest


def _claim(connection: Connection, at: datetime) -> Row[Any] | None:
    """Claim one mail that is due and unclaimed."""
    query = (
        select(mail)
        .where(mail.c.sent_at.is_(None), ~_is_to_come(mail.c.due_at, at, LONGEST_WAIT))
        .where(or_(mail.c.claimed_until.is_(None), ~_is_to_come(mail.c.claimed_until, at, CLAIM)))
        .order_by(mail.c.due_at, mail.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(query).one_or_none()
    if found is not None:
        claim = {"claimed_until": at + CLAIM, "attempts": mail.c.attempts + 1}
        connection.execute(update(mail).where(mail.c.id == found.id).values(claim))
    return found


def _is_to_come(column: Column[datetime], at: datetime, longest: timedelta) -> ColumnElement[bool]:
    """Select times in the future; one too far ahead comes from a wrong clock and is ignored."""
    return and_(column > at, column <= at + longest + TOLERANCE)


def _note_sent(center: Center, claimed: Row[Any]) -> None:
    values = {"sent_at": center.clock(), "claimed_until": None, "problem": ""}
    _update(center, claimed, values)


def _put_off(center: Center, claimed: Row[Any], error: DeliveryError) -> None:
    # The exponent is limited, so that the wait does not overflow.
    wait = min(FIRST_WAIT * 2 ** min(claimed.attempts, 10), LONGEST_WAIT)
    due_at = center.clock() + wait
    _update(center, claimed, {"due_at": due_at, "claimed_until": None, "problem": str(error)})


def _update(center: Center, claimed: Row[Any], values: dict[str, Any]) -> None:
    center.database.write(
        lambda connection: connection.execute(
            update(mail).where(mail.c.id == claimed.id).values(values)
        )
    )
