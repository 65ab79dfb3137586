"""Who is told of what: by mail, and by a notice at the top of the page.

CME: an e-mail on generate, download and delete goes to the requester and the administrative
manager, a notice to the requester's page, and warnings before expiry to the registered
administrators. Here all administrative managers of the firm get them; a user who is disabled gets
none, and nobody gets the same mail twice. A new authenticator app is told likewise: that is this
project's choice.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, update

from gatepass.center.context import Center
from gatepass.center.mail import queue as mails
from gatepass.center.mail.couriers import Mail
from gatepass.center.roles import Actor, Role
from gatepass.center.store.once import insert_once
from gatepass.center.store.schema import notice, person
from gatepass.keys.validity import exchange_zone

#: Notices of a page, of which so many stand there at once; others come up when these were read.
ON_PAGE, VISIBLE = 20, 3
#: A notice was read once it has stood on a page for so long. CME's rule is not public.
READ_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice at the top of the page: one line. ``level`` is ``success`` or ``warning``.

    ``shown``: it stood on a page before.
    """

    id: int
    level: str
    text: str
    created_at: datetime
    shown: bool = False


def generated(
    connection: Connection,
    center: Center,
    actor: Actor,
    session: str,
    access_key_id: str,
    expires_at: datetime,
    deleted: str | None = None,
    shortened: tuple[str, datetime] | None = None,
) -> None:
    """Tell of a new pair, and of what it did to the others: one deleted, one's end brought near."""
    lines = [
        f"{actor.name} generated key pair {access_key_id} for session {session}.",
        f"It is active now and expires at {_written(expires_at)}.",
    ]
    if deleted is not None:
        lines.append(f"Key pair {deleted} was deleted and is not valid any more.")
    if shortened is not None:
        lines.append(f"Key pair {shortened[0]} now expires at {_written(shortened[1])}.")
    title = f"key pair generated for session {session}"
    line = f"{actor.name} generated key pair {access_key_id} for {session}"
    line += f", valid until {_day(expires_at)}" if deleted is None else f"; deleted {deleted}"
    if shortened is not None:
        line += f", other ends {_day(shortened[1])}"
    _tell(connection, center, actor, f"generated:{access_key_id}", title, lines, line)


def downloaded(
    connection: Connection, center: Center, actor: Actor, pairs: Sequence[tuple[str, str]]
) -> None:
    """Tell of a download of pairs, each a Session ID and an Access Key ID."""
    lines = [f"{actor.name} downloaded key pair {key} of session {name}." for name, key in pairs]
    sessions = sorted({name for name, _ in pairs})
    title = f"key pair downloaded of session {', '.join(sessions[:5])}"
    line = f"{actor.name} downloaded key pair {pairs[0][1]} of {pairs[0][0]}"
    if len(pairs) > 1:
        line = f"{actor.name} downloaded {len(pairs)} key pairs, of {', '.join(sessions[:5])}"
        line += f" and {len(sessions) - 5} more" if len(sessions) > 5 else ""
    # Each download is an event of its own, of pairs that may be downloaded again.
    _tell(connection, center, actor, f"downloaded:{secrets.token_hex(8)}", title, lines, line)


def deleted(
    connection: Connection, center: Center, actor: Actor, session: str, access_key_id: str
) -> None:
    """Tell that a pair was deleted."""
    lines = [
        f"{actor.name} deleted key pair {access_key_id} of session {session}.",
        "It is not valid for logon any more.",
    ]
    title = f"key pair deleted of session {session}"
    line = f"{actor.name} deleted key pair {access_key_id} of {session}: it is not valid any more"
    _tell(connection, center, actor, f"deleted:{access_key_id}", title, lines, line)


def authenticator_added(connection: Connection, center: Center, actor: Actor) -> None:
    """Tell that a user's codes come from an authenticator app from now on."""
    lines = [
        f"{actor.name} set up an authenticator app.",
        "Its codes count for logon, download and delete from now on.",
    ]
    event = f"authenticator:{secrets.token_hex(8)}"
    title = f"authenticator app of {actor.name} set up"
    line = f"{actor.name} set up an authenticator app: its codes count from now on"
    _tell(connection, center, actor, event, title, lines, line)


