"""Where the audit log ended when it was last verified, kept outside of its database.

Whoever writes to the database can put it back to an earlier state in which all fits together. An
anchor in a file that they cannot write to shows it: the log still has the anchored entry, as it
was, or its end was cut off.
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
    """Return the anchor of a file; ``None`` where there is no file yet.

    Raises `AuditError` for a file without one, or that cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuditError(f"{path}: this anchor cannot be read: {error.strerror}") from None
    found = _LINE.fullmatch(content.decode("latin-1"))
    if found is None:
        raise AuditError(
            f"{path}: this is no anchor of an audit log: a line with the number of an entry and its"
            " HMAC is wanted; remove it, or name a file that is not there, to begin a new one"
        )
    return Anchor(int(found[1]), bytes.fromhex(found[2]))


def write(path: Path, anchor: Anchor) -> None:
    """Write an anchor in place of the one before, all or nothing. Raises `AuditError`."""
    try:
        with private_draft(path, f"{anchor.entry} {anchor.mac.hex()}\n".encode()) as draft:
            draft.replace(path)
    except OSError as error:
        raise AuditError(
            f"{path}: the anchor cannot be written ({error.strerror}): what was said of the log"
            " stands; name a file in a folder that is there and that you may write to"
        ) from None


def forget(path: Path) -> None:
    """Remove an anchor whose log was put back on purpose. Raises `AuditError`."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise AuditError(
            f"{path}: the anchor of the audit log cannot be removed ({error.strerror}): remove it:"
            " the database was put back on purpose"
        ) from None
