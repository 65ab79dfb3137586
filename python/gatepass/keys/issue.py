"""Make new key pairs and write them to a key file in CME's layout."""

from __future__ import annotations

import os
import secrets
import string
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from gatepass.arguments import refuse
from gatepass.errors import KeyFileError, KeySourceError
from gatepass.files import sync
from gatepass.keys.identifiers import AccessKeyId, SessionId
from gatepass.keys.keyfile import read_pairs
from gatepass.keys.layout import (
    ACCESS_KEY_ID,
    COLUMNS,
    CREATED,
    ENVIRONMENT,
    EXPIRES,
    SECRET,
    SESSION,
)
from gatepass.keys.pair import IssuedPair
from gatepass.keys.reading import read_key_file
from gatepass.keys.ring import KeyRing
from gatepass.keys.secret import SecretKey, wipe

#: Characters of a generated Access Key ID; CME's samples have 20 letters and digits.
ACCESS_KEY_ID_LENGTH = 20
_ALPHABET = string.ascii_letters + string.digits


def generate_pair(
    session: str, created: date, expires: date, environment: str | None = None
) -> IssuedPair:
    """Make a new pair for a session, from the operating system's random source.

    Raises `gatepass.errors.FieldError` for an impossible Session ID and `KeySourceError` for
    dates the wrong way round or an environment that is not plain text.
    """
    name = "".join(secrets.choice(_ALPHABET) for _ in range(ACCESS_KEY_ID_LENGTH))
    return IssuedPair(
        session=SessionId(session),
        access_key_id=AccessKeyId(name),
        secret=SecretKey.generate(),
        created=created,
        expires=expires,
        environment=environment,
    )


def format_key_file(pairs: Iterable[IssuedPair]) -> str:
    """Return the text of a key file with these pairs, in this order. It contains the secrets.

    A column is as wide as CME's, or wider where a value would fill it; Environment is left out
    when no pair has one. Raises `KeySourceError` for what no reader would accept: no pair, three
    pairs for one session, an Access Key ID that occurs twice.
    """
    issued = list(pairs)
    for pair in issued:
        if not isinstance(pair, IssuedPair):
            raise refuse("pairs", pair, "an IssuedPair for each, such as generate_pair() makes")
    if not issued:
        raise KeySourceError("a key file needs at least one key pair: generate one first")
    KeyRing(pair.key_pair() for pair in issued)
    records = [
        {
            SESSION: pair.session,
            ACCESS_KEY_ID: pair.access_key_id,
            SECRET: pair.secret.reveal(),
            CREATED: pair.created.isoformat(),
            EXPIRES: pair.expires.isoformat(),
            ENVIRONMENT: pair.environment or "",
        }
        for pair in issued
    ]
    columns = [
        column
        for column in COLUMNS
        if not column.optional or any(record[column] for record in records)
    ]
    rows = [{column: column.name for column in columns}, *records]
    # At least one blank between two values: without it a reader cannot tell them apart.
    widths = {
        column: max(column.width, *(len(row[column]) + 1 for row in rows)) for column in columns
    }
    return "".join(
        "".join(row[column].ljust(widths[column]) for column in columns) + "\n" for row in rows
    )


def write_key_file(path: str | os.PathLike[str], pairs: Iterable[IssuedPair]) -> None:
    """Write a key file that only its owner can read (mode 0600), whole or not at all.

    An existing file is replaced in one step, so a reader sees the old or the new one.
    Raises `KeySourceError` as `format_key_file` does and `KeyFileError` when it cannot be
    written.
    """
    target = Path(path)
    try:
        # The text gets no name here, and the error below no chain: a traceback that shows local
        # variables would show the secrets.
        _replace(target, format_key_file(pairs).encode("ascii"))
    except OSError as error:
        raise KeyFileError(f"it cannot be written: {error.strerror}", target) from None


def add_to_key_file(path: str | os.PathLike[str], pair: IssuedPair) -> None:
    """Add a pair to a key file, in one step as `write_key_file` does.

    Raises `KeyFileError` when the file cannot be used, has columns of another width, has two pairs
    of the session already, or cannot be written.
    """
    target = Path(path)
    # Read it first as any reader does: that checks its permissions and its content.
    read_key_file(target)
    header = format_key_file([pair]).split("\n")[0]
    with target.open("rb") as file:
        content = bytearray(file.read())
    try:
        if content.split(b"\n", 1)[0].rstrip(b"\r ") != header.encode("ascii").rstrip():
            raise KeyFileError("its columns are not those of a new pair", target)
        if not content.endswith(b"\n"):
            content += b"\n"
        content += format_key_file([pair]).split("\n", 1)[1].encode("ascii")
        read_pairs(content, target)
        _replace(target, content)
    except OSError as error:
        raise KeyFileError(f"it cannot be written: {error.strerror}", target) from None
    finally:
        wipe(content)


def _replace(target: Path, content: bytes | bytearray) -> None:
    # mkstemp makes the file with mode 0600, and rename is atomic only inside one folder.
    fd, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            # The rename must have a later time than the last write, also with coarse clocks: that
            # tells a `KeyFile` at once that the file is complete.
            written = os.fstat(file.fileno()).st_mtime_ns
            os.utime(fd if os.utime in os.supports_fd else name, ns=(written, written - 1_000_000))
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(target.parent)
