"""The audit log: append-only, each entry chained to the one before."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Unpack

from sqlalchemy import Connection, bindparam, insert, text, update

from gatepass.center.audit.chain import Keys, locked_end
from gatepass.center.audit.entry import Entry
from gatepass.center.audit.facts import Action, Facts, as_json
from gatepass.center.audit.words import fitted, words
from gatepass.center.context import Center
from gatepass.center.roles import Actor
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.schema import audit, audit_head

__all__ = ["SYSTEM", "Action", "Author", "append", "append_restored", "system"]

#: The author of what no user did: the sweep, the command line.
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Author:
    """An author who is not an `Actor`: the system, or a user who is not known yet."""

    name: str
    firm_id: int | None = None
    origin: str = ""


def system(firm_id: int | None = None) -> Author:
    """Return the system as the author, acting for a firm."""
    return Author(SYSTEM, firm_id)


def append(
    connection: Connection,
    center: Center,
    author: Actor | Author,
    action: Action,
    **facts: Unpack[Facts],
) -> int:
    """Append an entry and return its number. Do it last: it locks the log until the commit.

    Raises `AuditError` if the end of the log was changed, so that nothing is done unlogged.
    """
    return _append(connection, center.vault, _entry(center.clock(), author, action, facts))


def append_restored(
    connection: Connection, vault: Vault, at: datetime, detail: str, **facts: Unpack[Facts]
) -> None:
    """Log the restore in a store that was just restored; its Request Center does not run.

    ``detail`` tells people what was lost.
    """
    entry = _entry(at, system(), Action.RESTORE, facts)
    _append(connection, vault, replace(entry, detail=fitted("detail", detail)))


def _entry(at: datetime, author: Actor | Author, action: Action, facts: Facts) -> Entry:
    return Entry(
        id=0,
        at=at.astimezone(UTC),
        firm_id=author.firm_id,
        actor=fitted("actor", author.name),
        action=action,
        facts=as_json(facts),
        origin=fitted("origin", author.origin),
        **words(facts),
    )


def _append(connection: Connection, vault: Vault, entry: Entry) -> int:
    """Write an entry, numbered by the head, and move the head."""
    keys = Keys.of(vault)
    last, before = locked_end(connection, keys)
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


# Built once: SQLAlchemy takes longer to build a statement than the database takes to run it.
_INSERT = insert(audit)
_MOVE = update(audit_head).values(last_id=bindparam("head_id"), mac=bindparam("head_mac"))
# On PostgreSQL, one statement does both. All writers wait for each other from the head's lock to
# the commit, and each statement in between makes the wait longer.
_INSERT_AND_MOVE = text(
    "WITH moved AS (UPDATE audit_head SET last_id = :head_id, mac = :head_mac)"
    " INSERT INTO audit"
    " (id, at, firm_id, actor, action, facts, subject, access_key_id, detail, origin, mac) VALUES"
    " (:id, :at, :firm_id, :actor, :action, :facts, :subject, :access_key_id, :detail, :origin,"
    " :mac)"
).bindparams(*(bindparam(column.name, type_=column.type) for column in audit.columns))
