"""What a backup says of itself, under the store's own HMAC: a changed backup shows."""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    Text,
    insert,
    inspect,
    select,
)

from gatepass.center.secrets.vault import Vault
from gatepass.center.store.unreadable import told_as
from gatepass.errors import DatabaseError

#: What a backup is told as that is not as it was written.
CHANGED = "this backup was changed after it was made, or is damaged: take another one"

#: Only a backup has this table.
_MANIFEST = Table(
    "backup_manifest", MetaData(), Column("text", Text), Column("mac", LargeBinary(32))
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """When it was made, of which version of the tables, and what is in it.

    ``last_entry`` and ``last_mac`` are the end of the audit log at that moment: the place where the
    store's later history begins. ``rows`` counts by table.
    """

    made_at: str
    revision: str
    last_entry: int
    last_mac: str
    rows: dict[str, int]
    digest: str


def write_manifest(connection: Connection, vault: Vault, manifest: Manifest) -> None:
    """Put the manifest into a backup."""
    text = json.dumps(asdict(manifest), sort_keys=True)
    _MANIFEST.create(connection)
    connection.execute(insert(_MANIFEST).values(text=text, mac=_mac(vault, text)))


def read_manifest(connection: Connection) -> tuple[Manifest, str, bytes]:
    """Return a backup's manifest, not checked yet, its text and HMAC.

    Raises `DatabaseError` for what is no backup.
    """
    row = None
    with told_as(DatabaseError(CHANGED)):
        if inspect(connection).has_table(_MANIFEST.name):
            row = connection.execute(select(_MANIFEST)).first()
        if row is not None:
            return Manifest(**json.loads(row.text)), row.text, row.mac or b""
    raise DatabaseError("this is no backup of a Request Center: give another path")


def is_genuine(vault: Vault, text: str, mac: bytes) -> bool:
    """Tell whether a manifest is as the Request Center of this root secret wrote it."""
    return hmac.compare_digest(_mac(vault, text), mac)


def _mac(vault: Vault, text: str) -> bytes:
    return hmac.digest(vault.mac_key("backup"), text.encode(), "sha256")
