"""Which sessions changed since the last look: what it costs grows with the changes alone.

Triggers note each session that changes, or a pair of which does (`schema.session_change`), by this
package or by hand. So no change is left out by mistake, and what is rolled back is not noted. What
else happens in the store is not noted there either.

The notes are read in the order of the commits. SQLite has one writer at a time, so its notes count
up. On PostgreSQL a transaction may end long after one that began later: each note has the number
of its transaction, and the server tells which of them an earlier snapshot did not see.

Where the notes prove nothing, everything may have changed: the store was put back or exchanged
(the audit log does not go on from where it was, or the numbers went back), a trigger is missing or
was made again, or there are too many notes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, LargeBinary, Select, TextClause, bindparam, func, select, text

from gatepass.center.store.schema import audit, audit_head

#: More sessions than these are not read one by one.
MOST = 500
#: What the triggers write for a whole table that was emptied at once.
_ALL = 0


@dataclass(frozen=True, slots=True)
class Place:
    """How far a store had come at a look.

    ``entry`` and ``mac`` are the last one of the audit log; ``latest`` is the number that notes had
    come to, ``mark`` tells which of them were seen. ``triggers`` tells those that were there from
    such as were made later; ``None``: one was missing.
    """

    entry: int
    mac: bytes | None
    latest: int
    mark: str
    triggers: str | None


def look(connection: Connection, before: Place | None) -> tuple[Place, frozenset[int] | None]:
    """Return where the store is now, and the ids of the sessions that changed since ``before``.

    ``None`` in their place: any may have. The connection must see one moment (`Database.read`).
    """
    queries = _QUERIES[connection.dialect.name]
    entry_then = 0 if before is None else before.entry
    row = connection.execute(queries.here, {"entry": entry_then}).one()
    here = Place(row.entry, row.mac, row.latest, row.mark, row.triggers)
    if before is None:
        return here, None
    nothing_logged = (here.entry, here.mac) == (before.entry, before.mac)
    if here.triggers is None:
        # As far as the log can tell.
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
    """What is asked of a kind of database."""

    here: Select[Any]
    since: TextClause


def _here(**columns: str) -> Select[Any]:
    """Ask all in one statement: it is what a look costs when nothing happened.

    ``mac_then`` tells whether the log goes on from where it was: an entry's HMAC covers all before.
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
            # Counts up with each change of tables and triggers.
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
            # One that is switched off does not count, and has another xmin once it is on again.
            triggers="(SELECT CASE count(*) WHEN 6 THEN"
            " string_agg(CAST(oid AS text) || ':' || CAST(xmin AS text), ',' ORDER BY oid) END"
            " FROM pg_trigger WHERE tgname LIKE 'session_change_%' AND tgenabled IN ('O', 'A')"
            " AND tgrelid IN (CAST('session' AS regclass), CAST('pair' AS regclass),"
            " CAST('pair_version' AS regclass)))",
        ),
        # Below the latest: a store that came from another server has notes with numbers of that.
        since=text(
            "SELECT DISTINCT session_id FROM session_change WHERE number >="
            " CAST(CAST(pg_snapshot_xmin(CAST(:mark AS pg_snapshot)) AS text) AS bigint)"
            " AND number < :latest AND NOT pg_visible_in_snapshot("
            "CAST(CAST(number AS text) AS xid8), CAST(:mark AS pg_snapshot)) LIMIT :most"
        ),
    ),
}