def expiring(
    connection: Connection,
    center: Center,
    firm_id: int,
    session: str,
    access_key_id: str,
    expires_at: datetime,
    threshold: int,
    days_left: int,
) -> int:
    """Warn the firm's managers of a pair's end; return how many mails are new.

    Once for each pair, threshold and manager: called again, it does nothing.
    """
    days = {0: "today", 1: "in 1 day"}.get(days_left, f"in {days_left} days")
    title = f"key pair of session {session} expires {days}"
    text = (
        f"Key pair {access_key_id} of session {session} expires {days},"
        f" at {_written(expires_at)}. Generate a new pair at the Request Center before that."
    )
    line = f"Key pair {access_key_id} of {session} expires {days}, on {_day(expires_at)}"
    event = f"expiring:{access_key_id}:{threshold}"
    managers = _recipients(connection, firm_id, None)
    for who in managers:
        _notify(connection, center, event, who.id, "warning", line)
    return _mail(connection, center, event, managers, title, text)


def unseen(center: Center, actor: Actor) -> list[Notice]:
    """Return the user's notices that were neither read nor dismissed, the newest first."""
    mine = (notice.c.person_id == actor.user_id) & notice.c.seen_at.is_(None)
    read_at = center.clock() - READ_AFTER
    mine &= or_(notice.c.shown_at.is_(None), notice.c.shown_at > read_at)
    query = select(notice).where(mine).order_by(notice.c.id.desc()).limit(ON_PAGE)
    with center.database.read() as connection:
        return [
            Notice(row.id, row.level, row.text, row.created_at, row.shown_at is not None)
            for row in connection.execute(query)
        ]


def note_shown(center: Center, shown: Sequence[Notice]) -> None:
    """Note that these stand on a page now; from `READ_AFTER` on they count as read."""
    fresh = [each.id for each in shown if not each.shown]
    if not fresh:
        return
    mark = update(notice).where(notice.c.id.in_(fresh), notice.c.shown_at.is_(None))
    at = center.clock()
    center.database.write(lambda connection: connection.execute(mark.values(shown_at=at)))


def mark_seen(center: Center, actor: Actor, ids: Iterable[int]) -> None:
    """Take notices off the user's page; those of others stay."""
    wanted = (notice.c.person_id == actor.user_id) & notice.c.id.in_(list(ids))
    mark = update(notice).where(wanted, notice.c.seen_at.is_(None)).values(seen_at=center.clock())
    center.database.write(lambda connection: connection.execute(mark))


def _tell(
    connection: Connection,
    center: Center,
    actor: Actor,
    event: str,
    title: str,
    lines: Sequence[str],
    line: str,
) -> None:
    """Mail the requester and the managers ``lines``, and put ``line`` on the requester's page."""
    at = f"{_written(center.clock())}, from {actor.origin or 'an unknown address'}."
    recipients = _recipients(connection, actor.firm_id, actor.user_id)
    _mail(connection, center, event, recipients, title, "\n".join([*lines, "", at]))
    _notify(connection, center, event, actor.user_id, "success", line)


def _recipients(connection: Connection, firm_id: int, requester: int | None) -> list[Row[Any]]:
    """Return the firm's managers and the requester, each address once."""
    rows = connection.execute(_RECIPIENTS, {"firm": firm_id, "requester": requester}).all()
    return list({row.email.casefold(): row for row in reversed(rows)}.values())[::-1]


def _mail(
    connection: Connection,
    center: Center,
    event: str,
    recipients: Sequence[Row[Any]],
    title: str,
    text: str,
) -> int:
    subject = f"[{center.environment}] Request Center: {title}"
    body = f"{text}\n\nIf this is not as it should be, tell your administrative manager at once.\n"
    letters = [Mail(f"{event}:{who.id}", who.email, subject, body) for who in recipients]
    return mails.queue(connection, center, letters)


def _notify(
    connection: Connection, center: Center, event: str, person_id: int, level: str, text: str
) -> None:
    values = {"key": f"{event}:{person_id}", "person_id": person_id, "level": level, "text": text}
    insert_once(connection, notice, {**values, "created_at": center.clock()})


def _written(at: datetime) -> str:
    """Write an instant in Chicago's time, as the exchange does."""
    return f"{at.astimezone(exchange_zone()):%Y-%m-%d %H:%M} CT"


def _day(at: datetime) -> str:
    """Write the day of an instant in Chicago: a line has no room for more."""
    return f"{at.astimezone(exchange_zone()):%Y-%m-%d}"


# Made once: building a statement takes SQLAlchemy longer than running it takes the database.
_RECIPIENTS = (
    select(person.c.id, person.c.email)
    .where(
        person.c.firm_id == bindparam("firm"),
        person.c.disabled.is_(False),
        or_(person.c.role == Role.MANAGER.name, person.c.id == bindparam("requester")),
    )
    .order_by(person.c.id)
)
