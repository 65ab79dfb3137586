"""The pairs of a key file, read by the core.

There, secrets go from the given buffer into their signing keys and never become Python objects:
even a traceback that shows local variables shows no secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gatepass._native import KeyTable
from gatepass.arguments import refuse_type
from gatepass.keys.identifiers import AccessKeyId, SessionId
from gatepass.keys.pair import KeyPair


class FilePairs:
    """The pairs of a key file, in its order; a `KeyPair` is made when it is needed.

    A logon needs one or two of them. Making all 20,000 of a large file takes several times as
    long as reading it.
    """

    __slots__ = ("_found", "_made", "_table")

    def __init__(self, table: KeyTable) -> None:
        self._table = table
        # Two threads may both make a pair: they are equal, and one of them stays.
        self._made: list[KeyPair | None] = [None] * len(table)
        #: The pairs of sessions that were looked up: a Logon does so more than once.
        self._found: dict[str, tuple[KeyPair, ...]] = {}

    def __len__(self) -> int:
        return len(self._made)

    def __iter__(self) -> Iterator[KeyPair]:
        return map(self._pair, range(len(self._made)))

    @property
    def sessions(self) -> tuple[SessionId, ...]:
        """The sessions that have pairs, in the order of their first pair."""
        return tuple(map(SessionId, self._table.sessions))

    def find(self, access_key_id: str) -> KeyPair | None:
        """Return the pair with this Access Key ID."""
        index = self._table.find(access_key_id)
        return None if index is None else self._pair(index)

    def of_session(self, session: str) -> tuple[KeyPair, ...]:
        """Return the pairs of a session, in the file's order."""
        found = self._found.get(session)
        if found is None:
            found = tuple(map(self._pair, self._table.of_session(session)))
            if found:  # else a client that makes up names would fill the memory
                self._found[session] = found
        return found

    @property
    def unusual(self) -> tuple[KeyPair, ...]:
        """The pairs whose secret key has a length that CME's keys do not have."""
        return tuple(map(self._pair, self._table.unusual))

    def keeps_all_of(self, older: FilePairs) -> bool:
        """Tell whether every pair of an older file is here, unaltered, its key included."""
        return self._table.keeps_all_of(older._table)

    def gone_since(self, older: FilePairs) -> list[str]:
        """Return the Access Key IDs of an older file that are not here."""
        return self._table.gone_since(older._table)

    def _pair(self, index: int) -> KeyPair:
        made = self._made[index]
        if made is None:
            session, name, key, created, expires, environment, text = self._table.pair(index)
            # The core has checked both names.
            names = str.__new__(SessionId, session), str.__new__(AccessKeyId, name)
            made = KeyPair(*names, key, created, expires, environment, text)
            self._made[index] = made
        return made


def read_pairs(
    data: bytes | bytearray | memoryview,
    path: Path | None = None,
    *,
    may_be_empty: bool = False,
    diagnosis: bool = False,
) -> FilePairs:
    """Read the pairs of a key file; raises as `parse_key_file` does."""
    data = memoryview(data)  # a traceback that shows local variables would show a bytearray
    return FilePairs(KeyTable(data, path, may_be_empty=may_be_empty, diagnosis=diagnosis))


def parse_key_file(
    data: bytes | bytearray | memoryview,
    path: Path | None = None,
    *,
    may_be_empty: bool = False,
    diagnosis: bool = False,
) -> list[KeyPair]:
    """Read the pairs of a key file in CME's layout, in the file's order.

    The columns are found from the header line; Environment may be absent; blank lines, CRLF and
    a byte order mark are accepted. ``path`` is for messages only. The caller wipes ``data``.
    With ``may_be_empty``, a file may contain a header and no pairs. With ``diagnosis``, the pairs
    have their diagnosis keys, see `KeyPair`.

    Raises `KeyFileError`, with the line, for anything else: no header, no pair, a value that is
    missing, cut or wrong, three pairs for one session, an Access Key ID that occurs twice.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        # Text would have to be encoded, and Python cannot wipe it.
        kind, data = type(data), b""
        raise refuse_type("data", kind, "the bytes of a key file, or its path to read_key_file()")
    if not (path is None or isinstance(path, Path)):
        raise refuse_type("path", type(path), "a pathlib.Path or None")
    for name, value in (("may_be_empty", may_be_empty), ("diagnosis", diagnosis)):
        if not isinstance(value, bool):
            raise refuse_type(name, type(value), "True or False")
    data = memoryview(data)  # as above
    return list(read_pairs(data, path, may_be_empty=may_be_empty, diagnosis=diagnosis))
