"""Notifications: who gets which mail, and which notice at the top of the page.

CME's rules: an e-mail about generate, download and delete goes to the requester and the
administrative manager, a notice to the requester's page, and warnings before expiry to the
registered administrators. Here all administrative managers of the firm get the mails. A disabled
user gets none, and no user gets the same mail twice. A new authenticator app is reported in the
same way; that is this project's choice.
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

#: How many notices a page contains, and how many are visible at once; the next ones appear when
#: these have been read.
ON_PAGE, VISIBLE = 20, 3
#: A notice counts as read after this time on a page. CME's rule is not public.
READ_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice at the top of the page: one line. ``level`` is ``success`` or ``warning``.

    ``shown``: it was on a page before.
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
    """Report a new pair and its effect on others: one is deleted, or one expires earlier."""
    lines = [
        f"{actor.name} generated key pair {access_key_id} for session {session}.",
        f"It is active now and expires at {_written(expires_at)}.",
    ]
    if deleted is not None:
        lines.append(f"Key pair {deleted} was deleted and is no longer valid.")
    if shortened is not None:
        lines.append(f"Key pair {shortened[0]} now expires at {_written(shortened[1])}.")
    title = f"key pair generated for session {session}"
    line = f"{actor.name} generated key pair {access_key_id} for {session}"
    line += f", valid until {_day(expires_at)}" if deleted is None else f"; deleted {deleted}"
    if shortened is not None:
        # Short, since the line has to fit the page.
        line += f", other ends {_day(shortened[1])}"
    _tell(connection, center, actor, f"generated:{access_key_id}", title, lines, line)


def downloaded(
    connection: Connection, center: Center, actor: Actor, pairs: Sequence[tuple[str, str]]
) -> None:
    """Report a download of pairs, each a Session ID and an Access Key ID."""
    lines = [f"{actor.name} downloaded key pair {key} of session {name}." for name, key in pairs]
    sessions = sorted({name for name, _ in pairs})
    title = f"key pair downloaded for session {', '.join(sessions[:5])}"
    line = f"{actor.name} downloaded key pair {pairs[0][1]} of {pairs[0][0]}"
    if len(pairs) > 1:
        line = f"{actor.name} downloaded {len(pairs)} key pairs of {', '.join(sessions[:5])}"
        line += f" and {len(sessions) - 5} more" if len(sessions) > 5 else ""
    # A random event name: each download is reported, even of the same pairs.
    _tell(connection, center, actor, f"downloaded:{secrets.token_hex(8)}", title, lines, line)


def deleted(
    connection: Connection, center: Center, actor: Actor, session: str, access_key_id: str
) -> None:
    """Report that a pair was deleted."""
    lines = [
        f"{actor.name} deleted key pair {access_key_id} of session {session}.",
        "It is no longer valid for logon.",
    ]
    title = f"key pair deleted for session {session}"
    line = f"{actor.name} deleted key pair {access_key_id} of {session}: it is no longer valid"
    _tell(connection, center, actor, f"deleted:{access_key_id}", title, lines, line)


def authenticator_added(connection: Connection, center: Center, actor: Actor) -> None:
    """Report that a user's codes now come from an authenticator app."""
    lines = [
        f"{actor.name} set up an authenticator app.",
        "Logon, download and delete now need its codes.",
    ]
    event = f"authenticator:{secrets.token_hex(8)}"
    title = f"authenticator app of {actor.name} set up"
    line = f"{actor.name} set up an authenticator app: its codes are now required"
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
    """Warn the firm's managers that a pair expires; return how many mails are new.

    Each pair, threshold and manager get one warning: called again, it does nothing.
    """
    days = {0: "today", 1: "in 1 day"}.get(days_left, f"in {days_left} days")
    title = f"key pair of session {session} expires {days}"
    text = (
        f"Key pair {access_key_id} of session {session} expires {days},"
        f" at {_written(expires_at)}. Generate a new pair at the Request Center before then."
    )
    line = f"Key pair {access_key_id} of {session} expires {days}, on {_day(expires_at)}"
    event = f"expiring:{access_key_id}:{threshold}"
    managers = _recipients(connection, firm_id, None)
    for who in managers:
        _notify(connection, center, event, who.id, "warning", line)
    return _mail(connection, center, event, managers, title, text)


def unseen(center: Center, actor: Actor) -> list[Notice]:
    """Return the user's notices that are neither read nor dismissed, newest first."""
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
    """Record that these are now on a page; after `READ_AFTER` they count as read."""
    fresh = [each.id for each in shown if not each.shown]
    if not fresh:
        return
    mark = update(notice).where(notice.c.id.in_(fresh), notice.c.shown_at.is_(None))
    at = center.clock()
    center.database.write(lambda connection: connection.execute(mark.values(shown_at=at)))


def mark_seen(center: Center, actor: Actor, ids: Iterable[int]) -> None:
    """Dismiss notices of the user; those of other users stay."""
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
    """Mail ``lines`` to the requester and the managers; put ``line`` on the requester's page."""
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
    body = f"{text}\n\nIf you did not expect this, tell your administrative manager at once.\n"
    letters = [Mail(f"{event}:{who.id}", who.email, subject, body) for who in recipients]
    return mails.queue(connection, center, letters)


def _notify(
    connection: Connection, center: Center, event: str, person_id: int, level: str, text: str
) -> None:
    values = {"key": f"{event}:{person_id}", "person_id": person_id, "level": level, "text": text}
    insert_once(connection, notice, {**values, "created_at": center.clock()})


def _written(at: datetime) -> str:
    """Format an instant in Chicago time, as the exchange does."""
    return f"{at.astimezone(exchange_zone()):%Y-%m-%d %H:%M} CT"


def _day(at: datetime) -> str:
    """Format only the day in Chicago, to keep the line short."""
    return f"{at.astimezone(exchange_zone()):%Y-%m-%d}"


# Built once: SQLAlchemy takes longer to build a statement than the database takes to run it.
_RECIPIENTS = (
    select(person.c.id, person.c.email)
    .where(
        person.c.firm_id == bindparam("firm"),
        person.c.disabled.is_(False),
        or_(person.c.role == Role.MANAGER.name, person.c.id == bindparam("requester")),
    )
    .order_by(person.c.id)
)
