"""How a store is made: complete, for its owner only, and never in the place of a lost one.

SQLite creates an empty file and fills it later. So an empty file could be a new store, or one that
was emptied, whose numbers would start at 1 again. Therefore a store is made under another name, and
renamed when it is complete: then an empty file always means that it was emptied.
"""

from __future__ import annotations

import errno
import os
import secrets
import struct
from pathlib import Path

from gatepass.errors import StoreError

#: Marks a gatepass store in the header field that SQLite has for that: "gate".
APPLICATION_ID = int.from_bytes(b"gate", "big")
#: The format of its tables (``user_version``): a version that changes them raises it.
FORMAT = 1
#: Bytes of a page of a new store: SQLite's default.
_PAGE = 4096
#: Errors of a file system on which a file cannot have two names.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})

EMPTIED = (
    "is empty, so something has emptied it: restore it from a copy. To begin without its numbers,"
    " move it away"
)
LEFT_BEHIND = (
    "is gone, but its journal is still there: put the file back. To begin without its numbers, move"
    " this away: "
)


def make_unless_there(name: str) -> bool:
    """Make an empty database with mode 0600 unless the file exists; tell whether it was made.

    Raises `StoreError` for a file that is empty, or that is gone and has left its journal;
    `OSError` as the file system does.
    """
    path = Path(name).resolve()
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        journals = [path.with_name(path.name + ending) for ending in ("-wal", "-journal")]
        left = next(filter(_size, journals), None)
        if left is None:
            return _make(path)
        # Another process may have made both since the first look.
        if not path.exists():
            raise StoreError(f"{LEFT_BEHIND}{left}", name) from None
        return False
    if not size:
        raise StoreError(EMPTIED, name)
    return False


def _make(path: Path) -> bool:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(6)}.new")
    _write(draft)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False  # another process was faster
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _write_or_leave(path)
    finally:
        draft.unlink()
    return True


def _write_or_leave(path: Path) -> bool:
    try:
        _write(path)
    except FileExistsError:
        return False
    return True


def _write(path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, empty_database())
        os.fsync(file)
    except BaseException:
        path.unlink()
        raise
    finally:
        os.close(file)


def empty_database() -> bytes:
    """Return a database file without a table (https://sqlite.org/fileformat2.html).

    It is one page: the header, and the root of an empty table tree.
    """
    header = struct.pack(
        ">16sH6B12I20x2I",
        b"SQLite format 3\x00",
        _PAGE,
        *(1, 1, 0, 64, 32, 32),  # formats, reserved bytes, payload fractions
        *(1, 1),  # change counter, pages
        *(0, 0, 0, 4, 0, 0, 1),  # free pages, cookie, format 4, cache, vacuum, UTF-8
        *(FORMAT, 0),  # user version, no incremental vacuum
        APPLICATION_ID,
        *(1, 3_034_000),  # the change counter this is valid for, and the version that wrote it
    )
    root = struct.pack(">BHHHB", 13, 0, 0, _PAGE, 0)
    return (header + root).ljust(_PAGE, b"\x00")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
