"""What is sealed opens for its own subject, with its own key, unchanged, and for nothing else."""

from __future__ import annotations

import base64
import copy
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from gatepass.center.context import Center
from gatepass.center.secrets.envelope import LocalKeys, create_file, from_environment, from_file
from gatepass.center.secrets.vault import Vault, envelope_of
from gatepass.center.store.database import Database
from gatepass.center.store.schema import root
from gatepass.errors import VaultError
from tests.center.world import ENVELOPE_KEY, World
from tests.leaks import everything_shown, leaks

OLD, NEW = LocalKeys([ENVELOPE_KEY]), LocalKeys([bytes(32)])
BOTH = LocalKeys([bytes(32), ENVELOPE_KEY])
KEY_TEXT = base64.urlsafe_b64encode(ENVELOPE_KEY).rstrip(b"=").decode()
SECRET = "2HlZ7exg8jTKltXnURjKvm3GS5iF5n4ClzHiEm_ocv4"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(texts, texts)
def test_it_opens_for_its_subject(text: str, subject: str) -> None:
    vault = Vault(OLD)
    seal = vault.seal(text, subject)
    assert seal.envelope == vault.envelope == envelope_of(seal.blob)
    assert vault.open(seal.blob, subject) == text


@given(texts, texts)
def test_not_for_another(one: str, other: str) -> None:
    vault = Vault(OLD)
    blob = vault.seal(SECRET, one).blob
    if one == other:
        assert vault.open(blob, other) == SECRET
        return
    for refused in (vault.open, vault.rewrap):
        with pytest.raises(VaultError):
            refused(blob, other)


def test_any_bit_that_is_changed() -> None:
    vault = Vault(OLD)
    blob = vault.seal(SECRET, "pair:x").blob
    for place in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(VaultError) as refusal:
            vault.open(bytes(changed), "pair:x")
        assert not leaks(str(refusal.value), SECRET)


@given(st.binary(max_size=200))
def test_any_bytes(blob: bytes) -> None:
    with pytest.raises(VaultError):
        Vault(OLD).open(blob, "pair:x")


def test_any_length_it_is_cut_to() -> None:
    vault = Vault(OLD)
    blob = vault.seal(SECRET, "pair:x").blob
    for length in range(len(blob)):
        with pytest.raises(VaultError):
            vault.open(blob[:length], "pair:x")


def test_two_seals_of_one_secret_have_nothing_in_common() -> None:
    vault = Vault(OLD)
    one, other = (vault.seal(SECRET, "pair:x").blob for _ in range(2))
    assert one[18:] != other[18:]
    assert not leaks(one, SECRET)


def test_another_envelope_key_names_both() -> None:
    blob = Vault(OLD).seal(SECRET, "pair:x").blob
    with pytest.raises(VaultError) as refusal:
        Vault(NEW).open(blob, "pair:x")
    assert OLD.current in str(refusal.value)
    assert NEW.current in str(refusal.value)
    assert not leaks(everything_shown(refusal.value), KEY_TEXT)


def test_rewrap() -> None:
    blob = Vault(OLD).seal(SECRET, "pair:x").blob
    seal = Vault(BOTH).rewrap(blob, "pair:x")
    assert seal.envelope == NEW.current
    assert Vault(NEW).open(seal.blob, "pair:x") == SECRET
    # The old key is of no use for it any more.
    with pytest.raises(VaultError):
        Vault(OLD).open(seal.blob, "pair:x")


def test_keys_of_the_store(center: Center, database: Database) -> None:
    vault = Vault(OLD)
    with pytest.raises(VaultError, match="prepare"):
        vault.mac_key("audit")
    vault.prepare(database)
    assert vault.mac_key("audit") == center.vault.mac_key("audit")
    assert len({vault.mac_key(purpose) for purpose in ("audit", "code", "")}) == 3
    with pytest.raises(VaultError, match="envelope key"):
        Vault(NEW).prepare(database)


def test_a_store_that_lost_its_root_secret(world: World) -> None:
    database = world.center.database
    database.write(lambda connection: connection.execute(delete(root)))
    with pytest.raises(VaultError, match="backup"):
        Vault(OLD).prepare(database)


def test_nothing_shows_a_key(center: Center) -> None:
    for value in (center.vault, OLD, BOTH):
        assert not leaks(repr(value) + str(value), KEY_TEXT)
        for refused in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                refused(value)
    assert not leaks(repr(center), KEY_TEXT)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "envelope.key"
    made = create_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert from_file(path).current == made.current
    before = path.read_bytes()
    with pytest.raises(VaultError, match="exists"):
        create_file(path)
    assert path.read_bytes() == before
    path.write_text(f"{KEY_TEXT}\n{before.decode()}")
    assert from_file(path).current == OLD.current
    assert from_file(path).unwrap(made.wrap(b"x" * 32, b""), b"", made.current) == b"x" * 32


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_may_read(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "envelope.key"
    create_file(path)
    path.chmod(mode)
    with pytest.raises(VaultError, match="chmod 600"):
        from_file(path)


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(VaultError, match="path"):
            from_file(path)


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", KEY_TEXT)
    assert from_environment("THE_KEY").current == OLD.current
    for text in ("", " "):
        monkeypatch.setenv("THE_KEY", text)
        with pytest.raises(VaultError, match="base64url"):
            from_environment("THE_KEY")


@pytest.mark.parametrize(
    "change",
    [lambda t: t[:-1], lambda t: t + "A", lambda t: t[:-1] + "é", lambda t: f"{t} {t[2:]}"],
)
def test_a_key_with_a_slip_is_not_shown(tmp_path: Path, change: object) -> None:
    path = tmp_path / "envelope.key"
    path.touch(0o600)
    path.write_text(change(KEY_TEXT))  # type: ignore[operator]
    with pytest.raises(VaultError, match="43 characters") as refusal:
        from_file(path)
    assert not leaks(str(refusal.value) + repr(refusal.value.args), KEY_TEXT)
