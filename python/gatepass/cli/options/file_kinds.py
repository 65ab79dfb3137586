"""Recognise a file of the wrong kind, and say what it looks like and what belongs there.

This is only a hint: each command's own reader refuses what it cannot use, with line and column.
"""

from __future__ import annotations

import enum
import re
import stat
from collections.abc import Iterable
from pathlib import Path

import typer

#: How many bytes of a file are looked at.
_ENOUGH = 1 << 16


class FileKind(enum.Enum):
    """What a file may be, in words for people."""

    KEY_FILE = "a key file"
    LOGONS = "FIX messages"
    LOG = "a log of gatepass simulate"
    STORE = "a store (an SQLite file)"
    PICTURE = "an SVG picture"
    GATEWAY_SETTINGS = "the settings of a gateway"
    FAULT_PLAN = "a fault plan"
    CENTER_SETTINGS = "the settings of a Request Center"
    CERTIFICATE = "a certificate"
    CERTIFICATE_KEY = "the private key of a certificate"


#: What to say where this kind belongs, if it is more than "KIND belongs here".
_WANTED = {
    FileKind.KEY_FILE: "a key file belongs here, with Session ID, Access ID and Secret Key",
    FileKind.LOGONS: "Logons belong here, and it contains no FIX message",
    FileKind.GATEWAY_SETTINGS: "the settings of a gateway belong here",
    FileKind.CENTER_SETTINGS: "the settings of a Request Center belong here",
}
#: The first line of a key file. The lines after it are secret and not looked at.
_KEY_HEADER = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*Session ID\s.*\bSecret Key\b")
#: How to recognise each kind, in the order in which they are tried.
_MARKS: tuple[tuple[FileKind, re.Pattern[bytes]], ...] = (
    (FileKind.STORE, re.compile(rb"\ASQLite format 3\0")),
    (FileKind.CERTIFICATE, re.compile(rb"^-----BEGIN CERTIFICATE-----", re.MULTILINE)),
    (FileKind.CERTIFICATE_KEY, re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----", re.MULTILINE)),
    (
        FileKind.LOG,
        re.compile(rb'\A\s*(?:\{"time": "[^"]*", "session": "|listening on \S+:\d+\r?\n)'),
    ),
    (FileKind.FAULT_PLAN, re.compile(rb"^\s*\[\[\s*fault\s*\]\]", re.MULTILINE)),
    (FileKind.LOGONS, re.compile(rb"8=FIXT?\.\d\.\d[^\w\s]")),
    (
        FileKind.CENTER_SETTINGS,
        re.compile(
            rb"^\s*(?:\[(?:envelope-key|codes|mail)\]|(?:database|address|open-always|outbox)\s*=)",
            re.MULTILINE,
        ),
    ),
    (
        FileKind.GATEWAY_SETTINGS,
        re.compile(
            rb"^\s*(?:\[sending-time\]|(?:kind|backup-port|store|port-closure)\s*=)", re.MULTILINE
        ),
    ),
)
#: Kinds that may be in the same file.
_ALIKE = ({FileKind.CERTIFICATE, FileKind.CERTIFICATE_KEY},)


def kind_of(head: bytes) -> FileKind | None:
    """Return the kind of a file by its beginning; ``None`` if it is unknown."""
    if _KEY_HEADER.match(head.partition(b"\n")[0]):
        return FileKind.KEY_FILE
    return next((kind for kind, mark in _MARKS if mark.search(head)), None)


def refuse_other(path: Path | str | None, wanted: FileKind, option: str) -> None:
    """Raise `typer.BadParameter` if a file is recognised as a kind other than the one wanted."""
    if path is not None:
        refuse_head(str(path), head_of(Path(path)), (wanted,), option)


def refuse_head(name: str, head: bytes, wanted: Iterable[FileKind], option: str) -> None:
    """Raise `typer.BadParameter` if the beginning is recognised as a kind that is not wanted."""
    kind, first = kind_of(head), next(iter(wanted))
    if kind is None or kind in wanted or any({kind, first} <= alike for alike in _ALIKE):
        return
    words = _WANTED.get(first, f"{first.value} belongs here")
    raise typer.BadParameter(f"{name} looks like {kind.value}; {words}", param_hint=option)


def looks(path: Path) -> str:
    """Return what a file looks like, in brackets, to append to an error; empty if unknown."""
    kind = kind_of(head_of(path))
    return "" if kind in (None, FileKind.STORE) else f" (it looks like {kind.value})"


def refuse_file(folder: Path, option: str) -> None:
    """Raise `typer.BadParameter` if a path that should be a folder is a file."""
    if folder.is_file():
        kind = kind_of(head_of(folder))
        words = "is a file" if kind is None else f"looks like {kind.value}"
        raise typer.BadParameter(f"{folder} {words}; a folder belongs here", param_hint=option)


def head_of(path: Path) -> bytes:
    """Read the beginning of a file: of a key file only the first line, of a pipe nothing."""
    try:
        # Reading a pipe would take its data away.
        if not stat.S_ISREG(path.stat().st_mode):
            return b""
        with path.open("rb", buffering=0) as file:
            head = file.readline(_ENOUGH)
            return head if _KEY_HEADER.match(head) else head + (file.read(_ENOUGH) or b"")
    except OSError:
        return b""
