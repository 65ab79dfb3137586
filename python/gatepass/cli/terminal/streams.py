"""The three standard streams, and what the command does if one of them fails.

If standard input or output fails, results are lost, so the command fails (exit code 2). If standard
error fails, only messages are lost: the results and the exit code stay the same.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import IO

#: By descriptor: its name, and how to open a replacement that fails as a closed stream does.
#: The replacement for standard error drops what is written to it.
_STANDARD = (
    ("stdin", "standard input", "r", os.O_WRONLY),
    ("stdout", "standard output", "w", os.O_RDONLY),
    ("stderr", "standard error", "w", os.O_WRONLY),
)
_UNREAD, _UNWRITTEN = "standard input cannot be read", "standard output cannot be written"
_EITHER = "standard input or output failed"
#: System errors that come from a stream, not from a file or a socket, and which stream it is.
_FAULTS = {
    errno.EISDIR: _UNREAD,
    errno.ENOSPC: _UNWRITTEN,
    errno.EDQUOT: _UNWRITTEN,
    errno.EFBIG: _UNWRITTEN,
    errno.EBADF: _EITHER,
    errno.EIO: _EITHER,
    errno.ENXIO: _EITHER,
}
#: Streams that were closed when the command began.
_closed: list[str] = []


def replace_closed() -> None:
    """Open a replacement for each standard stream that is closed.

    Without one, the next file or socket would get its number, and Python would have no object for
    the stream.
    """
    for number, (attribute, name, mode, flags) in enumerate(_STANDARD):
        if getattr(sys, attribute) is not None or _is_open(number):
            continue
        _closed.append(name)
        opened = os.open(os.devnull, flags)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        # It lives as long as the process, like the streams that Python opens.
        stream = open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, attribute, stream)


def is_fault(error: OSError) -> bool:
    """Tell whether a standard stream has failed, and not a named file."""
    return error.filename is None and error.errno in _FAULTS


def fault(error: OSError) -> str:
    """Return which stream has failed, as far as it is known, and why."""
    closed = [name for name in _closed if name != "standard error"]
    if error.errno == errno.EBADF and closed:
        return f"{' and '.join(closed)} {'is' if len(closed) == 1 else 'are'} closed"
    which = _FAULTS.get(error.errno or 0, _EITHER)
    return f"{which}: {error.strerror or error}"


def silence(stream: IO[str]) -> None:
    """Drop all further output of a stream: the interpreter flushes it again at its end."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), stream.fileno())


def finish_messages() -> None:
    """Flush standard error; a failure there must not change the exit code."""
    try:
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
