from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given

from gatepass.errors import KeyFileError, KeySourceError, SecretKeyError
from gatepass.keys import SecretKey, open_keys, read_key_file
from gatepass.keys.secret import wipe
from tests.keys.samples import (
    PROBE,
    SAMPLE_FILE,
    SAMPLE_SECRET,
    everything_shown,
    private_file,
    secret_texts,
    shares_run,
)

#: Wrong secrets, and what the error must name.
WRONG = {
    "space inside": (SAMPLE_SECRET[:20] + " " + SAMPLE_SECRET[21:], "white space"),
    "newline after": (SAMPLE_SECRET + "\n", "white space"),
    "plus": ("+" + SAMPLE_SECRET[1:], "'+' or '/'"),
    "slash": ("/" + SAMPLE_SECRET[1:], "'+' or '/'"),
    "padding too long": (SAMPLE_SECRET + "==", "padded"),
    "padding inside": (SAMPLE_SECRET[:20] + "=" + SAMPLE_SECRET[20:], "padded"),
    "spare bits": (SAMPLE_SECRET[:-1] + "5", "middle of a byte"),
    "cut": (SAMPLE_SECRET[:-2], "middle of a byte"),
    "too short": (SAMPLE_SECRET[:20], "too short: at least 16 bytes"),
    "too long": ("A" * 172, "too long: at most 128 bytes"),
    "not ASCII": ("ä" + SAMPLE_SECRET[1:], "not base64url"),
}
#: Those that a line of a key file can contain.
IN_A_FILE = [name for name in WRONG if name not in {"space inside", "newline after", "not ASCII"}]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_secret_is_refused_by_the_check_that_failed(name: str) -> None:
    text, complaint = WRONG[name]
    with pytest.raises(SecretKeyError) as caught:
        SecretKey(text)
    assert complaint in str(caught.value)
    assert not shares_run(repr(caught.value), text, 10)


@pytest.mark.parametrize("name", IN_A_FILE)
def test_a_wrong_secret_in_a_key_file_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    text, complaint = WRONG[name]
    header, record = SAMPLE_FILE.read_text().splitlines()
    start = header.index("Secret Key")
    room = len(text) + 1 - 51
    header = header.replace("Secret Key", "Secret Key" + " " * max(room, 0))
    line = record[:start] + text.ljust(51 + max(room, 0)) + record[start + 51 :]
    path = private_file(tmp_path / "keys.txt", f"{header}\n{line}\n")
    with pytest.raises(KeyFileError) as caught:
        read_key_file(path)
    assert complaint in str(caught.value)
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert not shares_run(everything_shown(caught.value), text, 10)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_secret_in_the_environment_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, complaint = WRONG[name]
    monkeypatch.setenv("GATEPASS_SESSION_ID", "B08")
    monkeypatch.setenv("GATEPASS_ACCESS_KEY_ID", "oNDxM33uE81ohWuVRtWT")
    monkeypatch.setenv("GATEPASS_SECRET_KEY", text)
    with pytest.raises(KeySourceError) as caught:
        open_keys("env:")
    assert complaint in str(caught.value)
    assert not shares_run(everything_shown(caught.value), text, 10)


def test_the_right_padding_is_accepted_and_means_the_same() -> None:
    padded = SecretKey(SAMPLE_SECRET + "=").signing_key()
    assert padded.sign(PROBE) == SecretKey(SAMPLE_SECRET).signing_key().sign(PROBE)


@given(secret_texts)
def test_a_secret_signs_with_its_decoded_bytes(text: str) -> None:
    key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    secret = SecretKey(text)
    assert secret.signing_key().sign(PROBE) == hmac.digest(key, PROBE, hashlib.sha256)
    assert secret.reveal() == text


@given(secret_texts)
def test_a_secret_is_shown_nowhere(text: str) -> None:
    secret = SecretKey(text)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>80}", "%s" % secret]  # noqa: UP031
    shown += [repr([secret]), repr({"secret": secret})]
    assert not any(text in one for one in shown)
    assert repr(secret) == "<SecretKey [redacted]>"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled or copied") as caught:
        pickle.dumps(SecretKey(SAMPLE_SECRET), protocol)
    assert SAMPLE_SECRET not in everything_shown(caught.value)


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
def test_a_secret_cannot_be_copied(make: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        make(SecretKey(SAMPLE_SECRET))


def test_generated_secrets_have_32_bytes_and_differ() -> None:
    texts = {SecretKey.generate().reveal() for _ in range(100)}
    assert len(texts) == 100
    assert {len(base64.urlsafe_b64decode(text + "=")) for text in texts} == {32}


def test_wiping_overwrites_in_place() -> None:
    buffer = bytearray(b"secret")
    with memoryview(buffer) as same:
        wipe(buffer)
        assert bytes(same) == bytes(6)
