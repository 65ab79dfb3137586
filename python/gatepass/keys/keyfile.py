"""From the bytes of a key file to key pairs.

Secrets are never made into ``str`` or ``bytes``: they go from the given buffer to the signing key
through one ``bytearray``, which is wiped, so that even a traceback that shows local variables
shows no secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from gatepass._native import SigningKey
from gatepass.errors import FieldError, KeyFileError, KeySourceError, SecretKeyError
from gatepass.keys.identifiers import AccessKeyId, SessionId
from gatepass.keys.layout import (
    ACCESS_KEY_ID,
    CREATED,
    ENVIRONMENT,
    EXPIRES,
    SECRET,
    SESSION,
    Column,
    Layout,
)
from gatepass.keys.pair import KeyPair
from gatepass.keys.ring import KeyRing
from gatepass.keys.secret import wipe

#: Editors on Windows put this at the start of a text; it is skipped.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_NOT_BLANK = re.compile(rb"[^ ]")
_LINE = re.compile(rb"([^\n]*?)(?:\r?\n|\Z)")
_ILLEGAL = re.compile(rb"[^ -~]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_key_file(
    data: bytes | bytearray | memoryview, path: Path | None = None, *, may_be_empty: bool = False
) -> list[KeyPair]:
    """Read the pairs of a key file in CME's layout, in the file's order.

    The columns are found from the header line; Environment may be absent; blank lines, CRLF and
    a byte order mark are accepted. ``path`` is for messages only. Wiping ``data`` is the
    caller's part. With ``may_be_empty`` a header alone is a file of no pairs.

    Raises `KeyFileError`, with the line, for anything else: no header, no pair, a value that is
    missing, cut or wrong, three pairs for one session, an Access Key ID that occurs twice.
    """
    layout = None
    lines: dict[AccessKeyId, int] = {}
    pairs = []
    data = memoryview(data)  # a traceback that shows local variables would show a bytearray
    for number, line in _lines(data):
        try:
            _refuse_illegal(line)
            if layout is None:
                layout = Layout(line)
                continue
            pair = _read_record(layout, line)
            _refuse_repeated(pair, lines)
        except (FieldError, KeySourceError, SecretKeyError) as error:
            # Not chained: the frames below hold values of the line as text, and in a file whose
            # columns slipped one of them may be the secret.
            raise KeyFileError(str(error), path, number) from None
        lines[pair.access_key_id] = number
        pairs.append(pair)
    if layout is None or not (pairs or may_be_empty):
        found = "it is empty" if layout is None else "it has a header but no key pair"
        raise KeyFileError(f"{found}: download it again from the Request Center", path)
    try:
        KeyRing(pairs)
    except KeySourceError as error:
        raise KeyFileError(str(error), path) from error
    return pairs


def _lines(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Give each line that is not blank, without its end, and its number from 1."""
    if data[: len(BYTE_ORDER_MARK)] == BYTE_ORDER_MARK:
        data = data[len(BYTE_ORDER_MARK) :]
    for number, found in enumerate(_LINE.finditer(data), start=1):
        line = data[slice(*found.span(1))]
        if _NOT_BLANK.search(line):
            yield number, line


def _refuse_illegal(line: memoryview) -> None:
    illegal = _ILLEGAL.search(line)
    if illegal:
        raise KeySourceError(
            f"the character at position {illegal.start() + 1} is a tab, NUL or not ASCII:"
            " a key file is plain ASCII text"
        )


def _refuse_repeated(pair: KeyPair, lines: Mapping[AccessKeyId, int]) -> None:
    earlier = lines.get(pair.access_key_id)
    if earlier is not None:
        raise KeySourceError(f"the same Access Key ID is in line {earlier}: keep one of them")


def _read_record(layout: Layout, line: memoryview) -> KeyPair:
    return KeyPair(
        session=SessionId(_text(layout, line, SESSION)),
        access_key_id=AccessKeyId(_text(layout, line, ACCESS_KEY_ID)),
        signing_key=_signing_key(layout, line),
        created=_date(layout, line, CREATED),
        expires=_date(layout, line, EXPIRES),
        environment=_text(layout, line, ENVIRONMENT) or None,
    )


def _text(layout: Layout, line: memoryview, column: Column) -> str:
    text = str(layout.cell(line, column), "ascii")
    if not text and not column.optional:
        raise KeySourceError(f"{column.name} is empty")
    return text


def _signing_key(layout: Layout, line: memoryview) -> SigningKey:
    secret = bytearray(layout.cell(line, SECRET))
    try:
        if not secret:
            raise KeySourceError(f"{SECRET.name} is empty")
        return SigningKey(secret)
    finally:
        wipe(secret)


def _date(layout: Layout, line: memoryview, column: Column) -> date:
    text = _text(layout, line, column)
    try:
        return parse_date(text)
    except ValueError:
        raise KeySourceError(f"{column.name} is no date of the form YYYY-MM-DD") from None


def parse_date(text: str) -> date:
    """Read ``YYYY-MM-DD`` and no other form; raise `ValueError` without quoting the text."""
    if not _DATE.fullmatch(text):
        raise ValueError("no date of the form YYYY-MM-DD")
    return date.fromisoformat(text)
