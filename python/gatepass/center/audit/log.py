"""The audit log: append-only, each entry chained to the one before.

Each entry's HMAC covers all its fields and the HMAC of the entry before it, so changing, removing
or reordering one shows. The head row holds how long the log is, under a key of its own: cutting the
end off shows too, unless an older head row is put back with it. Against that `verify` holds the log
against the store (`audit_matching`): what was cut off must have left no session, pair or code.

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
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, update

from gatepass.center.audit.anchor import Anchor
from gatepass.center.audit.matching import first_mismatch
from gatepass.center.context import Center
from gatepass.center.roles import Actor
from gatepass.center.secrets.vault import Vault
from gatepass.center.store import unreadable
from gatepass.center.store.database import Database
from gatepass.center.store.once import insert_once
from gatepass.center.store.schema import audit, audit_head, person
from gatepass.center.store.unreadable import Unreadable, is_unreadable, told_as
from gatepass.errors import AuditError

#: Who acts when nobody does: the sweep, the command line.
SYSTEM = "system"

#: What the first entry is chained to.
_START = bytes(32)
#: Entries fetched at a time when the whole log is read.
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``at`` is UTC; ``firm_id`` is ``None`` where no firm is concerned."""

    id: int
    at: datetime
    firm_id: int | None
    actor: str
    action: str
    subject: str
    access_key_id: str
    detail: str
    origin: str


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


def append(
    connection: Connection,
    center: Center,
    actor: Actor | str,
    action: str,
    subject: str,
    access_key_id: str = "",
    detail: str = "",
    *,
    firm_id: int | None = None,
    origin: str = "",
) -> int:
    """Append an entry and return its number. Do it last: it locks the log until the end.

    A text stands for whoever is no `Actor` (`SYSTEM`, a user who is not known yet); ``firm_id``
    and ``origin`` are then taken from here. Texts are cut to their columns. Raises `AuditError`
    when the end of the log was tampered with: nothing is done unlogged.
    """
    if isinstance(actor, Actor):
        name, firm_id, origin = actor.name, actor.firm_id, actor.origin
    else:
        name = actor
    return _append(
        connection,
        center.vault,
        Entry(
            id=0,
            at=center.clock().astimezone(UTC),
            firm_id=firm_id,
            actor=_fitted("actor", name),
            action=_fitted("action", action),
            subject=_fitted("subject", subject),
            access_key_id=_fitted("access_key_id", access_key_id),
            detail=_fitted("detail", detail),
            origin=_fitted("origin", origin),
        ),
    )


def append_restored(
    connection: Connection, vault: Vault, at: datetime, subject: str, detail: str
) -> None:
    """Log in a store that was just put back, whose Request Center does not run."""
    texts = {"access_key_id": "", "detail": detail, "origin": ""}
    at = at.astimezone(UTC)
    entry = Entry(0, at, None, SYSTEM, "restore", _fitted("subject", subject), **texts)
    _append(connection, vault, entry)


def _append(connection: Connection, vault: Vault, entry: Entry) -> int:
    """Write an entry, numbered by the head, and move the head."""
    keys = _Keys.of(vault)
    last, before = _locked_end(connection, keys)
    entry = replace(entry, id=last + 1)
    mac = keys.chain(before, entry)
    row = asdict(entry) | {"mac": mac}
    head = {"head_id": entry.id, "head_mac": keys.end(entry.id, mac)}
    if connection.dialect.name == "sqlite":
        connection.execute(_INSERT, row)
        connection.execute(_MOVE, head)
    else:
        connection.execute(_INSERT_AND_MOVE, row | head)
    return entry.id


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


