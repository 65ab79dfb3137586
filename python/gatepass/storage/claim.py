"""One program at a time: a claim on a store, which the system releases after a crash."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gatepass.errors import StoreError
from gatepass.session.store import in_use

if sys.platform != "win32":
    import fcntl


@contextmanager
def claimed(lock: str, path: str, session: str) -> Iterator[None]:
    """Lock the file `lock`, of the store at `path`, until the end of the block or the process.

    The file stays, empty: removing it could remove the next program's lock. On Windows nothing is
    claimed. Raises `StoreError` if it is locked already, by this process or by another one.
    """
    try:
        file = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        words = f"cannot be claimed: {lock}: {error.strerror}; let this user write there"
        raise StoreError(words, path) from error
    try:
        _take(file, path, session)
        try:
            yield
        finally:
            os.ftruncate(file, 0)
            if sys.platform != "win32":
                # Closing alone is not enough if a child process has the file open, too.
                fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        os.close(file)


def _take(file: int, path: str, session: str) -> None:
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise in_use(session, path, os.pread(file, 20, 0).decode("ascii", "replace")) from error
        except OSError as error:
            words = f"cannot be claimed: {error.strerror}; keep it on a disk of this machine"
            raise StoreError(words, path) from error
    os.ftruncate(file, 0)
    # The process ID only helps people: a full disk is reported by the store itself.
    with suppress(OSError):
        os.write(file, str(os.getpid()).encode())
