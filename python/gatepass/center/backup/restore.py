"""Restore a store from a backup, and say first what would be lost.

A store that has changed since the backup has pairs that the backup does not have, and the backup
has pairs that were deleted since, which would be valid again. So such a store is replaced only on
request, and the answer names these pairs. What users have lost since is not given back: see
`kept_changes`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, Select, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from gatepass.center.audit import log as audit
from gatepass.center.backup import copying
from gatepass.center.backup.backup import end_of_log
from gatepass.center.backup.kept_changes import KeptChanges, changes_to_keep
from gatepass.center.backup.manifest import (
    CHANGED,
    Manifest,
    is_genuine,
    read_manifest,
    unchecked_values,
)
from gatepass.center.context import Clock, utc_now
from gatepass.center.secrets.envelope import EnvelopeKeys
from gatepass.center.secrets.vault import Vault
from gatepass.center.store import migrations
from gatepass.center.store.database import Database
from gatepass.center.store.schema import audit as log
from gatepass.center.store.schema import pair, session
from gatepass.counting import counted
from gatepass.errors import DatabaseError

#: The most names of one kind in a message.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Loss:
    """What a restore changes in a store.

    It loses ``entries`` of the audit log since ``since``, the active pairs ``gone``, and the
    ``sessions``, ``users`` and API ``tokens`` that the backup does not have. Pairs that have ended
    and would be active again are ``revived``, removed sessions are ``returned``. Users are ``kept``
    as they are now, ``revoked_tokens`` stay revoked, sessions stay ``handed_over`` or are
    ``given_back`` to an earlier owner. ``foreign``: the backup is of another store, and everything
    is lost.
    """

    entries: int
    since: datetime | None
    gone: tuple[str, ...]
    revived: tuple[str, ...]
    sessions: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    revoked_tokens: tuple[str, ...] = ()
    handed_over: tuple[str, ...] = ()
    given_back: tuple[str, ...] = ()
    foreign: bool = False

    def __str__(self) -> str:
        if self.foreign:
            return "the backup is of another store than the one in the database"
        entries = counted(self.entries, "entry", "entries")
        said = f"the store has changed since this backup: {entries} of its audit log"
        said += f", from {self.since:%Y-%m-%d %H:%M:%S} UTC on, would be lost" if self.since else ""
        named = [f"; {words}: {_few(names)}" for words, names in self._named() if names]
        return said + "".join(named)

    def _named(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (
            ("key pairs that would stop working", self.gone),
            ("deleted or expired key pairs that would work again", self.revived),
            ("sessions that would be lost", self.sessions),
            ("removed sessions that would exist again", self.returned),
            ("users who would be lost", self.users),
            ("API tokens that would stop working", self.tokens),
            (
                "users whose password, authenticator, rights, mobile or address stay as they are"
                " now",
                self.kept,
            ),
            ("API tokens that stay revoked", self.revoked_tokens),
            ("sessions that keep their present owner", self.handed_over),
            (
                "sessions that would go back to an earlier owner, whose mobile would get the codes",
                self.given_back,
            ),
        )


def restore(
    database: Database,
    keys: EnvelopeKeys,
    path: str | os.PathLike[str],
    *,
    replace: bool = False,
    clock: Clock = utc_now,
) -> Loss | None:
    """Restore the store as it was at the backup, all or nothing; return what was lost.

    Stop the Request Center first, and start it afterwards: it keeps keys of the store in memory.
    All logins end, and codes that were sent are void. If nothing would be lost, ``replace`` is not
    needed and ``None`` is returned. Raises `DatabaseError`, which describes the loss, if there is
    one and ``replace`` is not set, and for a file that is not a backup or was changed; `VaultError`
    for another envelope key.
    """
    vault = Vault(keys)
    with _opened(Path(path)) as saved:
        manifest = _checked(saved, vault, path)
        database.upgrade()

        def work(connection: Connection) -> Loss | None:
            changes = changes_to_keep(connection, saved)
            loss = _loss(connection, saved, manifest, changes)
            if loss is not None and not replace:
                raise DatabaseError(f"{loss}: nothing was restored; add --replace to restore it")
            copying.clear(connection)
            # Checked again, since the file may have changed meanwhile.
            if copying.copy(saved, connection).hex() != manifest.digest:
                raise DatabaseError(CHANGED)
            changes.apply(connection)
            audit.append_restored(
                connection,
                vault,
                clock(),
                str(loss or ""),
                backup=manifest.made_at,
                lost_entries=0 if loss is None else loss.entries,
            )
            return loss

        return database.write(work)


@contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    """Open a backup read-only."""
    if not path.is_file():
        raise DatabaseError(f"{path}: there is no such file: give the path of a backup")
    # As an SQLite URI, in which a name can contain any character.
    uri = f"{path.resolve().as_uri()}?mode=ro"
    engine: Engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True),
        poolclass=NullPool,
        hide_parameters=True,
    )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _checked(saved: Connection, vault: Vault, path: str | os.PathLike[str]) -> Manifest:
    """Return a backup's manifest, if everything in the backup is as it was written."""
    try:
        return _unchanged(saved, vault)
    except DatabaseError as error:
        raise DatabaseError(f"{path}: {error}") from None
    except DBAPIError as error:
        why = str(error.orig).partition("\n")[0]
        raise DatabaseError(
            f"{path}: this is not a complete backup of a Request Center ({why}): give another path"
        ) from None


