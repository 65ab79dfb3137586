"""A backup of the whole store in one file, which can be restored into either kind of database.

The file is an SQLite database of mode 0600, a snapshot of one moment. Its secrets are sealed as in
the store: without the envelope key, which it does not contain, they cannot be read.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import URL, Connection, select, text

from gatepass.center.backup import copying
from gatepass.center.backup.manifest import Manifest, write_manifest
from gatepass.center.context import Center
from gatepass.center.store import migrations
from gatepass.center.store.database import Database
from gatepass.center.store.schema import audit, audit_head
from gatepass.errors import DatabaseError
from gatepass.files import sync


def backup(center: Center, path: str | os.PathLike[str]) -> Manifest:
    """Write a backup to a new file, completely or not at all, while the Request Center runs.

    Raises `DatabaseError` if the file exists or cannot be written.
    """
    target = Path(path)
    if target.exists():
        raise DatabaseError(f"{target} already exists: choose another name for the backup")
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        manifest = _write(center, unfinished)
        sync(unfinished)
        # Unlike a rename, this fails if a file was created meanwhile.
        os.link(unfinished, target)
        sync(target.parent)
    except OSError as error:
        raise DatabaseError(f"{target}: the backup cannot be written: {error.strerror}") from error
    finally:
        for left in ("", "-wal", "-shm"):
            Path(f"{unfinished}{left}").unlink(missing_ok=True)
    return manifest


def end_of_log(connection: Connection) -> tuple[int, bytes]:
    """Return the number and HMAC of the last entry of the audit log; 0 for an empty one."""
    last = connection.execute(select(audit_head.c.last_id)).scalar_one_or_none() or 0
    mac = connection.execute(select(audit.c.mac).where(audit.c.id == last)).scalar_one_or_none()
    return last, mac or b""


def _write(center: Center, path: Path) -> Manifest:
    copied = Database(URL.create("sqlite", database=str(path)))
    try:
        copied.upgrade()
        copied.write(_drop_triggers)
        with center.database.read() as source:

            def work(target: Connection) -> Manifest:
                digest = copying.copy(source, target)
                last, mac = end_of_log(source)
                manifest = Manifest(
                    made_at=center.clock().isoformat(),
                    revision=migrations.revision(source) or "",
                    last_entry=last,
                    last_mac=mac.hex(),
                    rows=digest.counts,
                    digest=digest.hex(),
                )
                write_manifest(target, center.vault, manifest)
                return manifest

            manifest = copied.write(work)
        # The backup must be one file that can be read in a read-only folder.
        with copied.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
        return manifest
    finally:
        copied.close()


def _drop_triggers(target: Connection) -> None:
    """Drop all triggers: a restore refuses a backup with triggers."""
    named = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for name in target.execute(named).scalars().all():
        target.exec_driver_sql(f"DROP TRIGGER {name}")
