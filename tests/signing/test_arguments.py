"""What a newcomer hands in by mistake: an error that says what to give, at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatepass import KeyFile, KeyRing, LogonSigner, LogonVerifier, explain
from gatepass.errors import FieldError, FramingError, KeyFileError, KeySourceError
from gatepass.keys import FixedKeys
from tests.signing.samples import AT, FIELDS, KEY_ID, KEYS, RAW, SECRET, SIGNED, VECTORS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "CMEKeys.txt"
    path.write_bytes((VECTORS / "sample-keys.txt").read_bytes())
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_taken_where_keys_are_wanted(path: Path, kind: Callable[[Path], Any]) -> None:
    keys = kind(path)
    signed = LogonSigner(keys).sign(RAW, at=AT)
    assert LogonVerifier(keys).verify(signed, at=AT)
    assert explain(signed, keys, at=AT)


@pytest.mark.parametrize("keys", [None, 7, [], b"CMEKeys.txt", object()])
@pytest.mark.parametrize("use", [LogonSigner, LogonVerifier, lambda keys: explain(SIGNED, keys)])
def test_what_is_no_key_source_is_refused_at_once(use: Callable[[Any], Any], keys: Any) -> None:
    with pytest.raises(KeySourceError, match="path of a key file, not as"):
        use(keys)


@pytest.mark.parametrize("use", [LogonSigner, LogonVerifier, lambda keys: explain(SIGNED, keys)])
def test_a_file_that_is_not_there_is_named_at_once(use: Callable[[Any], Any]) -> None:
    with pytest.raises(KeyFileError, match=r"nowhere\.txt"):
        use("nowhere.txt")


@pytest.mark.parametrize("logon", ["8=FIX", SIGNED.decode("latin-1"), None, 8, [SIGNED]])
def test_a_logon_that_is_no_bytes_is_refused_at_once(logon: Any) -> None:
    for use in (
        LogonSigner(KEYS).sign,
        LogonVerifier(KEYS).verify,
        lambda logon: explain(logon, KEYS),
    ):
        with pytest.raises(FramingError, match="a Logon is bytes, not"):
            use(logon)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_will_do(kind: Callable[[bytes], Any]) -> None:
    assert LogonSigner(KEYS).sign(kind(RAW), at=AT) == SIGNED
    assert LogonVerifier(KEYS).verify(kind(SIGNED), at=AT)
    assert explain(kind(SIGNED), KEYS, at=AT)


@pytest.mark.parametrize("value", [1, 1.5, b"1", True, ["1"], AT])
@pytest.mark.parametrize("tag", [34, 52, 108])
def test_a_value_that_is_no_text_is_refused_by_its_tag(tag: int, value: Any) -> None:
    values = {int(known): text for known, text in FIELDS.items()} | {tag: value}
    with pytest.raises(FieldError, match=rf"\({tag}\) is of type") as caught:
        LogonSigner(KEYS).sign_fields(values, at=AT)
    assert caught.value.tag == tag


def test_what_is_shown_of_an_object_says_where_its_keys_are_from(path: Path) -> None:
    shown = {
        repr(KeyFile(path)),
        repr(LogonSigner(path)),
        repr(LogonVerifier(path)),
        repr(LogonSigner(KeyFile(path))),
    }
    for text in shown:
        assert "CMEKeys.txt" in text
        assert "1 pair" in text
        assert SECRET[:6] not in text
    assert repr(LogonSigner.using(_Remote())) == f"<LogonSigner with the signer of {KEY_ID}>"
    assert "B08" in repr(LogonVerifier(KeyRing(KEYS)))
    assert SECRET[:6] not in repr(FixedKeys(KEYS))


class _Remote:
    access_key_id = KEY_ID

    def sign(self, canonical: bytes) -> bytes:
        raise NotImplementedError
