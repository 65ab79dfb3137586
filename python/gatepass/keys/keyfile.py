"""From the bytes of a key file to key pairs.

Secrets are never made into ``str`` or ``bytes``: they go from the given buffer to the signing key
through one ``bytearray``, which is wiped, so that even a traceback that shows local variables
shows no secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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

_LINE = re.compile(rb"([^\n]*?)(?:\r?\n|\Z)")
_ILLEGAL = re.compile(rb"[^ -~]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_key_file(
    data: bytes | bytearray | memoryview, path: Path | None = None
) -> list[KeyPair]:
    """Read the pairs of a key file in CME's layout, in the file's order.

    The columns are found from the header line; Environment may be absent; blank lines, CRLF and
    a byte order mark are accepted. ``path`` is for messages only. Wiping ``data`` is the
    caller's part.

    Raises `KeyFileError`, with the line, for anything else: no header, no pair, a value that is
    missing, cut or wrong, three pairs for one session, an Access Key ID that occurs twice.
    """
    layout = None
    seen: dict[AccessKeyId, int] = {}
    pairs = []
    for number, line in _lines(memoryview(data)):
        try:
            if layout is None:
                layout = Layout(line)
                continue
            pair = _read_record(layout, line)
            if seen.setdefault(pair.access_key_id, number) != number:
                earlier = seen[pair.access_key_id]
                raise KeySourceError(f"the same Access Key ID stands in line {earlier}: keep one")  # noqa: TRY301
        except (FieldError, KeySourceError, SecretKeyError) as error:
            raise KeyFileError(str(error), path, number) from error
        pairs.append(pair)
    if not pairs:
        found = "is empty" if layout is None else "has a header but no key pair"
        raise KeyFileError(f"{found}: download it again from the Request Center", path)
    try:
        KeyRing(pairs)
    except KeySourceError as error:
        raise KeyFileError(str(error), path) from error
    return pairs
