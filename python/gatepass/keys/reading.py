"""Read a key file from a path or an open file descriptor, and check who may read it.

The text is in one ``bytearray`` that never grows, because one that grows leaves copies of itself
behind. It is made as large as the file; a text that turns out longer moves to a larger one. The
old one is wiped at once, and the last one when the pairs are made.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gatepass.errors import KeyFileError, KeyFilePermissionError
from gatepass.files import exposed
from gatepass.keys.keyfile import FilePairs, read_pairs
from gatepass.keys.pair import KeyPair

#: Bytes of the largest key file accepted: some 100,000 pairs.
MAX_KEY_FILE_BYTES = 16 * 1024 * 1024
#: Bytes to begin with if the length is not known: as many as a pipe buffers.
_UNKNOWN_LENGTH = 64 * 1024
_ZEROS = bytes(64 * 1024)

#: What tells one state of a file from another: changed times, size and inode. The time of the
#: last status change is among them so that the ``chmod`` that fixes a file is noticed.
Identity = tuple[int, int, int, int]


class ChangedWhileReadError(KeyFileError):
    """The file was written to while it was read: the content cannot be used."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The pairs of a key file and the state of the file they were read from.

    ``mtime`` is in seconds since the epoch; ``closed`` tells that the last line ends in a newline,
    ``moved_here`` that the file got its name, or its mode, after the last write. As long as
    ``kept`` exists, no other file gets this one's inode. ``is_file`` is false for a pipe.
    """

    pairs: FilePairs
    identity: Identity
    mtime: float
    inode: int
    moved_here: bool
    closed: bool
    is_file: bool
    kept: Kept


class Kept:
    """Keeps a file open, so that no other file gets its inode after it was deleted."""

    _fd = -1

    def __init__(self, fd: int) -> None:
        self._fd = os.dup(fd)

    def __del__(self) -> None:
        if self._fd >= 0:  # there may have been no descriptor left
            os.close(self._fd)


def read_key_file(
    path: str | os.PathLike[str], *, allow_insecure: bool = False, diagnosis: bool = False
) -> list[KeyPair]:
    """Read the key pairs of a key file; with ``diagnosis`` they have their diagnosis keys.

    Raises `KeyFilePermissionError` when users other than the owner can read the file (not checked
    on Windows, or with ``allow_insecure``), and `KeyFileError` when it cannot be opened or its
    content cannot be used.
    """
    snapshot = read_snapshot(Path(path), allow_insecure=allow_insecure, diagnosis=diagnosis)
    return list(snapshot.pairs)


def read_snapshot(
    path: Path,
    *,
    allow_insecure: bool,
    diagnosis: bool,
    may_be_empty: bool = False,
    may_wait: bool = True,
) -> Snapshot:
    """Read a key file and note its state; raises as `read_key_file` does.

    Without ``may_wait`` it must be a file: reading a pipe without data would wait forever.
    """
    with _explained(path), _opened(path, may_wait=may_wait) as file:
        is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        if not is_file and not may_wait:
            raise KeyFileError("it is a pipe or a device now: put the key file back", path)
        _refuse_exposed(file, path, allow_insecure=allow_insecure)
        before = os.fstat(file.fileno())
        with _content(file, path) as text:
            after = os.fstat(file.fileno())
            if is_file and identity_of(before) != identity_of(after):
                raise ChangedWhileReadError("it was changed while it was read: try again", path)
            return Snapshot(
                pairs=read_pairs(text, path, may_be_empty=may_be_empty, diagnosis=diagnosis),
                identity=identity_of(after),
                mtime=after.st_mtime,
                inode=after.st_ino,
                # A write sets both times, a rename only the second.
                moved_here=after.st_ctime_ns > after.st_mtime_ns,
                closed=bytes(text[-1:]) == b"\n",
                is_file=is_file,
                kept=Kept(file.fileno()),
            )


def _opened(path: Path, *, may_wait: bool) -> io.FileIO:
    """Open a file to read. With ``may_wait``, a pipe waits here until a program writes to it."""
    wait = 0 if may_wait else getattr(os, "O_NONBLOCK", 0)
    return io.FileIO(path, opener=lambda name, flags: os.open(name, flags | wait))


def read_descriptor(fd: int, *, allow_insecure: bool = False, diagnosis: bool = False) -> FilePairs:
    """Read key pairs from an open file descriptor to its end; it is not closed.

    Raises as `read_key_file` does; the permissions of a pipe or socket are not checked.
    """
    if not _is_open(fd):
        name = "standard input" if fd == 0 else f"descriptor {fd}"
        redirection = "< KEYFILE" if fd == 0 else f"{fd}< KEYFILE"
        raise KeyFileError(f"{name} is closed: open it, as with {redirection} in a shell")
    with _explained(None), io.FileIO(fd, closefd=False) as file:
        _refuse_exposed(file, None, allow_insecure=allow_insecure)
        with _content(file, None) as text:
            return read_pairs(text, diagnosis=diagnosis)


def _is_open(fd: int) -> bool:
    """Tell whether a descriptor is open."""
    try:
        os.read(fd, 0)
    except OSError as error:
        return error.errno != errno.EBADF
    return True


def identity_of(status: os.stat_result) -> Identity:
    """Return what tells this state of a file from another."""
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _refuse_exposed(file: io.FileIO, path: Path | None, *, allow_insecure: bool) -> None:
    problem = exposed(os.fstat(file.fileno()), path, "it")
    if problem and not allow_insecure:
        raise KeyFilePermissionError(problem, path)


@contextmanager
def _content(file: io.FileIO, path: Path | None) -> Iterator[memoryview]:
    """Yield the file's bytes, and wipe them afterwards."""
    known = os.fstat(file.fileno()).st_size or _UNKNOWN_LENGTH
    # One byte more than necessary tells the end of the file from a full buffer.
    buffer = memoryview(bytearray(min(known, MAX_KEY_FILE_BYTES) + 1))
    length = 0
    try:
        while True:
            if length > MAX_KEY_FILE_BYTES:
                message = f"it has more than {MAX_KEY_FILE_BYTES} bytes: it is not a key file"
                raise KeyFileError(message, path)
            if length == len(buffer):
                buffer = _moved(buffer, min(2 * length, MAX_KEY_FILE_BYTES) + 1)
            count = file.readinto(buffer[length:])
            if count is None:
                raise KeyFileError("it is non-blocking: give a blocking descriptor")
            if count == 0:
                break
            length += count
        yield buffer[:length]
    finally:
        _wipe(buffer)


def _moved(text: memoryview, size: int) -> memoryview:
    """Return a buffer of ``size`` bytes that begins with the text, and wipe the old one."""
    larger = memoryview(bytearray(size))
    larger[: len(text)] = text
    _wipe(text)
    return larger


def _wipe(buffer: memoryview) -> None:
    # In pieces: zeros for a whole large file would need as much memory again.
    for begin in range(0, len(buffer), len(_ZEROS)):
        piece = buffer[begin : begin + len(_ZEROS)]
        piece[:] = _ZEROS[: len(piece)]


@contextmanager
def _explained(path: Path | None) -> Iterator[None]:
    """Turn the operating system's errors into ones that say what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise KeyFileError(
            "there is no such file: give the path of the key file from the Request Center",
            path,
        ) from error
    except IsADirectoryError as error:
        raise KeyFileError("it is a directory: give the path of a file in it", path) from error
    except PermissionError as error:
        raise KeyFileError(
            "this user may not read it: run as its owner, or ask its owner for a copy", path
        ) from error
    except OSError as error:
        raise KeyFileError(f"it cannot be read: {error.strerror}", path) from error
