"""Whether a disk is full: some errors do not say so."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

#: The system's errors for a full disk, and for a user's quota that is used up.
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
#: Bytes that must fit: a store cannot work with less.
_ROOM = 1 << 16


def is_full(path: str) -> bool:
    """Tell whether the disk of a file has no room, by writing a little beside it. Never raises."""
    try:
        with tempfile.TemporaryFile(dir=Path(path).absolute().parent) as probe:
            probe.write(bytes(_ROOM))
            probe.flush()
    except OSError as error:
        return error.errno in DISK_FULL
    return False
