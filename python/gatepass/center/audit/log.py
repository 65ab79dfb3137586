"""The audit log: append-only, each entry chained to the one before."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, insert, text, update

from gatepass.center.audit.chain import Keys, locked_end
from gatepass.center.audit.entry import Entry, fitted
from gatepass.center.context import Center
from gatepass.center.roles import Actor
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.schema import audit, audit_head

#: Who acts when nobody does: the sweep, the command line.
SYSTEM = "system"


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
            actor=fitted("actor", name),
            action=fitted("action", action),
            subject=fitted("subject", subject),
            access_key_id=fitted("access_key_id", access_key_id),
            detail=fitted("detail", detail),
            origin=fitted("origin", origin),
        ),
    )


def append_restored(
    connection: Connection, vault: Vault, at: datetime, subject: str, detail: str
) -> None:
    """Log in a store that was just put back, whose Request Center does not run."""
    texts = {"access_key_id": "", "detail": detail, "origin": ""}
    at = at.astimezone(UTC)
    entry = Entry(0, at, None, SYSTEM, "restore", fitted("subject", subject), **texts)
    _append(connection, vault, entry)


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


# Made once: building a statement takes SQLAlchemy longer than running it takes the database.
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
