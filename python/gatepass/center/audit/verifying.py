"""Verify the audit log: entry by entry, then its end, then against the store.

Each entry's HMAC covers all its fields and the HMAC of the entry before it, so the check finds an
entry that was changed, removed or moved. The head row contains the length of the log, protected by
a separate key, so the check also finds that the end was cut off, unless an older head row was
restored too. Against that, `verify` compares the log with the store (`matching`): sessions, pairs
and codes must have their entries.

An attacker who can write to the database and has kept an older head row can still cut the end off
in two cases:

- the removed entries left no such row: a download or a login with an authenticator, refusals,
  users, roles, passwords, API tokens, and codes of more than a month ago;
- all pairs and codes are set back as well: the whole store is then in an earlier state.

An `Anchor` outside the database reveals both. A server updates it continuously.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, select

from gatepass.center.audit.anchor import Anchor
from gatepass.center.audit.chain import START, Keys, may_be_new
from gatepass.center.audit.entry import entry_of
from gatepass.center.audit.matching import first_mismatch
from gatepass.center.audit.rows import Unreadable, rows
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.database import Database
from gatepass.center.store.schema import audit, audit_head
from gatepass.counting import numbered

#: Entries fetched at a time.
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the chain found.

    ``broken`` is the number of the first entry that was changed, is missing, or is not confirmed
    by the store; ``None``: the log is good, and ``end`` is its last entry. ``entries`` is how many
    were good up to there. True exactly if the log is good.
    """

    entries: int
    broken: int | None = None
    problem: str = ""
    end: Anchor | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        return self.broken is None


Progress = Callable[[int, int], None]


def _unseen(done: int, total: int) -> None:
    """Show no progress."""


def verify(
    database: Database,
    vault: Vault,
    progress: Progress = _unseen,
    anchor: Anchor | None = None,
) -> Verdict:
    """Check the whole chain as of one moment, and then the store against it.

    ``progress`` gets the numbers of checked and of all entries. With an ``anchor`` of an earlier
    verdict, its entry must still be there, unchanged. Memory use does not grow with the log.
    """
    with database.read() as connection:
        verdict = _chained(connection, vault, _BEGIN, progress)
        if anchor is not None:
            # Name the first broken entry.
            verdict = min(verdict, _anchored(connection, anchor), key=_where_broken)
        return _matched(connection, verdict) if verdict else verdict


def verify_since(database: Database, vault: Vault, anchor: Anchor) -> Verdict:
    """Check the entries after an anchor: fast enough to run often."""
    with database.read() as connection:
        verdict = _anchored(connection, anchor)
        return _chained(connection, vault, anchor) if verdict else verdict


#: The beginning of every log.
_BEGIN = Anchor(0, START)


def _where_broken(verdict: Verdict) -> float:
    return math.inf if verdict.broken is None else verdict.broken


def _anchored(connection: Connection, anchor: Anchor) -> Verdict:
    """Look for the anchored entry."""
    if anchor == _BEGIN:
        return Verdict(0)
    query = select(audit.c.id, audit.c.mac).where(audit.c.id == anchor.entry)
    row = connection.execute(query).one_or_none()
    if row is not None:
        if row.mac != anchor.mac:
            return Verdict(anchor.entry - 1, anchor.entry, _ANOTHER.format(anchor.entry))
        return Verdict(anchor.entry)
    before = select(func.max(audit.c.id)).where(audit.c.id < anchor.entry)
    last = connection.execute(before).scalar_one() or 0
    return Verdict(last, last + 1, _CUT_OFF.format(_missing(last + 1, anchor.entry)))


def _chained(
    connection: Connection,
    vault: Vault,
    begin: Anchor,
    progress: Progress = _unseen,
) -> Verdict:
    """Check the entries after ``begin``, and the head."""
    keys = Keys.of(vault)
    new = select(func.count()).where(audit.c.id > begin.entry)
    total = begin.entry + connection.execute(new).scalar_one()
    number, before = begin.entry, begin.mac
    for row in _rows(connection, after=begin.entry or None):
        number += 1
        found = row.number if isinstance(row, Unreadable) else row.id
        if found != number:
            return Verdict(number - 1, number, f"entry {number} is missing")
        if isinstance(row, Unreadable) or not _follows(keys, before, row):
            return Verdict(number - 1, number, f"entry {number} was changed")
        before = row.mac
        if number % _BATCH == 0:
            progress(number, total)
    progress(number, total)
    return _checked_end(connection, keys, number, before)


def _matched(connection: Connection, verdict: Verdict) -> Verdict:
    """Compare a log whose chain is good with the store."""
    mismatch = first_mismatch(connection)
    if mismatch is None:
        return verdict
    entry = mismatch.entry or verdict.entries + 1
    return Verdict(entry - 1, entry, mismatch.problem)


_CUT_OFF = (
    "the log's end was cut off after the last verification: {}; remove the anchor file only if you"
    " restored the database yourself"
)
_ANOTHER = (
    "entry {} is not the anchored one: the log's end was cut off and then continued, or the anchor"
    " belongs to another store"
)


def _missing(begin: int, end: int) -> str:
    return f"{numbered(begin, end, 'entry', 'entries')} {'is' if begin == end else 'are'} missing"


def _follows(keys: Keys, before: bytes, row: Row[Any]) -> bool:
    """Tell whether an entry is unchanged and follows the one before it."""
    return hmac.compare_digest(row.mac, keys.chain(before, entry_of(row)))


def _checked_end(connection: Connection, keys: Keys, number: int, mac: bytes) -> Verdict:
    head = connection.execute(select(audit_head)).one_or_none()
    if head is None:
        if may_be_new(connection):
            return Verdict(0, end=_BEGIN)
        return Verdict(number, number + 1, "the head of the log is missing")
    if head.last_id > number:
        return Verdict(number, number + 1, _missing(number + 1, head.last_id))
    if head.last_id < number or head.mac != keys.end(number, mac):
        return Verdict(number, number + 1, "the head of the log is not as it was written")
    return Verdict(number, end=Anchor(number, mac))


def _rows(connection: Connection, after: int | None) -> Iterator[Row[Any] | Unreadable]:
    """Give all entries in order, or those after ``after``, read in batches."""
    while True:
        query = select(audit).order_by(audit.c.id).limit(_BATCH)
        if after is not None:
            query = query.where(audit.c.id > after)
        found = rows(connection, query)
        yield from found
        if len(found) < _BATCH:
            return
        last = found[-1]
        after = last.number if isinstance(last, Unreadable) else last.id
