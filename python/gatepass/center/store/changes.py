"""Which sessions changed since the last look; the cost grows only with the number of changes.

Triggers note each change of a session or its pairs in `schema.session_change`, whether made by this
package or with SQL. So no change is forgotten, and a rolled-back change leaves no note. Other
changes of the store are not noted.

The notes are read in commit order. SQLite has one writer at a time, so its notes count up. On
PostgreSQL a transaction may commit long after one that began later: each note has the number of its
transaction, and the server says which of them an earlier snapshot did not see.

In some cases the notes prove nothing, and every session may have changed: the store was restored or
replaced (the audit log does not continue from where it was, or the numbers went back), a trigger is
missing or was created again, or there are too many notes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, LargeBinary, Select, TextClause, bindparam, func, select, text

from gatepass.center.store.schema import audit, audit_head

#: If more sessions changed, all are read again.
MOST = 500
#: The triggers note this number after a TRUNCATE.
_ALL = 0


@dataclass(frozen=True, slots=True)
class Place:
    """The position of a store at a look.

    ``entry`` and ``mac`` are those of the last audit entry. ``latest`` is the highest number of a
    note, and ``mark`` says which notes were visible. ``triggers`` identifies the triggers, and
    changes if one is created again; ``None``: one was missing.
    """

    entry: int
    mac: bytes | None
    latest: int
    mark: str
    triggers: str | None


def look(connection: Connection, before: Place | None) -> tuple[Place, frozenset[int] | None]:
    """Return where the store is now, and the ids of the sessions that changed since ``before``.

    ``None`` instead of the ids: any session may have changed. The connection must see one moment
    (`Database.read`).
    """
    queries = _QUERIES[connection.dialect.name]
    entry_then = 0 if before is None else before.entry
    row = connection.execute(queries.here, {"entry": entry_then}).one()
    here = Place(row.entry, row.mac, row.latest, row.mark, row.triggers)
    if before is None:
        return here, None
    nothing_logged = (here.entry, here.mac) == (before.entry, before.mac)
    if here.triggers is None:
        # Without the notes, only the log can say.
        return here, frozenset() if nothing_logged else None
    goes_on = nothing_logged or (row.mac_then is not None and row.mac_then == before.mac)
    if here.triggers != before.triggers or here.latest < before.latest or not goes_on:
        return here, None
    if here.mark == before.mark:
        return here, frozenset()
    values = {"mark": before.mark, "latest": here.latest, "most": MOST + 1}
    changed = frozenset(connection.execute(queries.since, values).scalars())
    return here, None if len(changed) > MOST or _ALL in changed else changed


@dataclass(frozen=True, slots=True)
class _Queries:
    """The queries for one kind of database."""

    here: Select[Any]
    since: TextClause


def _here(**columns: str) -> Select[Any]:
    """Return one statement for everything: the whole cost of a look when nothing has changed.

    ``mac_then`` shows whether the log continues from where it was: an entry's HMAC covers all
    earlier entries.
    """
    return select(*_LOG, *(text(f"{its} AS {name}") for name, its in columns.items()))


_LAST = select(audit_head.c.last_id).scalar_subquery()
_MAC: Select[Any] = select(audit.c.mac.cast(LargeBinary))
_LOG = (
    func.coalesce(_LAST, 0).label("entry"),
    _MAC.where(audit.c.id == _LAST).scalar_subquery().label("mac"),
    _MAC.where(audit.c.id == bindparam("entry"), audit.c.id <= _LAST)
    .scalar_subquery()
    .label("mac_then"),
)

_QUERIES = {
    "sqlite": _Queries(
        here=_here(
            mark="(SELECT CAST(coalesce(max(number), 0) AS TEXT) FROM session_change)",
            latest="(SELECT CAST(coalesce(max(number), 0) AS INTEGER) FROM session_change)",
            # `schema_version` counts up with each change of tables and triggers.
            triggers="(SELECT CASE count(*) WHEN 9 THEN"
            " (SELECT CAST(schema_version AS TEXT) FROM pragma_schema_version) END"
            " FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'session_change_%')",
        ),
        since=text(
            "SELECT DISTINCT session_id FROM session_change"
            " WHERE number > CAST(:mark AS INTEGER) AND number <= :latest LIMIT :most"
        ),
    ),
    "postgresql": _Queries(
        here=_here(
            mark="CAST(pg_current_snapshot() AS text)",
            latest="CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)",
            # A disabled trigger does not count, and has another xmin once it is enabled again.
            triggers="(SELECT CASE count(*) WHEN 6 THEN"
            " string_agg(CAST(oid AS text) || ':' || CAST(xmin AS text), ',' ORDER BY oid) END"
            " FROM pg_trigger WHERE tgname LIKE 'session_change_%' AND tgenabled IN ('O', 'A')"
            " AND tgrelid IN (CAST('session' AS regclass), CAST('pair' AS regclass),"
            " CAST('pair_version' AS regclass)))",
        ),
        # Below the latest: a store that came from another server has notes with its numbers.
        since=text(
            "SELECT DISTINCT session_id FROM session_change WHERE number >="
            " CAST(CAST(pg_snapshot_xmin(CAST(:mark AS pg_snapshot)) AS text) AS bigint)"
            " AND number < :latest AND NOT pg_visible_in_snapshot("
            "CAST(CAST(number AS text) AS xid8), CAST(:mark AS pg_snapshot)) LIMIT :most"
        ),
    ),
}
