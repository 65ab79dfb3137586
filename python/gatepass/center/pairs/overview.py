"""What the operator sees at the command line: the sessions of all firms, and the whole audit log.

Users of a firm use `firms.list_sessions` and `audit_reading.entries` instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import groupby

from sqlalchemy import select

from gatepass.center.audit.entry import Entry
from gatepass.center.context import Center
from gatepass.center.pairs.views import SESSIONS, SessionView, session_views
from gatepass.center.store.schema import audit, firm, session
from gatepass.errors import NotFoundError

#: Sessions per query for pairs.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class FirmSession:
    """A session with its active pairs, and its firm."""

    firm: str
    session: SessionView


def sessions(center: Center, firm_name: str | None = None) -> Iterator[FirmSession]:
    """Yield all sessions, or those of a firm, by firm and name.

    Raises `NotFoundError` for an unknown firm.
    """
    query = select(session.c.id, firm.c.name).join(firm, session.c.firm_id == firm.c.id)
    query = query.where(session.c.removed_at.is_(None))
    if firm_name is not None:
        require_firm(center, firm_name)
        query = query.where(firm.c.name == firm_name)
    at = center.clock()
    with center.database.read() as connection:
        rows = connection.execute(query.order_by(firm.c.name, session.c.name)).all()
        for name, of_firm in groupby(rows, lambda row: row.name):
            own = [row.id for row in of_firm]
            for start in range(0, len(own), _BATCH):
                batch = SESSIONS.where(session.c.id.in_(own[start : start + _BATCH]))
                for view in session_views(connection, batch, at, ended=False):
                    yield FirmSession(name, view)


def last_entries(center: Center, count: int, firm_name: str | None = None) -> list[Entry]:
    """Return the last entries of the audit log, or of a firm's part of it, oldest first.

    Raises `NotFoundError` for an unknown firm.
    """
    columns = [audit.c[field.name] for field in fields(Entry)]
    query = select(*columns).order_by(audit.c.id.desc()).limit(count)
    if firm_name is not None:
        query = query.where(audit.c.firm_id == require_firm(center, firm_name))
    with center.database.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [Entry(**row) for row in reversed(rows)]


def require_firm(center: Center, name: str) -> int:
    """Return a firm's number. Raises `NotFoundError`, which names the existing firms."""
    with center.database.read() as connection:
        known = {row.name: row.id for row in connection.execute(select(firm.c.name, firm.c.id))}
    if name not in known:
        there = ", ".join(sorted(known)[:20]) or "none"
        raise NotFoundError(f"there is no firm {name!r}; existing firms: {there}")
    return int(known[name])
