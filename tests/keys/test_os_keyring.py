"""The operating system's keyring, played by a backend that keeps passwords in memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordSetError

from gatepass.errors import KeySourceError
from gatepass.keys import format_key_file, open_keys, read_from_keyring, store_in_keyring
from tests.keys.samples import NEW, OLD, OTHER, everything_shown, facts, shares_run

TEXT = format_key_file([OLD, NEW])


class MemoryKeyring(KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("locked")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise PasswordSetError(f"cannot store {password}")
        self.entries[service, username] = password


@pytest.fixture
def backend() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def test_what_is_stored_is_read_back(backend: MemoryKeyring) -> None:
    stored = store_in_keyring("B08", TEXT)
    assert backend.entries == {("gatepass", "B08"): TEXT}
    assert [facts(pair) for pair in stored] == [facts(OLD), facts(NEW)]
    assert [facts(pair) for pair in open_keys("keyring:B08").ring] == [facts(OLD), facts(NEW)]


def test_a_session_without_an_entry_is_refused(backend: MemoryKeyring) -> None:
    with pytest.raises(KeySourceError) as caught:
        open_keys("keyring:B08")
    assert str(caught.value) == (
        "the keyring has no entry for session B08:"
        " store its key file with gatepass.keys.store_in_keyring"
    )


@pytest.mark.parametrize("session", ["", "B0", "B08004N"])
def test_a_wrong_session_is_refused(backend: MemoryKeyring, session: str) -> None:
    with pytest.raises(KeySourceError, match=r"^keyring:SESSION: Session ID.* must be 3 or 6"):
        open_keys(f"keyring:{session}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "keyring entry B08: it is empty"),
        (OLD.secret.reveal(), "keyring entry B08, line 1: the header has no column Session ID"),
        ("\udc80" + TEXT, "keyring entry B08, line 1: the character at position 1 is a tab, NUL"),
        (TEXT.replace("2027-", "2027/"), "keyring entry B08, line 3: Expiration Date is not a"),
        (format_key_file([OLD, OTHER]), "keyring entry B08 contains a pair of session XYZ"),
    ],
)
def test_an_entry_that_is_not_a_key_file_of_the_session_is_refused(
    backend: MemoryKeyring, text: str, message: str
) -> None:
    backend.entries["gatepass", "B08"] = text
    with pytest.raises(KeySourceError) as caught:
        read_from_keyring("B08")
    assert str(caught.value).startswith(message)
    assert not shares_run(str(caught.value) + repr(caught.value), OLD.secret.reveal(), 8)

    backend.entries.clear()
    with pytest.raises(KeySourceError) as caught:
        store_in_keyring("B08", text)
    assert str(caught.value).startswith(message)
    assert backend.entries == {}


def test_a_keyring_that_refuses_is_reported_without_its_message(backend: MemoryKeyring) -> None:
    backend.locked = True
    with pytest.raises(KeySourceError) as caught:
        read_from_keyring("B08")
    assert str(caught.value) == (
        "the keyring could not read the entry (KeyringLocked):"
        " unlock it, or check that it runs for this user"
    )
    with pytest.raises(KeySourceError) as caught:
        store_in_keyring("B08", TEXT)
    assert "could not write the entry (PasswordSetError)" in str(caught.value)
    assert caught.value.__suppress_context__
    assert not shares_run(str(caught.value) + repr(caught.value), OLD.secret.reveal(), 8)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(KeySourceError) as caught:
        open_keys("keyring:B08")
    assert str(caught.value) == (
        "the keyring package is not installed: pip install 'gatepass[keyring]'"
    )
    with pytest.raises(KeySourceError, match="is not installed") as caught:
        store_in_keyring("B08", TEXT)
    assert OLD.secret.reveal() not in str(caught.value)


def test_a_traceback_with_local_variables_shows_no_secret(backend: MemoryKeyring) -> None:
    backend.entries["gatepass", "B08"] = TEXT.replace("2027-", "2027/")
    with pytest.raises(KeySourceError) as caught:
        read_from_keyring("B08")
    shown = everything_shown(caught.value)
    assert "buffer = bytearray" in shown
    assert not shares_run(shown, OLD.secret.reveal(), 8)
