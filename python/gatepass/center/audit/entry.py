"""An entry of the audit log, and the bytes of it that the chain covers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``at`` is UTC; ``firm_id`` is ``None`` if no firm is concerned.

    ``action`` and ``facts`` are data for programs; ``subject``, ``access_key_id`` and ``detail``
    are texts for people.
    """

    id: int
    at: datetime
    firm_id: int | None
    actor: str
    action: str
    facts: str
    subject: str
    access_key_id: str
    detail: str
    origin: str


_FIELDS = tuple(field.name for field in fields(Entry))


def canonical(entry: Entry) -> bytes:
    """Encode all fields, each with its length, so that two entries never have the same bytes."""
    texts = (
        str(entry.id),
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "" if entry.firm_id is None else str(entry.firm_id),
        *(getattr(entry, name) for name in _FIELDS[3:]),
    )
    encoded = [text.encode() for text in texts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def entry_of(row: Row[Any]) -> Entry:
    """Return the entry of a row."""
    return Entry(*(getattr(row, name) for name in _FIELDS))
