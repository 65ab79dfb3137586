"""The three standard streams, and what becomes of the command where one of them fails.

What is lost with standard input or output is an answer, so the command fails (exit code 2). What is
lost with standard error is talk: the answer and the exit code are the same without it.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import IO

#: By descriptor: what people call it, and how a stand-in is opened so that using it fails as using
#: a closed one does. Standard error takes what is written, and drops it.
_STANDARD = (
    ("stdin", "standard input", "r", os.O_WRONLY),
    ("stdout", "standard output", "w", os.O_RDONLY),
    ("stderr", "standard error", "w", os.O_WRONLY),
)
_UNREAD, _UNWRITTEN = "standard input cannot be read", "standard output cannot be written"
_EITHER = "standard input or output failed"
#: What the system says of a stream, as against a file or a socket, and of which.
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
    """Put a stand-in at each standard stream that is closed.

    Without one, the next file or socket would get its number, and Python has no object for it.
    """
    for number, (attribute, name, mode, flags) in enumerate(_STANDARD):
        if getattr(sys, attribute) is not None or _is_open(number):
            continue
        _closed.append(name)
        opened = os.open(os.devnull, flags)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        # It lives as long as the process, as the streams do that Python opens.
        stream = open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, attribute, stream)


def is_fault(error: OSError) -> bool:
    """Tell whether it is a standard stream that has failed, not a file that has a name."""
    return error.filename is None and error.errno in _FAULTS


def fault(error: OSError) -> str:
    """Say which stream has failed, as far as that can be told, and why."""
    closed = [name for name in _closed if name != "standard error"]
    if error.errno == errno.EBADF and closed:
        return f"{' and '.join(closed)} {'is' if len(closed) == 1 else 'are'} closed"
    which = _FAULTS.get(error.errno or 0, _EITHER)
    return f"{which}: {error.strerror or error}"


def silence(stream: IO[str]) -> None:
    """Let nothing more be written to a stream: the interpreter flushes once more as it ends."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), stream.fileno())


def finish_talk() -> None:
    """Flush standard error: what cannot be written there must not decide the exit code."""
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
