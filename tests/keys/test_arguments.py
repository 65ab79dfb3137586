"""Wrong arguments are refused at once, by name, and never shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gatepass.errors import GatepassError
from gatepass.keys import (
    ExpiryReminder,
    KeyRing,
    SecretKey,
    format_key_file,
    open_keys,
    parse_key_file,
    store_in_keyring,
)
from gatepass.keys.sources import as_source
from tests.keys.samples import OLD, SAMPLE_FILE, SAMPLE_SECRET, shares_run

TEXT = SAMPLE_FILE.read_text()

#: A wrong call, and what its error says.
MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "a key file's text": (lambda: parse_key_file(TEXT), "data is of type str: give the bytes of"),
    "a path as text": (lambda: parse_key_file(b"", "k"), "path is of type str: give a pathlib"),
    "a number as a switch": (
        lambda: parse_key_file(b"", may_be_empty=1),
        "may_be_empty is of type int: give True or False",
    ),
    "a pair that was read": (
        lambda: format_key_file([OLD.key_pair()]),
        "pairs is of type KeyPair: give an IssuedPair for each",
    ),
    "a ring of texts": (lambda: KeyRing([SAMPLE_SECRET]), "pairs is of type str: give a KeyPair"),
    "warnings of texts": (
        lambda: ExpiryReminder().unseen(["x"]),
        "warnings is of type str: give an ExpiryWarning for each",
    ),
    "a secret in bytes": (
        lambda: SecretKey(SAMPLE_SECRET.encode()),
        "a secret key is text, not bytes",
    ),
    "a key file in bytes for the keyring": (
        lambda: store_in_keyring("B08", TEXT.encode()),
        "key_file is of type bytes: give the text of a key file",
    ),
    "no place": (lambda: open_keys(""), "the source of the key pairs is empty"),
    "a secret as a place": (lambda: open_keys(SAMPLE_SECRET), "this looks like a secret key"),
    "an impossible place": (lambda: as_source("a\0b"), "has a character that no path can have"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_error_for_a_wrong_argument_says_what_to_give(name: str) -> None:
    call, says = MISTAKES[name]
    with pytest.raises(GatepassError, match=says) as caught:
        call()
    assert not shares_run(str(caught.value), SAMPLE_SECRET, 8)
