"""Files that only their owner can access, and writes that survive a power cut."""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
#: The mode that a file and a folder should have. Pipes and devices are not checked.
_WANTED = {stat.S_IFREG: "600", stat.S_IFDIR: "700"}


def exposed(status: os.stat_result, path: Path | None, what: str) -> str:
    """Say that users other than the owner have access, and what to do; empty if they have none.

    ``what`` is its name in the text. ``status`` is that of the open file: ``path`` may name another
    file by now. Always empty on Windows.
    """
    mode = stat.S_IMODE(status.st_mode)
    wanted = _WANTED.get(stat.S_IFMT(status.st_mode))
    if os.name != "posix" or wanted is None or not mode & _OTHERS:
        return ""
    return (
        f"users other than its owner have access to {what} (mode {mode:04o}):"
        f" chmod {wanted} {shlex.quote(str(path)) if path else 'the file'}"
    )


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut; Windows cannot."""
    if os.name != "posix":
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def private_draft(path: Path, content: bytes) -> Iterator[Path]:
    """Give a private file beside a path, with all its content, to be renamed or linked to the path.

    What the caller did lasts through a power failure. A draft that is still there is removed.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
        sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)