# Made once: building a statement takes SQLAlchemy longer than running it takes the database.
_LOCK = select(audit_head).with_for_update()
_MAC_OF = select(audit.c.mac).where(audit.c.id == bindparam("entry"))
_INSERT = insert(audit)
_MOVE = update(audit_head).values(last_id=bindparam("head_id"), mac=bindparam("head_mac"))
# On PostgreSQL both in one. All writers wait for each other between `_LOCK` and the commit, and
# each statement in between makes that longer.
_INSERT_AND_MOVE = text(
    "WITH moved AS (UPDATE audit_head SET last_id = :head_id, mac = :head_mac)"
    " INSERT INTO audit"
    " (id, at, firm_id, actor, action, subject, access_key_id, detail, origin, mac) VALUES"
    " (:id, :at, :firm_id, :actor, :action, :subject, :access_key_id, :detail, :origin, :mac)"
).bindparams(*(bindparam(column.name, type_=column.type) for column in audit.columns))


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    """Two keys, so that no entry's HMAC can be passed off as the head's."""

    entry_key: bytes
    head_key: bytes

    @classmethod
    def of(cls, vault: Vault) -> _Keys:
        return cls(vault.mac_key("audit entry"), vault.mac_key("audit head"))

    def chain(self, before: bytes, entry: Entry) -> bytes:
        return hmac.digest(self.entry_key, before + _canonical(entry), "sha256")

    def end(self, last: int, mac: bytes) -> bytes:
        return hmac.digest(self.head_key, last.to_bytes(8, "big") + mac, "sha256")


def _canonical(entry: Entry) -> bytes:
    """Write all fields so that no two entries are written alike: each with its length."""
    fields = (
        str(entry.id),
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "" if entry.firm_id is None else str(entry.firm_id),
        entry.actor,
        entry.action,
        entry.subject,
        entry.access_key_id,
        entry.detail,
        entry.origin,
    )
    encoded = [field.encode() for field in fields]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _verify(
    connection: Connection,
    vault: Vault,
    progress: Callable[[int, int], None] | None,
    anchor: Anchor | None,
) -> Verdict:
    keys = _Keys.of(vault)
    total = connection.execute(select(func.count()).select_from(audit)).scalar_one()
    number, before = 0, _START
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


def _follows(keys: _Keys, before: bytes, row: Row[Any]) -> bool:
    """Tell whether an entry is as it was written after the one before."""
    try:
        return hmac.compare_digest(row.mac, keys.chain(before, entry_of(row)))
    except Exception as error:
        # A value of a type that its column should not hold.
        if not is_unreadable(error):
            raise
        return False


def _locked_end(connection: Connection, keys: _Keys) -> tuple[int, bytes]:
    """Lock the head, and return number and HMAC of the last entry if the head vouches for it."""
    with told_as(AuditError(f"the end of the audit log was changed: {_WHAT_TO_DO}")):
        return _vouched_end(connection, keys)


def _vouched_end(connection: Connection, keys: _Keys) -> tuple[int, bytes]:
    head = connection.execute(_LOCK).one_or_none()
    if head is None:
        begin = {"id": 1, "last_id": 0, "mac": keys.end(0, _START)}
        # Looked at only by whoever made it: others waited for the first entry.
        if insert_once(connection, audit_head, begin) and not _may_be_new(connection):
            raise AuditError(f"the audit log has lost its head: {_WHAT_TO_DO}")
        head = connection.execute(_LOCK).one()
    last = connection.execute(_MAC_OF, {"entry": head.last_id}).scalar_one_or_none()
    mac = last if head.last_id else _START
    if mac is None or not hmac.compare_digest(head.mac, keys.end(head.last_id, mac)):
        raise AuditError(f"the end of the audit log was changed: {_WHAT_TO_DO}")
    return head.last_id, mac


def _may_be_new(connection: Connection) -> bool:
    """Tell whether nothing was ever logged: who adds a user has logged a firm before."""
    entry = connection.execute(select(audit.c.id).limit(1)).first()
    return entry is None and connection.execute(select(person.c.id).limit(1)).first() is None


_WHAT_TO_DO = "run gatepass center audit verify, and find out who writes to the database"


def _checked_end(connection: Connection, keys: _Keys, number: int, mac: bytes) -> Verdict:
    changed = Verdict(number, number + 1, "the head of the log is not as it was written")
    try:
        head = connection.execute(select(audit_head)).one_or_none()
    except Exception as error:
        if not is_unreadable(error):
            raise
        return changed
    if head is None:
        if _may_be_new(connection):
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


def entry_of(row: Row[Any]) -> Entry:
    """Return the entry of a row."""
    return Entry(
        row.id,
        row.at,
        row.firm_id,
        row.actor,
        row.action,
        row.subject,
        row.access_key_id,
        row.detail,
        row.origin,
    )


def _fitted(column: str, text: str) -> str:
    """Cut a text to its column, without what PostgreSQL refuses.

    What people type in comes to the log, and must not keep an entry out of it.
    """
    clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return clean[: getattr(audit.c[column].type, "length", None)]
