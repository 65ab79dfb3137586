"""A secret key in place of a path is never repeated, not even in part, however it is written."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass import LogonSigner, LogonVerifier
from gatepass.errors import KeySourceError
from gatepass.keys import open_keys
from gatepass.keys.likely_secret import may_be_secret, may_be_secret_part

SECRET = "2HlZ7exg8jTKltXnURjKvm3GS5iF5n4ClzHiEm_ocv4"

WRITTEN = [
    SECRET,
    SECRET[:-1],
    SECRET[:-3],
    SECRET[3:],
    SECRET[:24],
    SECRET + "=",
    f" {SECRET}",
    f"{SECRET}\n",
    f"{SECRET}\r\n",
    f"'{SECRET}'",
    f'"{SECRET}"',
    SECRET[:-1] + "5",
    f"oNDxM33uE81ohWuVRtWT:{SECRET}",
    f"B08 oNDxM33uE81ohWuVRtWT {SECRET}",
    f"secret={SECRET}",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_no_message_repeats_a_secret(text: str) -> None:
    for use in (open_keys, LogonSigner, LogonVerifier):
        with pytest.raises(KeySourceError, match="looks like a secret key") as caught:
            use(text)
        assert SECRET[4:12] not in str(caught.value)


@given(st.binary(min_size=30, max_size=32))
def test_a_key_is_recognised_in_either_alphabet(key: bytes) -> None:
    for encode in (base64.urlsafe_b64encode, base64.b64encode):
        text = encode(key).decode()
        kinds = (str.isupper, str.islower, str.isdigit)
        if not text.startswith("/") and all(any(map(kind, text)) for kind in kinds):
            assert may_be_secret(text)
            assert may_be_secret(text.rstrip("="))


@pytest.mark.parametrize(
    "path",
    [
        "CMEKeys.txt",
        "./2HlZ7exg8jTKltXnURjKvm3GS5iF5n4ClzHiEm_ocv4",
        "/etc/gatepass/production-keys-2026",
        "/home/trader/Firm2026/keys/production/globex",
        "~/keys/CMEKeys",
        "keys-of-the-desk-in-chicago-2026",
        "C:\\Users\\trader\\CMEKeys.txt",
        "env:",
        "fd:3",
        "center:",
    ],
)
def test_a_file_name_is_not_a_secret(path: str) -> None:
    assert not may_be_secret(path)


def test_an_existing_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / SECRET
    path.write_text("no key file\n")
    path.chmod(0o600)
    with pytest.raises(KeySourceError) as caught:
        open_keys(str(path))
    assert "looks like a secret key" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "may_be"),
    [("AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", False), ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXG", True)],
)
def test_a_text_as_long_as_an_access_key_id_is_not_taken_for_a_secret(
    text: str, may_be: bool
) -> None:
    assert may_be_secret(text)
    assert may_be_secret_part(text) is may_be
