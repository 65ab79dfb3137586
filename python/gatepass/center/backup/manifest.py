"""The manifest of a backup, with an HMAC by the store's own key, which reveals any change."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
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
from sqlalchemy.exc import DataError, OperationalError

from gatepass.center.secrets.vault import Vault
from gatepass.errors import DatabaseError, FieldError

#: The text for a backup that is not as it was written.
CHANGED = "this backup was changed after it was made, or is damaged: use another one"

#: Only a backup has this table.
_MANIFEST = Table(
    "backup_manifest", MetaData(), Column("text", Text), Column("mac", LargeBinary(32))
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """When a backup was made, with which version of the tables, and what it contains.

    ``last_entry`` and ``last_mac`` are the end of the audit log at that moment, after which the
    store's later history begins. ``rows`` are counts by table.
    """

    made_at: str
    revision: str
    last_entry: int
    last_mac: str
    rows: dict[str, int]
    digest: str


@contextmanager
def unchecked_values() -> Iterator[None]:
    """Raise `DatabaseError` for a value that cannot be read, without the value itself.

    Until it is checked, any column of a backup may contain anything.
    """
    try:
        yield
    except OperationalError as error:
        # The error of sqlite3 for a text that is not UTF-8.
        if "decode" not in str(error.orig).lower():
            raise
    except _UNREADABLE:
        pass
    else:
        return
    # Outside the handlers, so that no traceback contains the value.
    raise DatabaseError(CHANGED)


_UNREADABLE = (TypeError, ValueError, AttributeError, OverflowError, DataError, FieldError)


def write_manifest(connection: Connection, vault: Vault, manifest: Manifest) -> None:
    """Write the manifest into a backup."""
    text = json.dumps(asdict(manifest), sort_keys=True)
    _MANIFEST.create(connection)
    connection.execute(insert(_MANIFEST).values(text=text, mac=_mac(vault, text)))


def read_manifest(connection: Connection) -> tuple[Manifest, str, bytes]:
    """Return a backup's manifest, not checked yet, with its text and HMAC.

    Raises `DatabaseError` for a file that is not a backup.
    """
    row = None
    with unchecked_values():
        if inspect(connection).has_table(_MANIFEST.name):
            row = connection.execute(select(_MANIFEST)).first()
        if row is not None:
            return Manifest(**json.loads(row.text)), row.text, row.mac or b""
    raise DatabaseError("this is not a backup of a Request Center: give another path")


def is_genuine(vault: Vault, text: str, mac: bytes) -> bool:
    """Tell whether the Request Center with this root secret wrote this manifest."""
    return hmac.compare_digest(_mac(vault, text), mac)


def _mac(vault: Vault, text: str) -> bytes:
    return hmac.digest(vault.mac_key("backup"), text.encode(), "sha256")
