"""Take a store back from a backup, and say first what that loses.

A store that went on after the backup has pairs that the backup does not know, and the backup has
pairs that were deleted since: those would be valid again. So a newer store is put back only when
told so, and the answer names them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from gatepass.center import audit, copying, migrations
from gatepass.center.backup import end_of_log
from gatepass.center.context import Clock, utc_now
from gatepass.center.database import Database
from gatepass.center.dialects import explain
from gatepass.center.envelope import EnvelopeKeys
from gatepass.center.manifest import Manifest, is_genuine, read_manifest
from gatepass.center.schema import audit as log
from gatepass.center.schema import pair
from gatepass.center.vault import Vault
from gatepass.errors import DatabaseError

#: Access Key IDs named in a message.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Loss:
    """What a restore takes from a store.

    ``entries`` of the audit log since ``since``; pairs that are active now and ``gone`` after it;
    pairs that have ended and would be active again: ``revived``. ``foreign``: the backup is of
    another store, and all is lost.
    """

    entries: int
    since: datetime | None
    gone: tuple[str, ...]
    revived: tuple[str, ...]
    foreign: bool = False

    def __str__(self) -> str:
        if self.foreign:
            return "the database holds another store than this backup is of"
        said = f"the store went on after this backup: {self.entries} entries of its audit log"
        said += f", from {self.since:%Y-%m-%d %H:%M:%S} UTC on, would be lost" if self.since else ""
        if self.gone:
            said += f"; key pairs that would stop working: {_few(self.gone)}"
        if self.revived:
            said += f"; deleted or expired key pairs that would work again: {_few(self.revived)}"
        return said


def restore(
    database: Database,
    keys: EnvelopeKeys,
    path: str | os.PathLike[str],
    *,
    replace: bool = False,
    clock: Clock = utc_now,
) -> Loss | None:
    """Put the store back to what it was at the backup, all or nothing; return what that lost.

    End the Request Center first, and start it after: it keeps keys of the store in memory.
    With nothing to lose no ``replace`` is needed, and ``None`` is returned. Raises
    `DatabaseError` with the loss in words when there is some and it was not told to replace, or
    for what is no backup, or one that was changed; `VaultError` for another envelope key.
    """
    vault = Vault(keys)
    with _opened(Path(path)) as saved:
        manifest = _checked(saved, vault)
        database.upgrade()

        def work(connection: Connection) -> Loss | None:
            loss = _loss(connection, saved, manifest)
            if loss is not None and not replace:
                raise DatabaseError(f"{loss}: nothing was restored; add --replace to do it")
            copying.clear(connection)
            copying.copy(saved, connection)
            detail = str(loss or "")
            audit.append_restored(connection, vault, clock(), manifest.made_at, detail)
            return loss

        return database.write(work)


@contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    """Open a backup without a right to change it."""
    if not path.is_file():
        raise DatabaseError(f"{path}: there is no such file: give the path of a backup")
    engine: Engine = create_engine(
        f"sqlite:///file:{path.resolve()}?mode=ro&uri=true",
        poolclass=NullPool,
        hide_parameters=True,
    )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _checked(saved: Connection, vault: Vault) -> Manifest:
    """Return a backup's manifest, if everything in the backup is as it was written."""
    try:
        manifest, text, mac = read_manifest(saved)
        if manifest.revision != migrations.head():
            raise DatabaseError(
                f"this backup has tables of another gatepass ({manifest.revision}): restore it with"
                " that one, into a new database, and run gatepass center init of this one then"
            )
        if not vault.load(saved) or not is_genuine(vault, text, mac):
            raise DatabaseError(_CHANGED)
        if copying.digest_of(saved).hex() != manifest.digest:
            raise DatabaseError(_CHANGED)
    except DBAPIError as error:
        raise DatabaseError(explain(error)) from None
    return manifest


_CHANGED = "this backup was changed after it was made, or is damaged: take another one"


def _loss(connection: Connection, saved: Connection, manifest: Manifest) -> Loss | None:
    last, mac = end_of_log(connection)
    if last == 0 or (last, mac.hex()) == (manifest.last_entry, manifest.last_mac):
        return None
    at_backup = select(log.c.mac).where(log.c.id == manifest.last_entry)
    here = connection.execute(at_backup).scalar_one_or_none()
    foreign = manifest.last_entry > 0 and (here or b"").hex() != manifest.last_mac
    first = select(log.c.at).where(log.c.id > manifest.last_entry).order_by(log.c.id).limit(1)
    then, now = _active(saved), _active(connection)
    return Loss(
        entries=last - manifest.last_entry,
        since=connection.execute(first).scalar_one_or_none(),
        gone=tuple(sorted(now - then)),
        revived=tuple(sorted(then - now)),
        foreign=foreign,
    )


def _active(connection: Connection) -> set[str]:
    query = select(pair.c.access_key_id).where(pair.c.slot.is_not(None))
    return set(connection.execute(query).scalars())


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
