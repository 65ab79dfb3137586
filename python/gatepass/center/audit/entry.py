"""An entry of the audit log, and the bytes of it that the chain covers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from gatepass.center.store.schema import audit


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


def canonical(entry: Entry) -> bytes:
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


def fitted(column: str, text: str) -> str:
    """Cut a text to its column, without what PostgreSQL refuses.

    What people type in comes to the log, and must not keep an entry out of it.
    """
    clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return clean[: getattr(audit.c[column].type, "length", None)]
