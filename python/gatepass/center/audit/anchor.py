"""The anchor: the last entry of the audit log when it was last verified, outside the database.

A person with write access to the database can set it back to an earlier, consistent state. An
anchor in a file that this person cannot write reveals it: the anchored entry is then missing from
the log or different.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gatepass.errors import AuditError
from gatepass.files import private_draft


@dataclass(frozen=True, slots=True)
class Anchor:
    """An entry's number and HMAC. Neither is secret."""

    entry: int
    mac: bytes


_LINE = re.compile(r"([0-9]{1,18}) ([0-9a-f]{64})\n?")


def read(path: Path) -> Anchor | None:
    """Return the anchor in a file; ``None`` if the file does not exist yet.

    Raises `AuditError` if the file cannot be read or contains no anchor.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuditError(f"{path}: cannot read the anchor: {error.strerror}") from None
    found = _LINE.fullmatch(content.decode("latin-1"))
    if found is None:
        raise AuditError(
            f"{path}: not an anchor of an audit log, which is one line with an entry's number and"
            " its HMAC; to make a new anchor, remove this file or name one that does not exist"
        )
    return Anchor(int(found[1]), bytes.fromhex(found[2]))


def write(path: Path, anchor: Anchor) -> None:
    """Replace the anchor in a file, all or nothing. Raises `AuditError`."""
    try:
        with private_draft(path, f"{anchor.entry} {anchor.mac.hex()}\n".encode()) as draft:
            draft.replace(path)
    except OSError as error:
        raise AuditError(
            f"{path}: cannot write the anchor ({error.strerror}); the result of the check is still"
            " valid. Name a file in an existing folder that you can write to"
        ) from None


def forget(path: Path) -> None:
    """Remove the anchor after a restore, which sets the log back. Raises `AuditError`."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise AuditError(
            f"{path}: cannot remove the anchor of the audit log ({error.strerror}): remove it"
            " yourself, because it does not fit the restored database"
        ) from None
