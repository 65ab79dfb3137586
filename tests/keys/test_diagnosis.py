"""Only a reader that asks for diagnosis keys gets them: a production pair has none."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import keyring
import pytest

from gatepass.keys import (
    IssuedPair,
    KeyFile,
    KeyPair,
    as_source,
    format_key_file,
    open_keys,
    parse_key_file,
    read_from_keyring,
    read_key_file,
    sources,
    write_key_file,
)
from tests.keys.samples import NEW, OLD, PROBE
from tests.keys.test_os_keyring import MemoryKeyring

TEXT = format_key_file([OLD, NEW])

Read = Callable[..., Iterable[KeyPair]]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key file; the same pairs in the keyring, and the first in the environment."""
    path = tmp_path / "keys.txt"
    write_key_file(path, [OLD, NEW])
    memory = MemoryKeyring()
    memory.set_password("gatepass", "B08", TEXT)
    monkeypatch.setattr(keyring, "get_password", memory.get_password)
    monkeypatch.setenv("GATEPASS_SESSION_ID", OLD.session)
    monkeypatch.setenv("GATEPASS_ACCESS_KEY_ID", OLD.access_key_id)
    monkeypatch.setenv("GATEPASS_SECRET_KEY", OLD.secret.reveal())
    return path


def from_descriptor(path: Path, **options: bool) -> list[KeyPair]:
    fd = os.open(path, os.O_RDONLY)
    try:
        return list(open_keys(f"fd:{fd}", **options).ring)
    finally:
        os.close(fd)


def from_stdin(path: Path, **options: bool) -> list[KeyPair]:
    with path.open("rb") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "STDIN", file.fileno())
        return list(open_keys("-", **options).ring)


def followed(path: Path, **options: bool) -> list[KeyPair]:
    """The pairs of a file that was changed after it was opened."""
    write_key_file(path, [NEW])
    keys = KeyFile(path, **options)
    write_key_file(path, [OLD, NEW])
    return list(keys.ring)


READERS: dict[str, Read] = {
    "read_key_file": read_key_file,
    "parse_key_file": lambda path, **options: parse_key_file(path.read_bytes(), **options),
    "KeyFile": lambda path, **options: KeyFile(path, **options).ring,
    "a file that changed": followed,
    "open_keys": lambda path, **options: open_keys(path, **options).ring,
    "as_source": lambda path, **options: as_source(path, **options).ring,
    "a descriptor": from_descriptor,
    "standard input": from_stdin,
    "the environment": lambda _, **options: open_keys("env:", **options).ring,
    "the keyring": lambda _, **options: open_keys("keyring:B08", **options).ring,
    "read_from_keyring": lambda _, **options: read_from_keyring("B08", **options),
    "key_pair": lambda _, **options: [OLD.key_pair(**options)],
}


def recognises_its_text(pair: KeyPair, issued: IssuedPair) -> bool:
    undecoded = hmac.digest(issued.secret.reveal().encode(), PROBE, hashlib.sha256)
    return pair.diagnosis_key is not None and pair.diagnosis_key.made(PROBE, undecoded)


@pytest.mark.parametrize("name", READERS)
def test_a_pair_has_a_diagnosis_key_only_if_its_reader_asks(name: str, path: Path) -> None:
    ordinary = list(READERS[name](path))
    assert ordinary
    assert [pair.diagnosis_key for pair in ordinary] == [None] * len(ordinary)
    asked = list(READERS[name](path, diagnosis=True))
    assert asked == ordinary  # equal in all but their keys
    issued = {pair.access_key_id: pair for pair in (OLD, NEW)}
    assert all(recognises_its_text(pair, issued[pair.access_key_id]) for pair in asked)
