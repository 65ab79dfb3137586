"""Verify the audit log: entry by entry, then its end, then against the store.

Each entry's HMAC covers all its fields and the HMAC of the entry before it, so changing, removing
or reordering one shows. The head row says how long the log is, under a key of its own: cutting the
end off shows too, unless an older head row is put back with it. Against that `verify` compares the
log with the store (`matching`): what was cut off must have left no session, pair or code.

What remains, to somebody who writes to the database, kept an older head row and cuts the end off:

- what leaves none of these behind does not show: a download or a log-on with an
  authenticator, refusals, users, roles, passwords, API tokens, and codes of more than a month ago;
- nothing shows when each pair and each code is put back as well: the whole store is then an earlier
  one.

An `Anchor` that was kept outside of the database shows both.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, func, select

from gatepass.center.audit.anchor import Anchor
from gatepass.center.audit.chain import START, Keys, may_be_new
from gatepass.center.audit.entry import entry_of
from gatepass.center.audit.matching import first_mismatch
from gatepass.center.secrets.vault import Vault
from gatepass.center.store import unreadable
from gatepass.center.store.database import Database
from gatepass.center.store.schema import audit, audit_head
from gatepass.center.store.unreadable import Unreadable, is_unreadable

#: Entries fetched at a time.
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the chain found.

    ``broken`` is the number of the first entry that is not as it was written, is missing, or says
    what the store does not bear out; ``None``: all is well, and ``end`` is where the log ended.
    ``entries`` were good, up to there. True exactly when all is well.
    """

    entries: int
    broken: int | None = None
    problem: str = ""
    end: Anchor | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        return self.broken is None


def verify(
    database: Database,
    vault: Vault,
    progress: Callable[[int, int], None] | None = None,
    anchor: Anchor | None = None,
) -> Verdict:
    """Check the whole chain as of one moment, and then the store against it.

    ``progress`` gets entries done and in all. With an ``anchor`` of an earlier verdict, its entry
    must still be there as it was. Memory does not grow with the log.
    """
    with database.read() as connection:
        return _verify(connection, vault, progress, anchor)


def _verify(
    connection: Connection,
    vault: Vault,
    progress: Callable[[int, int], None] | None,
    anchor: Anchor | None,
) -> Verdict:
    keys = Keys.of(vault)
    total = connection.execute(select(func.count()).select_from(audit)).scalar_one()
    number, before = 0, START
    for row in _rows(connection):
        number += 1
        found = row.number if isinstance(row, Unreadable) else row.id
        if found != number:
            return Verdict(number - 1, number, f"entry {number} is missing")
        if isinstance(row, Unreadable) or not _follows(keys, before, row):
            return Verdict(number - 1, number, f"entry {number} is not as it was written")
        before = row.mac
        if anchor is not None and number == anchor.entry and before != anchor.mac:
            return Verdict(number - 1, number, _ANOTHER.format(number))
        if progress is not None and number % _BATCH == 0:
            progress(number, total)
    if progress is not None:
        progress(number, total)
    if anchor is not None and number < anchor.entry:
        return Verdict(number, number + 1, _CUT_OFF.format(number + 1, anchor.entry))
    verdict = _checked_end(connection, keys, number, before)
    if verdict.broken is not None:
        return verdict
    mismatch = first_mismatch(connection)
    if mismatch is None:
        return replace(verdict, end=Anchor(number, before))
    entry = mismatch.entry or number + 1
    return Verdict(entry - 1, entry, mismatch.problem)


_CUT_OFF = (
    "the log's end was cut off: entries {} to {} are missing, which were there when it was"
    " anchored; after a restore on purpose, begin a new anchor file"
)
_ANOTHER = (
    "entry {} is not the one that was anchored: the log's end was cut off and it went on from"
    " there, or the anchor is of another store"
)


def _follows(keys: Keys, before: bytes, row: Row[Any]) -> bool:
    """Tell whether an entry is as it was written after the one before."""
    try:
        return hmac.compare_digest(row.mac, keys.chain(before, entry_of(row)))
    except Exception as error:
        # A value of a type that its column should not hold.
        if not is_unreadable(error):
            raise
        return False


def _checked_end(connection: Connection, keys: Keys, number: int, mac: bytes) -> Verdict:
    changed = Verdict(number, number + 1, "the head of the log is not as it was written")
    try:
        head = connection.execute(select(audit_head)).one_or_none()
    except Exception as error:
        if not is_unreadable(error):
            raise
        return changed
    if head is None:
        if may_be_new(connection):
            return Verdict(0)
        return Verdict(number, number + 1, "the head of the log is missing")
    if not isinstance(head.last_id, int):
        return changed
    if head.last_id > number:
        return Verdict(number, number + 1, f"entries {number + 1} to {head.last_id} are missing")
    if head.last_id < number or head.mac != keys.end(number, mac):
        return changed
    return Verdict(number)


def _rows(connection: Connection) -> Iterator[Row[Any] | Unreadable]:
    """Give all entries in order, a batch at a time."""
    after = None
    while True:
        query = select(audit).order_by(audit.c.id).limit(_BATCH)
        if after is not None:
            query = query.where(audit.c.id > after)
        rows = unreadable.rows(connection, query, audit.c.id)
        yield from rows
        if len(rows) < _BATCH:
            return
        last = rows[-1]
        after = last.number if isinstance(last, Unreadable) else last.id