# A view may read differently each time, and a trigger may change rows: a backup has neither.
_CODE = text("SELECT 1 FROM sqlite_master WHERE type IN ('view', 'trigger')")


def _unchanged(saved: Connection, vault: Vault) -> Manifest:
    with unchecked_values():
        if saved.execute(_CODE).first() is not None:
            raise DatabaseError(CHANGED)
        manifest, written, mac = read_manifest(saved)
        if manifest.revision != migrations.head():
            raise DatabaseError(
                f"this backup has tables of another version of gatepass ({manifest.revision}):"
                " restore it with that version, into a new database, then run gatepass center init"
                " of this version"
            )
        if not vault.load(saved) or not is_genuine(vault, written, mac):
            raise DatabaseError(CHANGED)
        if copying.digest_of(saved).hex() != manifest.digest:
            raise DatabaseError(CHANGED)
        return manifest


def _loss(
    connection: Connection, saved: Connection, manifest: Manifest, changes: KeptChanges
) -> Loss | None:
    last, mac = end_of_log(connection)
    if last == 0 or (last, mac.hex()) == (manifest.last_entry, manifest.last_mac):
        return None
    at_backup = select(log.c.mac).where(log.c.id == manifest.last_entry)
    here = connection.execute(at_backup).scalar_one_or_none()
    foreign = manifest.last_entry > 0 and (here or b"").hex() != manifest.last_mac
    first = select(log.c.at).where(log.c.id > manifest.last_entry).order_by(log.c.id).limit(1)
    pairs_then, pairs_now = (_names(side, _ACTIVE) for side in (saved, connection))
    sessions_then, sessions_now = (_names(side, _SESSIONS) for side in (saved, connection))
    return Loss(
        entries=last - manifest.last_entry,
        since=connection.execute(first).scalar_one_or_none(),
        gone=tuple(sorted(pairs_now - pairs_then)),
        revived=tuple(sorted(pairs_then - pairs_now)),
        sessions=tuple(sorted(sessions_now - sessions_then)),
        returned=tuple(sorted(sessions_then - sessions_now)),
        users=changes.users,
        tokens=changes.tokens,
        kept=changes.kept,
        revoked_tokens=changes.revoked_tokens,
        handed_over=changes.handed_over,
        given_back=changes.given_back,
        foreign=foreign,
    )


_ACTIVE = select(pair.c.access_key_id).where(pair.c.slot.is_not(None))
_SESSIONS = select(session.c.name).where(session.c.removed_at.is_(None))


def _names(connection: Connection, query: Select[str]) -> set[str]:
    return set(connection.execute(query).scalars())


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
